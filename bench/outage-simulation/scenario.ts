import type { Site } from './sites.js'

export type Fault = 'none' | 'api_hangs' | 'api_errors' | 'api_slow' | 'api_flaps' | 'ordinary_hangs'

/** Bots that know the package, its defaults and the moment the fault begins. */
export interface Bots {
  readonly addresses: 1 | 100 | 10_000
  /** What they offer, in multiples of the site's normal rate. */
  readonly rateFactor: number
  readonly ticket: 'fallback' | 'junk' | 'poison' | 'tar'
  /** Solves bought a minute, in multiples of the normal rate, until the measured minutes begin. */
  readonly boughtFactor?: number
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
  /** Honest requests of client keys with a verified pass in 24 hours, as a share. */
  readonly historyShare: number
  readonly bots: Bots | undefined
  /** Tencent throttles above this multiple of the site's normal rate. */
  readonly quotaFactor: number | undefined
  /** All processes are restarted after so many measured minutes. */
  readonly restartAfterMinutes: number | undefined
  readonly store: boolean
  readonly expectsRate: boolean
  /** Instead of the default, for the frontier alone. */
  readonly baselineFactor: number | undefined
}
