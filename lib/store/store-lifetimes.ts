import type { StoreLifetimes } from './captcha-store.js'

/** How often a process sends a heartbeat to the store. */
export const heartbeatEveryMs = 5_000

const hourMs = 3_600_000

/** The lifetimes that the guard works with; {@link ClientHistory} has the same. */
export const storeLifetimes: StoreLifetimes = Object.freeze({
  historyMs: 24 * hourMs,
  rateMemoryMs: 600_000,
  processMs: 3 * heartbeatEveryMs,
  baselineMs: 24 * hourMs,
  referenceMs: 7 * 24 * hourMs,
  overrideMs: 7 * 24 * hourMs,
})
