import { seededRandom } from '../../lib/simulator/fault-schedule.js'

/** Draws from the distributions that the simulation needs; the same seed gives the same sequence. */
export class RandomDraws {
  readonly uniform: () => number

  constructor(seed: number) {
    this.uniform = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995)
  }

  chance(share: number): boolean {
    return this.uniform() < share
  }

  below(count: number): number {
    return Math.floor(this.uniform() * count)
  }

  /** Milliseconds to the next arrival of a Poisson stream. */
  gapMs(perMinute: number): number {
    return perMinute === 0 ? Number.POSITIVE_INFINITY : (-Math.log(1 - this.uniform()) * 60_000) / perMinute
  }

  /** From the normal law with mean 0 and standard deviation 1. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Arrivals of a Poisson stream with this mean; from 50 on by the normal law, which is the same there to all figures shown. */
  arrivals(mean: number): number {
    if (mean >= 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()))
    let count = 0
    for (let product = this.uniform(); product > Math.exp(-mean); product *= this.uniform()) count++
    return count
  }
}
