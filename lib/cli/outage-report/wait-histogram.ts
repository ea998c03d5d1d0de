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
  /** Counts by bucket, as far as the longest wait needs them: a report may keep thousands of histograms. */
  #counts = new Uint32Array(8)
  #requests = 0
  #over100Ms = 0
  #over1000Ms = 0
  #maxMs = 0
  #totalMs = 0

  add(durationMs: number): void {
    const waitMs = Math.min(maxMs, Math.max(0, Math.round(durationMs)))
    this.#count(bucketOf(waitMs), 1)
    this.#requests++
    this.#totalMs += waitMs
    if (waitMs > 100) this.#over100Ms++
    if (waitMs > 1000) this.#over1000Ms++
    if (waitMs > this.#maxMs) this.#maxMs = waitMs
  }

  merge(other: WaitHistogram): void {
    for (const [bucket, count] of other.#counts.entries()) if (count > 0) this.#count(bucket, count)
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

  #count(bucket: number, requests: number): void {
    if (bucket >= this.#counts.length) {
      const counts = new Uint32Array(2 ** Math.ceil(Math.log2(bucket + 1)))
      counts.set(this.#counts)
      this.#counts = counts
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + requests
  }

  #quantiles(shares: readonly number[]): number[] {
    return shares.map((share) => {
      let left = Math.ceil(share * this.#requests)
      const bucket = this.#counts.findIndex((count) => {
        left -= count
        return left <= 0
      })
      return Math.min(this.#maxMs, topOf(bucket))
    })
  }
}

/** Up to 127 a bucket is a millisecond; then each doubling has 64. */
function bucketOf(ms: number): number {
  if (ms < exactBelowMs) return ms
  const shift = 25 - Math.clz32(ms)
  return 64 * shift + (ms >> shift)
}

/** The largest value of a bucket. */
function topOf(bucket: number): number {
  if (bucket < exactBelowMs) return bucket
  const shift = Math.floor(bucket / 64) - 1
  return ((bucket - 64 * shift + 1) << shift) - 1
}
