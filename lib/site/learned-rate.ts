const decreaseFactor = 0.5
/** Part of the rate before a decrease that each second gives back. */
const increaseShare = 0.02
const minIncreasePerSecond = 0.1
/** Tencent counts by the second: until the next one it refuses whatever the rate has become. */
const decreaseEveryMs = 1_000
/** How far calls may run ahead of the rate: ten that arrive together are no flood, and under a flood nothing is ahead. */
const burstCalls = 10
const burstMs = 250

/**
 * A rate of calls that learns what Tencent has room for: it halves when Tencent throttles, at most once a second, and grows by
 * the same step every second. Constant memory, no timer.
 */
export class LearnedRate {
  /** As of the last decrease; without bound before the first. */
  #perSecond = Number.POSITIVE_INFINITY
  #increasePerSecond = minIncreasePerSecond
  #decreasedMs = Number.NEGATIVE_INFINITY
  /** When the next call is due at an even pace. */
  #dueMs = Number.NEGATIVE_INFINITY

  /** Takes one call. Returns false, and takes nothing, when none is due. */
  take(nowMs: number): boolean {
    const gapMs = 1000 / this.#perSecondAt(nowMs)
    const dueMs = Math.max(this.#dueMs, nowMs)
    if (dueMs - nowMs > Math.max(burstMs - gapMs, (burstCalls - 1) * gapMs)) return false
    this.#dueMs = dueMs + gapMs
    return true
  }

  /**
   * Halves the rate, or what was answered of it where that is less.
   *
   * @param startedMs when the call began that Tencent throttled: one that began before the last decrease says nothing of it
   */
  decrease({ startedMs, nowMs, answeredPerSecond, floorPerSecond }: Decrease): void {
    if (startedMs < this.#decreasedMs || nowMs - this.#decreasedMs < decreaseEveryMs) return
    const before = Math.min(this.#perSecondAt(nowMs), answeredPerSecond)
    this.#perSecond = Math.max(floorPerSecond, before * decreaseFactor)
    this.#increasePerSecond = Math.max(minIncreasePerSecond, before * increaseShare)
    this.#decreasedMs = nowMs
  }

  #perSecondAt(nowMs: number): number {
    return this.#perSecond + ((nowMs - this.#decreasedMs) / 1000) * this.#increasePerSecond
  }
}

/** What a decrease depends on. */
export interface Decrease {
  readonly startedMs: number
  readonly nowMs: number
  readonly answeredPerSecond: number
  readonly floorPerSecond: number
}
