import type { StoreLifetimes } from './captcha-store.js'
import { maxHeartbeatEveryMs } from './heartbeat-interval.js'

const hourMs = 3_600_000

/** The lifetimes that the guard works with; {@link ClientHistory} has the same. */
export const storeLifetimes: StoreLifetimes = Object.freeze({
  historyMs: 24 * hourMs,
  rateMemoryMs: 600_000,
  processMs: 3 * maxHeartbeatEveryMs,
  baselineMs: 24 * hourMs,
  referenceMs: 7 * 24 * hourMs,
  overrideMs: 7 * 24 * hourMs,
})
