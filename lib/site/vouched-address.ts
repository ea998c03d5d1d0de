import type { StorePurse } from '../store/captcha-store.js'
import { RecentEvents } from '../structures/recent-events.js'

const limit = 100
const windowMs = 60_000

/**
 * Counts the passes of vouched identities by the address behind them, apart from the address's own limit: an office of loyal
 * users passes, and an address with a bag of bought identities does not pass with each of them.
 */
export class VouchedAddress {
  readonly #passes = new RecentEvents(windowMs)

  /** The count as the shared store knows it. */
  storePurse(addressKey: string): StorePurse {
    return { name: 'known', limit, windowMs, ownRateFactor: 0, clientKey: addressKey }
  }

  /** Counts a pass. Returns what takes it back, once; `undefined` where there is no room. Without an address nothing is counted. */
  take(addressKey: string | undefined, nowMs: number): (() => void) | undefined {
    if (addressKey === undefined) return () => {}
    if (this.#passes.count(addressKey, nowMs) >= limit) return undefined
    this.#passes.add(addressKey, nowMs)
    let isHeld = true
    return () => {
      if (isHeld) this.#passes.remove(addressKey, nowMs)
      isHeld = false
    }
  }
}
