import type { Outcome } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import { storeLifetimes } from '../store/store-lifetimes.js'
import { RecentEvents } from '../structures/recent-events.js'
import { RollingCounts } from '../structures/rolling-counts.js'
import { LearnedRate } from './learned-rate.js'

/** So many throttled calls within so long begin the limit: a few are gone as they came. */
const throttledCalls = 10
const throttledWithinMs = 10_000
/** How long after the last throttled call, ours or Tencent's, calls are still limited: a flood comes in waves. */
const activeMs = 60_000
const windowMs = 60_000
/** Calls a minute of a client with history that come before all others; more where its own verified rate is higher. */
const firstCalls = 3
const ownRateFactor = 3
/** More refusals than this since its last verified pass, and a client has lost that: a bought solve must not carry a flood of junk. */
const maxRefusals = 3
const minPerSecond = 1
const minShareOfBaseline = 0.05

/** What the allowance depends on. */
export interface CallAllowanceOptions {
  readonly clock: Clock
  /** The key's own verified passes a minute; 0 without any. */
  readonly verifiedPerMinute: (clientKey: string) => number
  /** Verified passes a minute to be expected; `undefined` while nothing is known. */
  readonly expectedPerMinute: () => number | undefined
}

/** A call to Tencent that was allowed. */
export interface AllowedCall {
  readonly clientKey: string
  readonly isKnown: boolean
  /** It comes before the calls that the learned rate limits. */
  readonly isFirst: boolean
  readonly startedMs: number
}

/**
 * Who may call Tencent while it throttles. Without this a flood of junk takes the quota, and honest users are throttled with
 * it. Clients with history come first, each with a few calls a minute; all other calls are limited by a rate that is learned
 * from Tencent's answers. It begins with the tenth call that Tencent throttles in ten seconds, and ends a minute after the last one.
 */
export class CallAllowance {
  readonly #options: CallAllowanceOptions
  /** Of the limit that is on, or of the last one. */
  #rate = new LearnedRate()
  readonly #throttled = new RollingCounts(['call'], throttledWithinMs, 10)
  /** Calls that came first, by client; while calls are limited. */
  readonly #first = new RecentEvents(windowMs)
  /** Refusals of clients with history since their last verified pass. */
  readonly #refusals = new RecentEvents(storeLifetimes.historyMs)
  /** Calls within the last second that Tencent answered and that do not come first. */
  readonly #answered = new RollingCounts(['call'], 1_000, 10)
  #throttledMs = Number.NEGATIVE_INFINITY
  #limitedMs = Number.NEGATIVE_INFINITY

  constructor(options: CallAllowanceOptions) {
    this.#options = options
  }

  /** Whether room at Tencent is scarce: it throttled within a minute, or calls are limited. */
  get isScarce(): boolean {
    return this.#isLimiting || this.#options.clock.nowMs() - this.#throttledMs < activeMs
  }

  /** Takes a call. Returns `undefined` when the client is over what it may have while Tencent throttles. */
  take(clientKey: string, isKnown: boolean): AllowedCall | undefined {
    const nowMs = this.#options.clock.nowMs()
    const call = this.uncounted(clientKey, isKnown)
    if (!this.#isLimiting) return call
    if (call.isFirst) {
      this.#first.add(clientKey, nowMs)
      return call
    }
    if (this.#rate.take(nowMs)) return call
    // A flood that goes on must not find the end of the limit.
    this.#limitedMs = nowMs
    return undefined
  }

  /** A call that is allowed for another reason: the probe of an open circuit. */
  uncounted(clientKey: string, isKnown: boolean): AllowedCall {
    const startedMs = this.#options.clock.nowMs()
    return { clientKey, isKnown, isFirst: isKnown && this.#comesFirst(clientKey, startedMs), startedMs }
  }

  /** Learns from what Tencent replied to an allowed call. */
  settle(call: AllowedCall, reply: Outcome): void {
    const { clientKey, isKnown, isFirst } = call
    const nowMs = this.#options.clock.nowMs()
    switch (reply.kind) {
      case 'verified':
      case 'refused':
        if (!isFirst) this.#answered.add('call', nowMs)
        if (reply.kind === 'verified') this.#refusals.delete(clientKey)
        else if (isKnown) this.#refusals.add(clientKey, nowMs, maxRefusals + 1)
        return
      case 'degraded':
        if (reply.cause === 'throttled') this.#noteThrottled(call, nowMs)
        return
      case 'bug':
        return
    }
  }

  get #isLimiting(): boolean {
    return this.#options.clock.nowMs() - this.#limitedMs < activeMs
  }

  #comesFirst(clientKey: string, nowMs: number): boolean {
    if (this.#refusals.count(clientKey, nowMs) > maxRefusals) return false
    const limit = Math.max(firstCalls, ownRateFactor * this.#options.verifiedPerMinute(clientKey))
    return this.#first.count(clientKey, nowMs) < limit
  }

  #noteThrottled({ startedMs }: AllowedCall, nowMs: number): void {
    this.#throttledMs = nowMs
    this.#throttled.add('call', nowMs)
    if (!this.#isLimiting) {
      if (this.#throttled.count('call', nowMs) < throttledCalls) return
      this.#rate = new LearnedRate()
    }
    this.#limitedMs = nowMs
    const expectedPerSecond = (this.#options.expectedPerMinute() ?? 0) / 60
    this.#rate.decrease({
      startedMs,
      nowMs,
      answeredPerSecond: this.#answered.count('call', nowMs),
      floorPerSecond: Math.max(minPerSecond, minShareOfBaseline * expectedPerSecond),
    })
  }
}
