import { AgingMap } from '../structures/aging-map.js'

/** More clients than may be over their limits at once: the totals bound the passes that put them there. */
const maxClients = 100_000

/**
 * Clients of whom the store has said that they are over a limit, until its window moves on: a client that goes on asking must
 * not cost the store an operation an attempt.
 */
export class OverLimitMemory {
  readonly #clients = new AgingMap<Map<string, number>>(maxClients)

  /** Notes that the client has no room in these purses until then. */
  note(clientKey: string, purses: string, untilMs: number, nowMs: number): void {
    const ends = this.#clients.get(clientKey) ?? new Map<string, number>()
    ends.set(purses, untilMs)
    this.#clients.set(clientKey, ends, (others) => [...others.values()].every((endMs) => endMs <= nowMs))
  }

  /** True while the client is known to have no room in these purses. */
  has(clientKey: string, purses: string, nowMs: number): boolean {
    const untilMs = this.#clients.get(clientKey)?.get(purses)
    return untilMs !== undefined && nowMs < untilMs
  }

  /** Forgets a client: a pass was given back, or a verified one may have raised its limit. */
  forget(clientKey: string): void {
    this.#clients.delete(clientKey)
  }
}
