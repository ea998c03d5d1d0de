import type { IncomingMessage, ServerResponse } from 'node:http'

/** Where the ticket was solved: `'web'` is Web and App (`DescribeCaptchaResult`), `'mini_program'` is WeChat (`DescribeCaptchaMiniResult`). */
export type CaptchaChannel = 'web' | 'mini_program'

/** Which Tencent Cloud site the CAPTCHA belongs to. */
export type CaptchaSite = 'mainland' | 'international'

/**
 * Why Tencent's verdict is missing. The closed list of what may degrade: what is not on it never does.
 * Source: the vendor's disaster-recovery document for the first six, this package's own limits for the rest.
 */
export type DegradationCause = (typeof degradationCauses)[number]

/** Causes that speak of Tencent's availability; they alone are evidence against the API. */
export type AvailabilityCause = (typeof availabilityCauses)[number]

/** {@link AvailabilityCause} as a list. */
export const availabilityCauses = [
  'timeout',
  'unreachable',
  'http_error',
  'bad_response',
  'internal_error',
  'system_busy',
] as const

/** {@link DegradationCause} as a list. The causes beyond availability say nothing new of Tencent. */
export const degradationCauses = [
  ...availabilityCauses,
  'circuit_open',
  'overloaded',
  'throttled',
  'client_fallback',
  'misconfigured',
  'override',
] as const

/** Refusals in which Tencent's verdict is not missing: the caller's input explains them. */
export type InputRefusal = (typeof inputRefusals)[number]

/** {@link InputRefusal} as a list. */
export const inputRefusals = [
  'ticket_missing',
  'ticket_malformed',
  'ticket_expired',
  'ticket_reused',
  'randstr_mismatch',
  'ticket_invalid',
  'app_mismatch',
  'risk_rejected',
  'rejected',
  'rate_limited',
] as const

/** Refusals of requests whose verdict is missing. */
export type DegradedRefusal = (typeof degradedRefusals)[number]

/** {@link DegradedRefusal} as a list. */
export const degradedRefusals = [
  'fallback_stale',
  'fallback_replayed',
  'misconfigured',
  'degradation_refused',
  'budget_exhausted',
] as const

export type RefusalReason = InputRefusal | DegradedRefusal

/** The most specific explanation of an outcome. */
export type CaptchaReason = 'verified' | DegradationCause | RefusalReason

/** {@link CaptchaReason} as a list, each once. */
export const captchaReasons: readonly CaptchaReason[] = [
  ...new Set<CaptchaReason>(['verified', ...degradationCauses, ...inputRefusals, ...degradedRefusals]),
]

/** The `code` of a refusal's problem+json. It says what the page should do and nothing about degradation. */
export type PublicCode = 'captcha_required' | 'captcha_invalid' | 'captcha_expired' | 'captcha_unavailable'

/** What Tencent, or the fallback ticket, said. Absent fields were not said. */
export interface TencentFacts {
  /** `CaptchaCode` of the reply. Tables: the vendor's `DescribeCaptchaResult` and `DescribeCaptchaMiniResult`. */
  readonly captchaCode?: number
  /** `CaptchaMsg` of the reply, for people; never compare it. */
  readonly captchaMsg?: string
  /** `EvilLevel`, 0 to 100; 100 is malicious (invisible mode). */
  readonly evilLevel?: number
  /** `Score`, 0 to 100; higher is more bot-like. */
  readonly score?: number
  /** `Response.Error.Code` of API 3.0. */
  readonly errorCode?: string
  /** `RequestId`: quote it to the vendor. */
  readonly requestId?: string
  /** The error code inside a fallback ticket. A claim of the caller, no evidence. */
  readonly clientErrorCode?: number
}

interface VerdictBase extends TencentFacts {
  /** Time spent in the guard, in milliseconds. */
  readonly durationMs: number
}

/** Tencent verified the ticket. */
export interface VerifiedVerdict extends VerdictBase {
  readonly passed: true
  readonly degraded: false
  readonly reason: 'verified'
  readonly cause?: never
}

/** Tencent's verdict is missing and the request may go on: not verified, and drawn from a purse. */
export interface DegradedPassVerdict extends VerdictBase {
  readonly passed: true
  readonly degraded: true
  readonly reason: DegradationCause
  readonly cause: DegradationCause
}

/** Refused for what the caller sent. */
export interface RefusedVerdict extends VerdictBase {
  readonly passed: false
  readonly degraded: false
  readonly reason: InputRefusal
  readonly cause?: never
}

/** Tencent's verdict is missing and the request may not go on. */
export interface DegradedRefusedVerdict extends VerdictBase {
  readonly passed: false
  readonly degraded: true
  readonly reason: DegradedRefusal
  readonly cause: DegradationCause
}

/** `req.captcha`: frozen, discriminated on `passed` and `degraded`. Verified and passed are two facts. */
export type CaptchaVerdict = VerifiedVerdict | DegradedPassVerdict | RefusedVerdict | DegradedRefusedVerdict

/** What a token reader found; anything but two strings is refused. */
export interface RawToken {
  readonly ticket?: unknown
  readonly randstr?: unknown
}

/**
 * The request as the options' functions see it: Express's, described by its shape so that this package's types need no
 * `@types/express`.
 */
export type CaptchaRequest = IncomingMessage &
  Express.Request & {
    // biome-ignore lint/suspicious/noExplicitAny: Express types a parsed body, query and params as any as well.
    readonly body?: any
    // biome-ignore lint/suspicious/noExplicitAny: see above
    readonly query: any
    // biome-ignore lint/suspicious/noExplicitAny: see above
    readonly params: any
    // biome-ignore lint/suspicious/noExplicitAny: cookie-parser's own type
    readonly cookies?: any
    readonly ip?: string | undefined
    readonly path: string
    readonly originalUrl: string
    readonly hostname: string
    get(name: string): string | undefined
  }

export type NextFunction = (error?: unknown) => void

/** Structural on purpose: typed as Express's own handler it would spoil the `req.params` inference of later handlers. */
export type CaptchaMiddleware = (req: IncomingMessage, res: ServerResponse, next: NextFunction) => void

/** A logger of pino's shape: object first, message second. */
export interface CaptchaLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Keys in the SDK's own shape, straight from the environment: checked for presence when the guard is made. */
export interface SdkCredential {
  readonly secretId?: string | null | undefined
  readonly secretKey?: string | null | undefined
  /** Belongs to temporary keys. */
  readonly token?: string | null | undefined
}

/** Keys known to be there. */
export interface TencentCredential {
  readonly secretId: string
  readonly secretKey: string
  readonly token?: string | undefined
}

/** Keys fetched on demand, e.g. the SDK's `CvmRoleCredential`. The fetch is under the deadline too. */
export interface DynamicCredential {
  getCredential(): Promise<SdkCredential>
}

/** A Tencent SDK client: anything with the SDK's `request`. */
export interface CaptchaClient {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK types its parameters and results as any.
  request(action: string, params: any, options?: any): Promise<any>
}
