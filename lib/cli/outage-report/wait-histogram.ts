/** Whole milliseconds up to here have a bucket each; above, a bucket is 1/64 of its value wide. */
const exactBelowMs = 128
const maxMs = 3_600_000

/** What a histogram says; `null` where nothing was measured. */
export interface Waits {
  readonly requests: number
  readonly over100Ms: number
  readonly over1000Ms: number
  /** Quantiles are at most 1.6 % too high. */
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly totalMs: number
}

/** Durations in milliseconds, with quantiles within 1.6 %. */
export class WaitHistogram {
  readonly #buckets = new Map<number, number>()
  #requests = 0
  #over100Ms = 0
  #over1000Ms = 0
  #maxMs = 0
  #totalMs = 0

  add(durationMs: number): void {
    const waitMs = Math.min(maxMs, Math.max(0, Math.round(durationMs)))
    const top = bucketTop(waitMs)
    this.#buckets.set(top, (this.#buckets.get(top) ?? 0) + 1)
    this.#requests++
    this.#totalMs += waitMs
    if (waitMs > 100) this.#over100Ms++
    if (waitMs > 1000) this.#over1000Ms++
    if (waitMs > this.#maxMs) this.#maxMs = waitMs
  }

  merge(other: WaitHistogram): void {
    for (const [top, count] of other.#buckets) this.#buckets.set(top, (this.#buckets.get(top) ?? 0) + count)
    this.#requests += other.#requests
    this.#over100Ms += other.#over100Ms
    this.#over1000Ms += other.#over1000Ms
    this.#totalMs += other.#totalMs
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs)
  }

  get totalMs(): number {
    return this.#totalMs
  }

  summary(): Waits | null {
    if (this.#requests === 0) return null
    const [p50Ms = 0, p90Ms = 0, p99Ms = 0] = this.#quantiles([0.5, 0.9, 0.99])
    return {
      requests: this.#requests,
      over100Ms: this.#over100Ms,
      over1000Ms: this.#over1000Ms,
      p50Ms,
      p90Ms,
      p99Ms,
      maxMs: this.#maxMs,
      totalMs: this.#totalMs,
    }
  }

  #quantiles(shares: readonly number[]): number[] {
    const tops = [...this.#buckets].sort(([a], [b]) => a - b)
    return shares.map((share) => {
      let left = Math.ceil(share * this.#requests)
      const found = tops.find(([, count]) => {
        left -= count
        return left <= 0
      })
      return Math.min(this.#maxMs, found?.[0] ?? 0)
    })
  }
}

/** The largest value of a value's bucket. */
function bucketTop(ms: number): number {
  if (ms < exactBelowMs) return ms
  const shift = 25 - Math.clz32(ms)
  return (((ms >> shift) + 1) << shift) - 1
}
