/** Healthy minutes that the median looks at. */
const minutesKept = 15
/** Fewer healthy minutes than this are no baseline yet. */
const minutesNeeded = 5
const minuteMs = 60_000

/**
 * Verified passes a minute in healthy times: the median of the last 15 healthy minutes, so that neither a short burst nor a
 * short silence moves it. The caller counts each client key once a minute; a bot that buys solves has to keep buying them,
 * from many addresses, for eight minutes out of fifteen.
 */
export class Baseline {
  #minute: number
  #passes = 0
  /** A minute that was not healthy all along, or was not seen whole, teaches nothing. */
  #isTainted = true
  #recent: number[] = []
  #median: number | undefined

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
    return this.#median
  }

  #closeMinutes(passed: number, isHealthy: boolean): void {
    if (!this.#isTainted) this.#learn(this.#passes)
    // Minutes without any event between: healthy as far as is known, with no verified pass.
    const silent = isHealthy ? Math.min(passed - 1, minutesKept) : 0
    for (let minute = 0; minute < silent; minute++) this.#learn(0)
    this.#passes = 0
    this.#isTainted = !isHealthy
  }

  #learn(passes: number): void {
    this.#recent.push(passes)
    if (this.#recent.length > minutesKept) this.#recent.shift()
    if (this.#recent.length < minutesNeeded) return
    const sorted = [...this.#recent].sort((a, b) => a - b)
    const middle = sorted.length >> 1
    const upper = sorted[middle] ?? 0
    this.#median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
  }
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / minuteMs)
}
