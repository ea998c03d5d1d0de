/** Hours that the reference looks at: seven days. */
export const hoursKept = 168
/** Fewer hours than this are no reference yet. */
const hoursNeeded = 6
/** Healthy minutes that an hour needs: from one that was mostly an outage nothing is learned. */
const minutesNeeded = 30
const minutesInHour = 60
const busyShare = 0.9
const quietShare = 0.1

/**
 * Verified passes a minute as the site has known them for days: percentiles of the medians of the last 168 healthy hours. A
 * baseline can be bought for a quarter of an hour; what is bought moves an hour only where it lasts for more than half of it,
 * and the reference only from the second of six hours on, or the eighteenth of a full week. Nights do not pull it down.
 */
export class BaselineReference {
  /** The medians, oldest first. */
  readonly #hours: number[] = []
  #sorted: readonly number[] = []
  #hour = Number.NaN
  #minutes: number[] = []

  /** Learns one healthy minute. Minutes come in their order. */
  learn(minute: number, passes: number): void {
    const hour = Math.floor(minute / minutesInHour)
    if (hour !== this.#hour) this.#closeHour()
    this.#hour = hour
    this.#minutes.push(passes)
  }

  /** The 90th percentile; `undefined` before six hours were seen. */
  get perMinute(): number | undefined {
    return this.#percentile(busyShare)
  }

  /** The 10th percentile, what quiet hours bring; `undefined` before six hours were seen. */
  get quietPerMinute(): number | undefined {
    return this.#percentile(quietShare)
  }

  /** Healthy hours that the percentiles are of; at most 168. */
  get hoursSeen(): number {
    return this.#hours.length
  }

  #closeHour(): void {
    const minutes = this.#minutes
    this.#minutes = []
    if (minutes.length < minutesNeeded) return
    this.#hours.push(lower(inOrder(minutes), 0.5))
    if (this.#hours.length > hoursKept) this.#hours.shift()
    this.#sorted = inOrder(this.#hours)
  }

  #percentile(share: number): number | undefined {
    return this.#hours.length < hoursNeeded ? undefined : lower(this.#sorted, share)
  }
}

function inOrder(counts: readonly number[]): readonly number[] {
  return [...counts].sort((a, b) => a - b)
}

/** Of the two between which a percentile lies the lower one: else one bought hour of six, or half an hour of one, would count. */
function lower(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0
}
