import { storeLifetimes } from '../../lib/store/store-lifetimes.js'
import type { RandomDraws } from './random-draws.js'
import type { Peak } from './scenario.js'
import { natRequestsPerMinute, naturalFallbackShare, type Site, usersBehindNat } from './sites.js'
import type { Visitors } from './visitors.js'

/** One honest request. */
export interface HonestRequest {
  readonly clientKey: string
  /** The user whom the application recognizes. */
  readonly identity: string | undefined
  /** The client key has a verified pass in the last 24 hours. */
  readonly isAddressKnown: boolean
  readonly hasScript: boolean
}

export interface HonestOptions {
  readonly site: Site
  /** Of the site's clients, those that the load balancer sends to this part of it. */
  readonly share: number
  readonly visitors: Visitors
  /** Users whose page cannot fetch the script, beside those who never can. */
  readonly withoutScript: number
  /** Where in its daily wave the site is at the start, from 0 to 1. */
  readonly dayPhase: number
  /** When the measured minutes begin. */
  readonly startMs: number
  readonly peak: Peak | undefined
  readonly draws: RandomDraws
}

const dayMs = 86_400_000
const hourMs = 3_600_000
/** How long the package remembers a verified pass. */
/** One request in ten is a user's next one within a visit, some minutes after the one before. */
const sameVisitShare = 0.1
const visitMinutes = 3

/**
 * Users who solve their challenge. Some share a carrier's address with 199 others, which is always known. The others come back
 * after hours: with history, unless that is more than a day ago or their address has changed meanwhile. Of the passes before the
 * measured minutes only these matter, so the time since is drawn, not lived through.
 */
export class HonestUsers {
  readonly #options: HonestOptions
  readonly carriers: readonly string[]
  #met = 0
  #returned = 0
  #strangers = 0
  #natTurn = 0
  #isMeasured = false
  readonly #visits: HonestRequest[] = []
  #visit = 0

  constructor(options: HonestOptions) {
    const { site, share, visitors } = options
    this.#options = options
    const count = Math.max(1, Math.round((visitors.natShare * site.normalPerMinute * share) / natRequestsPerMinute))
    this.carriers = Array.from({ length: count }, (_, index) => `nat ${index}`)
  }

  /** Requests a minute at this time of the day. */
  perMinute(nowMs: number): number {
    const { site, share, dayPhase, startMs, peak } = this.#options
    const wave = 1 + site.waveShare * Math.sin(2 * Math.PI * (nowMs / dayMs + dayPhase))
    const isPeak = peak !== undefined && nowMs >= startMs - peak.minutesBefore * 60_000
    return site.normalPerMinute * share * wave * (isPeak ? peak.factor : 1)
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
    const { draws } = this.#options
    if (!this.#isMeasured) return this.#learned()
    if (this.#visits.length > 0 && draws.chance(sameVisitShare)) {
      return this.#visits[draws.below(this.#visits.length)] as HonestRequest
    }
    const request = this.#someone()
    const kept = Math.max(1, Math.round(visitMinutes * this.#options.site.normalPerMinute * this.#options.share))
    this.#visits[this.#visit++ % kept] = request
    return request
  }

  /** Of the time before the addresses matter, and behind a carrier's who of its users is vouched for: in turn, so that nothing is drawn. */
  #learned(): HonestRequest {
    const { draws, visitors } = this.#options
    const isBehindNat = draws.chance(visitors.natShare)
    const clientKey = isBehindNat ? this.#carrier() : `user ${this.#met++}`
    const identity = isBehindNat ? this.#identityInTurn(clientKey) : undefined
    return { clientKey, identity, isAddressKnown: false, hasScript: !draws.chance(naturalFallbackShare) }
  }

  #identityInTurn(carrier: string): string | undefined {
    const { returningShare } = this.#options.visitors
    const turn = this.#natTurn++
    const isReturning = Math.floor((turn + 1) * returningShare) > Math.floor(turn * returningShare)
    return isReturning ? `${carrier} user ${turn % usersBehindNat}` : undefined
  }

  #someone(): HonestRequest {
    const { draws, visitors, withoutScript } = this.#options
    const hasScript = !draws.chance(naturalFallbackShare + withoutScript)
    const isReturning = draws.chance(visitors.returningShare) && this.#met > 0
    if (draws.chance(visitors.natShare)) {
      const clientKey = this.#carrier()
      const identity = isReturning ? `${clientKey} user ${draws.below(usersBehindNat)}` : undefined
      return { clientKey, identity, isAddressKnown: true, hasScript }
    }
    const stranger = `new ${this.#strangers++}`
    if (!isReturning) return { clientKey: stranger, identity: undefined, isAddressKnown: false, hasScript }
    const identity = `user ${this.#returned++ % this.#met}`
    const isAddressKnown = this.#keptAddress()
    return { clientKey: isAddressKnown ? identity : stranger, identity, isAddressKnown, hasScript }
  }

  #keptAddress(): boolean {
    const { draws, visitors } = this.#options
    const sinceMs = visitors.medianReturnHours * hourMs * Math.exp(draws.normal())
    return sinceMs < storeLifetimes.historyMs && draws.chance(Math.exp(-sinceMs / (visitors.addressHours * hourMs)))
  }

  #carrier(): string {
    return this.carriers[this.#options.draws.below(this.carriers.length)] as string
  }
}
