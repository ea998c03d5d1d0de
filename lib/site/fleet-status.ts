import type { Clock } from '../clock.js'
import { maxStatusBytes, maxStatuses } from '../store/status-bounds.js'
import type { StoreLink } from '../store/store-link.js'

const publishEveryMs = 2_000

/** What the statuses of a fleet are made of. */
export interface FleetStatusOptions {
  readonly clock: Clock
  /** The shared store, where there is one. */
  readonly store: () => StoreLink | undefined
}

interface Writer {
  readonly write: () => string
}

/**
 * Gives one small text of this process, its status, to the other processes of the site, and reads theirs. It rides on the
 * heartbeats: it has no timer, and costs nothing while the store is down or no writer is there.
 */
export class FleetStatus {
  readonly #options: FleetStatusOptions
  readonly #writers = new Set<Writer>()
  #publishedMs = Number.NEGATIVE_INFINITY
  #reading: Promise<unknown> | undefined

  constructor(options: FleetStatusOptions) {
    this.#options = options
  }

  /**
   * Publishes what `write` returns, at most every 2 s, until the returned function is called; of several writers the first one
   * that is left. What it throws, and a text of more than 8192 bytes, publishes nothing.
   */
  publish(write: () => string): () => void {
    const writer: Writer = { write }
    this.#writers.add(writer)
    return () => {
      this.#writers.delete(writer)
    }
  }

  /** A heartbeat was answered: publishes what is due. */
  heartbeatAnswered(): void {
    const [writer] = this.#writers
    const nowMs = this.#options.clock.nowMs()
    if (writer === undefined || nowMs - this.#publishedMs < publishEveryMs) return
    this.#publishedMs = nowMs
    void this.#options.store()?.askAside(async (session) => {
      if (session.publishStatus === undefined) return
      const status = writer.write()
      if (isStatus(status)) await session.publishStatus(status)
    })
  }

  /**
   * Resolves to the statuses of the other live processes within 200 ms, at most 64 and each of at most 8192 bytes; to none without
   * a store that shares them, and while it is down. Never rejects. Callers at the same time share one operation.
   */
  async read(): Promise<string[]> {
    this.#reading ??= this.#readStore().finally(() => {
      this.#reading = undefined
    })
    const statuses = await this.#reading
    return Array.isArray(statuses) ? statuses.slice(0, maxStatuses).filter(isStatus) : []
  }

  async #readStore(): Promise<unknown> {
    return this.#options.store()?.askAside(async (session) => session.readStatuses?.())
  }
}

/** A store of the application's own may return anything. */
function isStatus(value: unknown): value is string {
  return typeof value === 'string' && Buffer.byteLength(value) <= maxStatusBytes
}
