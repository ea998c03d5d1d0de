import { RecentEvents } from '../structures/recent-events.js'

/** Milliseconds until a real ticket expires; no ticket is held for less. */
export const replayWindowMs = 300_000

/** Tickets of one kind that passed, as long as they could pass again. While the circuit is open any string could otherwise do so. */
export class ReplayMemory {
  #windowMs = replayWindowMs
  readonly #passed = new RecentEvents(replayWindowMs)

  /** How long a ticket is held, in milliseconds. */
  get windowMs(): number {
    return this.#windowMs
  }

  /** Holds tickets at least this long from now on. */
  widen(windowMs: number): void {
    this.#windowMs = Math.max(this.#windowMs, windowMs)
    this.#passed.setWindow(this.#windowMs)
  }

  /** True when the ticket passed within the window. */
  has(ticketKey: string, nowMs: number): boolean {
    return this.#passed.has(ticketKey, nowMs)
  }

  /** Marks a ticket as passed. Returns false when it had passed already. */
  markPassed(ticketKey: string, nowMs: number): boolean {
    if (this.#passed.has(ticketKey, nowMs)) return false
    this.#passed.add(ticketKey, nowMs)
    return true
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
