import type { OverrideMode } from '../admission/question.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { OverrideOptions } from '../options/override-options.js'
import type { ReasonCounters } from '../report/counters.js'
import type { CircuitSnapshot } from '../site/circuit.js'
import type { LateSnapshot } from '../site/late-verification.js'
import type { WatchSnapshot } from '../site/outage-watch.js'
import type { OverrideSnapshot } from '../site/override-switch.js'
import type { PurseSnapshot } from '../site/purse.js'
import type { PurseBasis } from '../site/site.js'
import type { HealthReport } from '../tencent/canary.js'
import type { CredentialSnapshot } from '../tencent/credentials/credential-keeper.js'
import type { EndpointSnapshot } from '../tencent/endpoint.js'
import type { CaptchaChannel, CaptchaMiddleware, CaptchaSite, RiskContext } from '../types.js'

/** What {@link CaptchaGuard.check} decides about. Ticket, randstr and address may be what a caller sent, of any type. */
export interface CheckInput {
  readonly ticket: unknown
  /** Absent in a mini program. */
  readonly randstr?: unknown
  /** The user's public address; without one the request is refused. */
  readonly userIp: unknown
  /** Whom limits and history belong to. @default `userIp`, IPv6 by its /56 */
  readonly clientKey?: string | number | undefined
  /** An identity that the application itself vouches for; see the option `knownAs`. The option is not called here. */
  readonly knownAs?: string | null | undefined
  /** @default the option `channel` where that is a constant, else `'web'` */
  readonly channel?: CaptchaChannel | undefined
  /** Passed on to Tencent, as the option of that name. */
  readonly riskContext?: RiskContext | undefined
  /** Abort it when the client goes away: the promise then rejects with the signal's reason, and no pass is drawn. */
  readonly signal?: AbortSignal | undefined
}

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
  /**
   * Sends one canary: is Tencent there, and do app id, secret key and credential fit? Spends no ticket, moves no state.
   * Takes `timeoutMs` at most. Rejects only with an exception that nothing classified, of a `client` for instance.
   */
  checkHealth(): Promise<HealthReport>
  /**
   * The same decision without Express, for Fastify, Koa, NestJS, Hono, sockets and jobs. Never answers, whatever `mode` is.
   * Resolves to the verdict whatever Tencent or a caller does. Rejects with a `TypeError` that names the field when the
   * application gives a wrong `channel`, `clientKey`, `knownAs`, `riskContext` or `signal`, with what a rule function throws (in an error, where it is none), and with the reason of an
   * aborted `signal`.
   */
  check(input: CheckInput): Promise<CaptchaVerdict>
  /** Leaves the site, and frees its timers and sockets with its last guard. Never rejects. */
  close(): Promise<void>
  /** What a page needs to know of this guard; nothing secret. */
  readonly page: { readonly captchaAppId: number; readonly site: CaptchaSite; readonly scriptUrl: string }
}

/** A guard and its site as plain JSON. */
export interface GuardSnapshot {
  readonly captchaAppId: number
  /** Random, of the guard's site in this process: guards that share it have the same. Messages of the diagnostics channels have it, too. */
  readonly siteId: string
  /** Random, of this guard in this process; its log lines and messages have it, too. */
  readonly guardId: string
  readonly mode: 'enforce' | 'observe'
  readonly override: OverrideSnapshot
  /** The verification API, as the server itself sees it. */
  readonly api: WatchSnapshot
  /** The way of the vendor's script to the users. */
  readonly clientPath: WatchSnapshot
  readonly circuit: CircuitSnapshot
  /** The endpoints, most preferred first, and which of them calls go to; empty with a `client`. */
  readonly endpoints: readonly EndpointSnapshot[]
  /** Where the keys come from, their age and expiry, and the provider's last failure. */
  readonly credential: CredentialSnapshot
  readonly purses: { readonly outage: PurseState; readonly doubt: PurseState }
  /** Verified passes a minute as learned; `null` before a baseline exists. */
  readonly baselinePerMinute: number | null
  /** The same over the last seven days; bounds what follows from the baseline. `null` before six hours were seen. */
  readonly referencePerMinute: number | null
  /** Verdicts since the start, by reason. */
  readonly counters: Readonly<ReasonCounters>
  readonly late: LateSnapshot
  readonly store: { readonly kind: string; readonly state: 'up' | 'down'; readonly processes: number }
  readonly inFlight: number
}

/** A purse, and what its total refills by: `start` before anything is known, then `floor`, `baseline` or `estimate` (`expectedPerMinute`). */
export type PurseState = PurseSnapshot & { readonly basis: PurseBasis }
