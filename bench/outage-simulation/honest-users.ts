import type { RandomDraws } from './random-draws.js'
import { natRequestsPerMinute, natShare, naturalFallbackShare, type Site } from './sites.js'

/** One honest request. */
export interface HonestRequest {
  readonly clientKey: string
  /** The client key has a verified pass. */
  readonly isKnown: boolean
  readonly hasScript: boolean
}

export interface HonestOptions {
  readonly site: Site
  /** Of the site's clients, those that the load balancer sends to this part of it. */
  readonly share: number
  readonly historyShare: number
  /** Users whose page cannot fetch the script, beside those who never can. */
  readonly withoutScript: number
  /** Where in its daily wave the site is at the start, from 0 to 1. */
  readonly dayPhase: number
  readonly draws: RandomDraws
}

const dayMs = 86_400_000

/**
 * Users who solve their challenge and ask once in ten minutes. One in five shares a carrier's address with 199 others;
 * such an address is always known. The others come back with history, or for the first time, in the proportion asked for.
 */
export class HonestUsers {
  readonly #options: HonestOptions
  readonly #natAddresses: number
  readonly #knownShareBeyondNat: number
  #met = 0
  #returned = 0
  #strangers = 0
  #isMeasured = false

  constructor(options: HonestOptions) {
    const { site, share, historyShare } = options
    this.#options = options
    this.#natAddresses = Math.max(1, Math.round((natShare * site.normalPerMinute * share) / natRequestsPerMinute))
    this.#knownShareBeyondNat = (historyShare - natShare) / (1 - natShare)
  }

  /** Requests a minute at this time of the day. */
  perMinute(nowMs: number): number {
    const { site, share, dayPhase } = this.#options
    const wave = 1 + site.waveShare * Math.sin(2 * Math.PI * (nowMs / dayMs + dayPhase))
    return site.normalPerMinute * share * wave
  }

  nextMs(nowMs: number): number {
    return nowMs + this.#options.draws.gapMs(this.perMinute(nowMs))
  }

  /** From now on users come back, and the script may be out of reach. */
  startMeasuring(): void {
    this.#isMeasured = true
    this.#returned = this.#options.draws.below(Math.max(1, this.#met))
  }

  next(): HonestRequest {
    const { draws, withoutScript } = this.#options
    const lacksScript = naturalFallbackShare + (this.#isMeasured ? withoutScript : 0)
    const hasScript = !draws.chance(lacksScript)
    if (draws.chance(natShare)) {
      return { clientKey: `nat ${draws.below(this.#natAddresses)}`, isKnown: true, hasScript }
    }
    if (!this.#isMeasured) return { clientKey: `user ${this.#met++}`, isKnown: false, hasScript: true }
    return draws.chance(this.#knownShareBeyondNat) && this.#met > 0
      ? { clientKey: `user ${this.#returned++ % this.#met}`, isKnown: true, hasScript }
      : { clientKey: `new ${this.#strangers++}`, isKnown: false, hasScript }
  }
}
