import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.js'
import type { StoreOverride, StoreState } from '../store/captcha-store.js'
import type { StoreLink } from '../store/store-link.js'
import { type OverrideState, type OverrideSwitch, overrideOff } from './override-switch.js'

/** What a shared override is made of. */
export interface SharedOverrideOptions {
  readonly clock: Clock
  readonly override: OverrideSwitch
  /** The shared store, where there is one. */
  readonly store: () => StoreLink | undefined
}

/**
 * Keeps the override of this process and that of the store the same. Processes never compare two overrides, for their clocks
 * differ: one that knows another override than the store does gives it to the store, and takes what the store says stands.
 */
export class SharedOverride {
  readonly #options: SharedOverrideOptions
  /** The last one that was set here or taken over; `setMs` is on this process's monotonic clock. */
  #known: StoreOverride | undefined
  /** What the store's clock shows beyond this process's monotonic one, as of the last heartbeat. */
  #storeAheadMs: number | undefined

  constructor(options: SharedOverrideOptions) {
    this.#options = options
  }

  /** Sets the override here and, through the store, at the other processes of the site. */
  set(state: OverrideState): void {
    const { mode, by, leftMs } = state
    const forMs = Number.isFinite(leftMs) ? leftMs : null
    this.#known = { id: randomUUID(), mode, by, forMs, setMs: this.#options.clock.nowMs() }
    this.#options.override.set(state)
    // Before the first heartbeat the store's time is unknown; the heartbeat then shares what was set.
    if (this.#storeAheadMs !== undefined) this.#share(this.#known, this.#storeAheadMs)
  }

  /** Takes a heartbeat's answer. */
  onStoreState({ nowMs, override }: StoreState): void {
    const storeAheadMs = nowMs - this.#options.clock.nowMs()
    this.#storeAheadMs = storeAheadMs
    const known = this.#known
    if (known === undefined) {
      if (override !== undefined) this.#adopt(override, storeAheadMs)
    }
    // The store was away when ours was set, has lost it since, or has a newer one.
    else if (override?.id !== known.id) this.#share(known, storeAheadMs)
  }

  #share(known: StoreOverride, storeAheadMs: number): void {
    this.#options.store()?.tell(async (session) => {
      const standing = await session.setOverride({ ...known, setMs: Math.floor(known.setMs + storeAheadMs) })
      if (standing.id !== known.id && this.#known === known) this.#adopt(standing, storeAheadMs)
    })
  }

  #adopt(standing: StoreOverride, storeAheadMs: number): void {
    const { clock, override } = this.#options
    const nowMs = clock.nowMs()
    const known = { ...standing, setMs: Math.min(nowMs, standing.setMs - storeAheadMs) }
    this.#known = known
    const { mode, by, forMs } = known
    const leftMs = forMs === null ? Number.POSITIVE_INFINITY : known.setMs + forMs - nowMs
    const next = leftMs > 0 ? { mode, by, leftMs } : { ...overrideOff, by }
    if (next.mode !== 'none' || override.mode !== 'none') override.set(next, 'shared')
  }
}
