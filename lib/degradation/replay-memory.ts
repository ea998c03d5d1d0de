import { AgingMap } from './aging-map.js'

/** A real ticket lives this long, and a fallback ticket is stale after it. */
export const replayWindowMs = 300_000

const maxTickets = 500_000

/** Tickets that passed, for five minutes. While the circuit is open any string could otherwise pass again and again. */
export class ReplayMemory {
  /** Ordered by time of passing, oldest first. */
  readonly #passedMs = new AgingMap<number>(maxTickets)

  has(ticketKey: string, nowMs: number): boolean {
    const passedMs = this.#passedMs.get(ticketKey)
    return passedMs !== undefined && nowMs - passedMs < replayWindowMs
  }

  /** False when the ticket had passed already. */
  markPassed(ticketKey: string, nowMs: number): boolean {
    if (this.has(ticketKey, nowMs)) return false
    this.#passedMs.set(ticketKey, nowMs, (passedMs) => nowMs - passedMs >= replayWindowMs)
    return true
  }

  /** Undoes a mark whose request did not pass after all. */
  unmark(ticketKey: string): void {
    this.#passedMs.delete(ticketKey)
  }

  get size(): number {
    return this.#passedMs.size
  }
}
