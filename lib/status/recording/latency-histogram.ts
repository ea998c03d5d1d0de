import { sumOf } from './minute-counts.js'

/** Neighbouring buckets differ by this factor: a percentile is at most 5 % off. */
const step = 1.1
/** Over 60 s, more than the longest deadline. */
const buckets = Math.ceil(Math.log(120_000) / Math.log(step))
const windowMs = 300_000

/** Counts of answers by duration, without the empty buckets. Histograms of several processes add up. */
export type LatencyCounts = Readonly<Record<number, number>>

/** Durations of the last five to ten minutes, in buckets that grow by a tenth. Bounded memory, no sorting. */
export class LatencyHistogram {
  #current = new Uint32Array(buckets)
  #previous = new Uint32Array(buckets)
  #window = 0

  /** Counts one duration. */
  note(durationMs: number, nowMs: number): void {
    this.#roll(nowMs)
    const bucket = bucketOf(durationMs)
    this.#current[bucket] = (this.#current[bucket] ?? 0) + 1
  }

  /** The counts of both windows. */
  read(nowMs: number): LatencyCounts {
    this.#roll(nowMs)
    const counts: Record<number, number> = {}
    this.#current.forEach((count, bucket) => {
      const sum = count + (this.#previous[bucket] ?? 0)
      if (sum > 0) counts[bucket] = sum
    })
    return counts
  }

  #roll(nowMs: number): void {
    const window = Math.floor(nowMs / windowMs)
    if (window === this.#window) return
    const isNext = window === this.#window + 1
    const spare = this.#previous.fill(0)
    this.#previous = isNext ? this.#current : this.#current.fill(0)
    this.#current = spare
    this.#window = window
  }
}

function bucketOf(durationMs: number): number {
  return Math.min(buckets - 1, Math.max(0, Math.ceil(Math.log(Math.max(1, durationMs)) / Math.log(step))))
}

/** The sum of several histograms. */
export function addLatencies(all: readonly LatencyCounts[]): LatencyCounts {
  const sum: Record<number, number> = {}
  for (const counts of all) {
    for (const [bucket, count] of Object.entries(counts)) sum[Number(bucket)] = (sum[Number(bucket)] ?? 0) + count
  }
  return sum
}

/** Number of durations in a histogram. */
export function latencyTotal(counts: LatencyCounts): number {
  return sumOf(Object.values(counts))
}

/** The duration that this share of all is at most as long as, in milliseconds; `null` without any. */
export function latencyPercentileMs(counts: LatencyCounts, share: number): number | null {
  let left = Math.ceil(share * latencyTotal(counts))
  if (left === 0) return null
  for (const [bucket, count] of Object.entries(counts).sort(([a], [b]) => Number(a) - Number(b))) {
    left -= count
    if (left <= 0) return Math.round(step ** Number(bucket))
  }
  return null
}
