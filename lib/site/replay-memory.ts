import { RecentHashes } from '../structures/recent-hashes.js'

/** Milliseconds until a real ticket expires and a fallback ticket is stale. */
export const replayWindowMs = 300_000

const maxTickets = 500_000

/** Tickets that passed, for five minutes. While the circuit is open any string could otherwise pass again and again. */
export class ReplayMemory {
  readonly #passed = new RecentHashes(replayWindowMs, maxTickets)

  /** True when the ticket passed within the last five minutes. */
  has(ticketKey: string, nowMs: number): boolean {
    return this.#passed.has(ticketKey, nowMs)
  }

  /** Marks a ticket as passed. Returns false when it had passed already. */
  markPassed(ticketKey: string, nowMs: number): boolean {
    return this.#passed.add(ticketKey, nowMs)
  }

  /** Undoes a mark whose request did not pass after all. */
  unmark(ticketKey: string): void {
    this.#passed.delete(ticketKey)
  }

  /** Tickets held. */
  get size(): number {
    return this.#passed.size
  }
}
