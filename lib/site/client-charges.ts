import type { Clock } from '../clock.js'
import { KeyCounts } from '../structures/key-counts.js'
import { RecentEvents } from '../structures/recent-events.js'
import { RollingCounts } from '../structures/rolling-counts.js'

const windowMs = 60_000
const strangerLimit = 10
const knownLimit = 60
/** A key with history may stand for many users: a carrier's address also carries their mistakes. */
const ownRateFactor = 3
/** More charges than this within a second, on the whole site, are pressure, and for a minute after: the limit ends the charges. */
const pressurePerSecond = 50
const pressureMs = 60_000

/** What charges depend on. */
export interface ClientChargesOptions {
  readonly clock: Clock
  /** The key's own verified passes a minute; 0 without history. */
  readonly verifiedPerMinute: (clientKey: string) => number
  /** Has history, or is vouched for by the application. */
  readonly isKnown: (clientKey: string) => boolean
  /** Whether room at Tencent is scarce: it throttles, or half of `maxInFlight` is under way. */
  readonly isBusy: () => boolean
  /** Called when a key without history reaches its limit: another process may know it. */
  readonly onStrangerLimited: (clientKey: string) => void
}

/**
 * Limits how often Tencent is asked about one client's tickets. A client key is charged when Tencent refuses its call, and
 * while a call of its runs on without a caller: a caller that hangs up before the answer would otherwise never be refused.
 * A verified call is never charged.
 */
export class ClientCharges {
  readonly #options: ClientChargesOptions
  readonly #refused = new RecentEvents(windowMs)
  readonly #running = new KeyCounts()
  readonly #site = new RollingCounts(['charge'], 1_000, 10)
  #pressureEndMs = Number.NEGATIVE_INFINITY

  constructor(options: ClientChargesOptions) {
    this.#options = options
  }

  /** Charges a key for a call that Tencent refused. */
  charge(clientKey: string): void {
    this.#countOnSite()
    this.#record(clientKey)
  }

  /** Charges a key while a call runs on without its caller. Returns what ends that; a refused call stays charged. */
  chargeRunning(clientKey: string): (isRefused: boolean) => void {
    this.#countOnSite()
    this.#running.add(clientKey)
    this.#askAround(clientKey)
    return (isRefused) => {
      this.#running.remove(clientKey)
      if (isRefused) this.#record(clientKey)
    }
  }

  /** True when Tencent should not be asked about this client's tickets for now. */
  isLimited(clientKey: string): boolean {
    const charges = this.#charges(clientKey)
    // The lowest limit there is comes first: whose key it is need not be looked up for nearly all.
    return charges >= strangerLimit && (this.#isStranger(clientKey) || this.#isKnownLimited(clientKey, charges))
  }

  #isKnownLimited(clientKey: string, charges: number): boolean {
    return charges >= this.#limitOfKnown(clientKey) && this.#isUnderPressure()
  }

  #charges(clientKey: string): number {
    return this.#refused.count(clientKey, this.#options.clock.nowMs()) + this.#running.count(clientKey)
  }

  #isStranger(clientKey: string): boolean {
    return !this.#options.isKnown(clientKey)
  }

  #limitOfKnown(clientKey: string): number {
    return Math.max(knownLimit, ownRateFactor * this.#options.verifiedPerMinute(clientKey))
  }

  #isUnderPressure(): boolean {
    return this.#options.clock.nowMs() < this.#pressureEndMs || this.#options.isBusy()
  }

  #countOnSite(): void {
    const nowMs = this.#options.clock.nowMs()
    this.#site.add('charge', nowMs)
    if (this.#site.count('charge', nowMs) > pressurePerSecond) this.#pressureEndMs = nowMs + pressureMs
  }

  /** As many as the higher limit are kept, the youngest: they alone decide, also once a stranger turns out to be known. */
  #record(clientKey: string): void {
    this.#refused.add(clientKey, this.#options.clock.nowMs(), Math.ceil(this.#limitOfKnown(clientKey)))
    this.#askAround(clientKey)
  }

  #askAround(clientKey: string): void {
    if (this.#charges(clientKey) >= strangerLimit && this.#isStranger(clientKey)) {
      this.#options.onStrangerLimited(clientKey)
    }
  }
}
