import { BaselineReference, hoursKept } from './baseline-reference.js'

/** Healthy minutes that the median looks at. */
const minutesKept = 15
/** Fewer healthy minutes than this are no baseline yet. */
const minutesNeeded = 5
const minuteMs = 60_000
/** Of a longer silence nothing more would be remembered. */
const longestSilenceMinutes = hoursKept * 60

/**
 * Verified passes a minute in healthy times: the median of the last 15 healthy minutes, so that neither a short burst nor a
 * short silence moves it. The caller counts each client key once a minute. Eight bought minutes of fifteen move it, therefore
 * {@link BaselineReference} bounds what follows from it.
 */
export class Baseline {
  /** What the same minutes say about days. */
  readonly reference = new BaselineReference()
  #minute: number
  #passes = 0
  /** A minute that was not healthy all along, or was not seen whole, teaches nothing. */
  #isTainted = true
  #recent: number[] = []
  #perMinute: number | undefined

  constructor(nowMs: number) {
    this.#minute = minuteOf(nowMs)
  }

  /** Counts one client's verified pass. */
  count(nowMs: number, isHealthy: boolean): void {
    this.roll(nowMs, isHealthy)
    this.#passes++
  }

  /** Closes the minutes that are over. While the site is not healthy the baseline is frozen. */
  roll(nowMs: number, isHealthy: boolean): void {
    const minute = minuteOf(nowMs)
    if (minute !== this.#minute) this.#closeMinutes(minute - this.#minute, isHealthy)
    this.#minute = minute
    if (!isHealthy) this.#isTainted = true
  }

  /** Verified passes a minute, or `undefined` before enough healthy minutes were seen. */
  get perMinute(): number | undefined {
    return this.#perMinute
  }

  #closeMinutes(passed: number, isHealthy: boolean): void {
    if (!this.#isTainted) this.#learn(this.#minute, this.#passes)
    // Minutes without any event between: healthy as far as is known, with no verified pass.
    const silent = isHealthy ? Math.min(passed - 1, longestSilenceMinutes) : 0
    for (let back = silent; back > 0; back--) this.#learn(this.#minute + passed - back, 0)
    this.#passes = 0
    this.#isTainted = !isHealthy
    this.#perMinute = this.#median()
  }

  #learn(minute: number, passes: number): void {
    this.reference.learn(minute, passes)
    this.#recent.push(passes)
    if (this.#recent.length > minutesKept) this.#recent.shift()
  }

  #median(): number | undefined {
    if (this.#recent.length < minutesNeeded) return undefined
    const sorted = [...this.#recent].sort((a, b) => a - b)
    const middle = sorted.length >> 1
    const upper = sorted[middle] ?? 0
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
  }
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / minuteMs)
}
