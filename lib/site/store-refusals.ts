import { AgingMap } from '../structures/aging-map.js'

/** More clients than may be refused at once: the totals bound the passes that put them over a limit. */
const maxClients = 100_000

/**
 * What the store has refused and would refuse again, by client and for as long as that is known: a client that goes on asking
 * must not cost the store an operation an attempt.
 */
export class StoreRefusals {
  readonly #clients = new AgingMap<Map<string, number>>(maxClients)

  /** Notes that the client is refused this until then. */
  note(clientKey: string, what: string, untilMs: number, nowMs: number): void {
    const ends = this.#clients.get(clientKey) ?? new Map<string, number>()
    ends.set(what, untilMs)
    this.#clients.set(clientKey, ends, (others) => [...others.values()].every((endMs) => endMs <= nowMs))
  }

  /** True while the store would refuse this to the client. */
  has(clientKey: string, what: string, nowMs: number): boolean {
    return nowMs < (this.#clients.get(clientKey)?.get(what) ?? Number.NEGATIVE_INFINITY)
  }

  /** Forgets a client: a pass was given back, or a verified one may have raised its limit. */
  forget(clientKey: string): void {
    this.#clients.delete(clientKey)
  }

  /** Clients held. */
  get size(): number {
    return this.#clients.size
  }
}
