import type { Site } from './sites.js'
import type { Visitors } from './visitors.js'

export type Fault =
  | 'none'
  | 'api_hangs'
  | 'api_errors'
  /** 503, as soon as a call arrives. */
  | 'api_unavailable'
  | 'api_slow'
  | 'api_flaps'
  | 'ordinary_hangs'
  /** The provider of the keys fails; the last ones are valid for minutes. */
  | 'keys_missing'
  /** The preferred host hangs; the second one serves another API, the third one is well. */
  | 'primary_down'
  /** The preferred host hangs; the second one answers the canary and knows no ticket. */
  | 'primary_down_sibling_refuses'
  /** The same of every host but the preferred one. */
  | 'primary_down_siblings_refuse'

/** Keys that were bought a solve each just before the measured minutes. */
export interface BoughtKeys {
  readonly count: 25 | 100 | 1000
  /** All passes of a key in the first seconds in which the outage is known, or 20 a minute all along. */
  readonly spent: 'at-once' | 'all-along'
}

/** Bots that know the package, its defaults and the moment the fault begins. */
export interface Bots {
  readonly addresses: 1 | 100 | 10_000
  /** What they offer, in multiples of the site's normal rate. */
  readonly rateFactor: number
  readonly ticket: 'fallback' | 'junk' | 'poison' | 'tar'
  /** Solves bought a minute, in multiples of the normal rate, until the measured minutes begin. */
  readonly boughtFactor?: number
  readonly boughtKeys?: BoughtKeys
  /** A bot stands behind each carrier's address as well, among the users there. */
  readonly isBehindNat?: boolean
  /** They hang up this long after each request. */
  readonly hangUpAfterMs?: number
}

/** More honest requests than usual, from before the fault on. */
export interface Peak {
  readonly factor: number
  readonly minutesBefore: number
}

/** One setting that is measured. */
export interface Scenario {
  /** As the CSV names it. */
  readonly name: string
  readonly sites: readonly Site['name'][]
  readonly minutes: number
  readonly fault: Fault
  /** Users whose page cannot fetch the vendor's script, as a share. */
  readonly withoutScript: number
  /** Whether this server, too, cannot fetch it. */
  readonly probeFails: boolean
  readonly visitors: Visitors
  /** The application vouches for users who come back. */
  readonly knownAs: boolean
  /** The operator's `override('pass')` is in force in the measured minutes. */
  readonly overridePass: boolean
  readonly bots: Bots | undefined
  readonly peak: Peak | undefined
  /** So many honest requests at the moment of the fault, the first ones of a process that has just started, and no others. */
  readonly burst: number | undefined
  /** Hours that the site has run before, so that it has a reference. */
  readonly hoursBefore: number
  /** Tencent throttles above this multiple of the site's normal rate. */
  readonly quotaFactor: number | undefined
  /** All processes are restarted after so many measured minutes. */
  readonly restartAfterMinutes: number | undefined
  readonly store: boolean
  /** The operator's estimate, as a multiple of the site's normal rate. */
  readonly expectedFactor: number | undefined
  /** The outage purse's floor, in multiples of the normal rate, instead of the default. */
  readonly floorFactor: number | undefined
  /** Instead of the default, for the frontier alone. */
  readonly baselineFactor: number | undefined
}
