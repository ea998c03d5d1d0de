import type { OverrideMode } from './admission/decide.js'
import type { ReasonCounters } from './report/counters.js'
import type { CircuitSnapshot } from './site/circuit.js'
import type { WatchSnapshot } from './site/outage-watch.js'
import type { OverrideOptions, OverrideSnapshot } from './site/override-switch.js'
import type { PurseSnapshot } from './site/purse.js'
import type { HealthReport } from './tencent/canary.js'
import type { CaptchaMiddleware, CaptchaSite } from './types.js'

/** The middleware, and what an operator does with it. */
export interface CaptchaGuard extends CaptchaMiddleware {
  /** The guard's whole state as plain JSON. */
  snapshot(): GuardSnapshot
  /**
   * The kill switch. `'pass'` lets requests in from the outage purse without asking Tencent, a missing ticket too; it needs
   * `forMs`. `'verify_only'` goes on verifying and refuses every degraded pass. `'none'` ends either.
   * Throws {@link CaptchaConfigError} on anything else.
   */
  override(mode: OverrideMode, options?: OverrideOptions): void
  /** Sends one canary: is Tencent there, and do app id, secret key and credential fit? Spends no ticket, moves no state. */
  checkHealth(): Promise<HealthReport>
  /** Frees timers and sockets. */
  close(): Promise<void>
  /** What a page needs to know of this guard; nothing secret. */
  readonly page: { readonly captchaAppId: number; readonly site: CaptchaSite; readonly scriptUrl: string }
}

export interface GuardSnapshot {
  readonly captchaAppId: number
  readonly mode: 'enforce' | 'observe'
  readonly override: OverrideSnapshot
  /** The verification API, as the server itself sees it. */
  readonly api: WatchSnapshot
  /** The way of the vendor's script to the users. */
  readonly clientPath: WatchSnapshot
  readonly circuit: CircuitSnapshot
  readonly purses: { readonly outage: PurseSnapshot; readonly doubt: PurseSnapshot }
  /** Verified passes a minute as learned; `null` before a baseline exists. */
  readonly baselinePerMinute: number | null
  /** Verdicts since the start, by reason. */
  readonly counters: Readonly<ReasonCounters>
  readonly late: LateSnapshot
  readonly store: { readonly kind: string; readonly state: 'up' | 'down'; readonly processes: number }
  readonly inFlight: number
}

export interface LateSnapshot {
  readonly waiting: number
  readonly genuine: number
  readonly refused: number
  readonly inconclusive: number
}
