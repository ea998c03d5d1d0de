import type { StoreLearned, StoreState } from '../store/captcha-store.js'
import { Baseline } from './baseline.js'

/** The part of the store's state that is about verified passes. */
export type SharedRates = Pick<StoreState, 'processes' | 'baselinePerMinute' | 'referencePerMinute'>

/** Purses follow the baseline up to this multiple of what the site has known for days: a real peak, and not what money buys. */
const mostTimesReference = 4
/** Until a day was seen here, an earlier run of the site may know busier hours: six of a night must not replace its week. */
const hoursOfDay = 24
/** Passes that fall away prove nothing where a quiet hour would look the same: 5 % of this is a quarter of a quiet hour. */
const mostTimesQuiet = 5

/**
 * Verified passes a minute to be expected of this process: for the purses, and for evidence from passes that fall away. Both
 * follow the baseline, which a buyer of solves can raise in minutes; the reference, which takes days, bounds what that yields.
 */
export class ExpectedPasses {
  readonly #baseline: Baseline
  /** The operator's estimate for the whole site. */
  readonly #estimatePerMinute: () => number | undefined
  #shared: SharedRates = { processes: 1, baselinePerMinute: undefined, referencePerMinute: undefined }

  constructor(nowMs: number, estimatePerMinute: () => number | undefined) {
    this.#baseline = new Baseline(nowMs)
    this.#estimatePerMinute = estimatePerMinute
  }

  /** Counts one client's verified pass. */
  count(nowMs: number, isHealthy: boolean): void {
    this.#baseline.count(nowMs, isHealthy)
  }

  /** Closes the minutes that are over. */
  roll(nowMs: number, isHealthy: boolean): void {
    this.#baseline.roll(nowMs, isHealthy)
  }

  /** Takes over what the store says of the whole site. */
  adopt(shared: SharedRates): void {
    this.#shared = shared
  }

  /** Live processes of the site, this one included. */
  get processes(): number {
    return this.#shared.processes
  }

  /** What this process tells the store; nothing of its own days where the site's are known better. */
  get learned(): StoreLearned {
    const { perMinute } = this.#baseline.reference
    return {
      baselinePerMinute: this.#baseline.perMinute,
      referencePerMinute: perMinute === this.referencePerMinute ? perMinute : undefined,
    }
  }

  /** As this process has learned it in the last minutes, or as another run of the site did. */
  get baselinePerMinute(): number | undefined {
    return this.#baseline.perMinute ?? this.#shareOf(this.#shared.baselinePerMinute)
  }

  /** As this process has learned it over days, or as another run of the site did. */
  get referencePerMinute(): number | undefined {
    const { perMinute, hoursSeen } = this.#baseline.reference
    const known = this.#shareOf(this.#shared.referencePerMinute)
    if (perMinute === undefined || known === undefined || hoursSeen >= hoursOfDay) return perMinute ?? known
    return Math.max(perMinute, known)
  }

  /** What the purses follow; `undefined` where nothing is known. */
  get perMinute(): number | undefined {
    return lowest(this.#likelyPerMinute, this.#mostPerMinute)
  }

  /** What verified passes are held against while the probe of the script fails. */
  evidentPerMinute(): number | undefined {
    return lowest(this.#likelyPerMinute, this.referencePerMinute ?? this.#shareOf(this.#estimatePerMinute()))
  }

  /** What their collapse is held against where nothing else is wrong; `undefined` where a collapse proves nothing. */
  certainPerMinute(): number | undefined {
    const { quietPerMinute } = this.#baseline.reference
    if (quietPerMinute === undefined) return undefined
    return lowest(this.evidentPerMinute(), mostTimesQuiet * quietPerMinute)
  }

  get #likelyPerMinute(): number | undefined {
    return this.baselinePerMinute ?? this.#shareOf(this.#estimatePerMinute())
  }

  /** The operator's estimate counts as a reference where it is the larger one: before a sale, or after a start without a store. */
  get #mostPerMinute(): number | undefined {
    const reference = this.referencePerMinute
    const estimate = this.#shareOf(this.#estimatePerMinute())
    if (reference === undefined && estimate === undefined) return undefined
    return mostTimesReference * Math.max(reference ?? 0, estimate ?? 0)
  }

  #shareOf(sitePerMinute: number | undefined): number | undefined {
    return sitePerMinute === undefined ? undefined : sitePerMinute / this.#shared.processes
  }
}

function lowest(first: number | undefined, second: number | undefined): number | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return Math.min(first, second)
}
