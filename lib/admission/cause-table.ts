/** What the page should do about a refusal. It says nothing about degradation: attackers read it as well. */
export type PublicCode = 'captcha_required' | 'captcha_invalid' | 'captcha_expired' | 'captcha_unavailable'

/** The HTTP answer to a refused request. */
export interface RefusalAnswer {
  readonly status: 400 | 403 | 429 | 503
  readonly code: PublicCode
  /** Whether the answer carries `Retry-After`. */
  readonly retryAfter: boolean
}

const required = { status: 400, code: 'captcha_required', retryAfter: false } as const
const malformed = { status: 400, code: 'captcha_invalid', retryAfter: false } as const
const invalid = { status: 403, code: 'captcha_invalid', retryAfter: false } as const
const expired = { status: 403, code: 'captcha_expired', retryAfter: false } as const
const tooMany = { status: 429, code: 'captcha_invalid', retryAfter: true } as const
const unavailable = { status: 503, code: 'captcha_unavailable', retryAfter: true } as const
const broken = { status: 503, code: 'captcha_unavailable', retryAfter: false } as const

/** Everything that follows from one cause. */
export interface CauseRow {
  /** What happens where the operator gave no rule. */
  readonly rule: 'pass' | 'refuse'
  /** `by_evidence`: the outage purse with evidence of an outage, the doubt purse without. */
  readonly purse: 'by_evidence' | 'outage'
  /** What the circuit learns from a call that ended like this. */
  readonly circuit: 'failure' | 'unanswered' | 'throttled' | 'neutral'
  /** What a canary that ended like this says about Tencent. */
  readonly canary: 'failed' | 'healthy' | 'unknown'
  /** Whether Tencent may have spent the ticket on a call that ended like this: code 9 then proves nothing. */
  readonly maySpend: boolean
  /** The reason of a refusal by rule or override. */
  readonly refusal: 'degradation_refused' | 'misconfigured'
  /** The HTTP answer to that refusal. */
  readonly http: RefusalAnswer
}

/**
 * Why was this let in? Every degraded pass has one of these causes. The rule says whether it may pass, the evidence says
 * from which purse; types, lists and what the circuit learns follow from the rows. The first six speak about Tencent's
 * availability (the vendor's disaster-recovery document); the others are limits of this package, or the operator's.
 */
// biome-ignore format: a table is read by its columns
export const causeTable = {
  /** Tencent did not answer within `timeoutMs`. Cure: none here; a short `timeoutMs` makes it frequent. */
  timeout:         { rule: 'pass',   purse: 'by_evidence', circuit: 'unanswered', canary: 'failed',  maySpend: true,  refusal: 'degradation_refused', http: unavailable },
  /** DNS, connect, reset or TLS failed. Cure: check name resolution, egress rules and certificates of this machine. */
  unreachable:     { rule: 'pass',   purse: 'by_evidence', circuit: 'failure',    canary: 'failed',  maySpend: true,  refusal: 'degradation_refused', http: unavailable },
  /** An HTTP status other than 200. Cure: check for a proxy or a portal between this machine and Tencent. */
  http_error:      { rule: 'pass',   purse: 'by_evidence', circuit: 'failure',    canary: 'failed',  maySpend: true,  refusal: 'degradation_refused', http: unavailable },
  /** No API 3.0 reply: no JSON, no numeric `CaptchaCode`, an event stream, or over 64 KiB. Cure: as for `http_error`. */
  bad_response:    { rule: 'pass',   purse: 'by_evidence', circuit: 'failure',    canary: 'failed',  maySpend: true,  refusal: 'degradation_refused', http: unavailable },
  /** API error `InternalError`, `ServiceUnavailable` or a relative. Cure: Tencent's; quote `requestId`. */
  internal_error:  { rule: 'pass',   purse: 'by_evidence', circuit: 'failure',    canary: 'failed',  maySpend: false, refusal: 'degradation_refused', http: unavailable },
  /** `CaptchaCode` 26. Cure: Tencent's; quote `requestId`. */
  system_busy:     { rule: 'pass',   purse: 'by_evidence', circuit: 'failure',    canary: 'failed',  maySpend: false, refusal: 'degradation_refused', http: unavailable },
  /** Tencent was not asked, or no longer waited for: the circuit is open. Cure: ends with the outage, found by canaries. */
  circuit_open:    { rule: 'pass',   purse: 'by_evidence', circuit: 'neutral',    canary: 'unknown', maySpend: true,  refusal: 'degradation_refused', http: unavailable },
  /** More than `maxInFlight` verifications under way, too many of one client, or this machine has no descriptor, port or finished name lookup left. Cure: raise the limit, or limit callers earlier. */
  overloaded:      { rule: 'pass',   purse: 'by_evidence', circuit: 'neutral',    canary: 'unknown', maySpend: false, refusal: 'degradation_refused', http: unavailable },
  /** Tencent's rate limit (`RequestLimitExceeded*`). A flood can cause it. Cure: ask Tencent for a higher one. */
  throttled:       { rule: 'pass',   purse: 'by_evidence', circuit: 'throttled',  canary: 'healthy', maySpend: false, refusal: 'degradation_refused', http: unavailable },
  /** A provider of keys that worked before gives no valid ones now. Cure: the line `captcha_misconfigured` says what failed. */
  credential_unavailable: { rule: 'pass',   purse: 'by_evidence', circuit: 'neutral',    canary: 'unknown', maySpend: false, refusal: 'degradation_refused', http: unavailable },
  /** The page sent a fallback ticket: an unsigned claim that the vendor's script failed. Cure: check the page's script and CSP. */
  client_fallback: { rule: 'pass',   purse: 'by_evidence', circuit: 'neutral',    canary: 'unknown', maySpend: false, refusal: 'degradation_refused', http: unavailable },
  /** Keys, permissions, package or bill are wrong. Cure: the console; the log line `captcha_misconfigured` names the error. */
  misconfigured:   { rule: 'refuse', purse: 'by_evidence', circuit: 'neutral',    canary: 'healthy', maySpend: false, refusal: 'misconfigured',       http: broken },
  /** The operator's own `override('pass')`. Cure: `override('none')`, or wait for its end. */
  override:        { rule: 'pass',   purse: 'outage',      circuit: 'neutral',    canary: 'unknown', maySpend: false, refusal: 'degradation_refused', http: unavailable },
} as const satisfies Record<string, CauseRow>

/** Why Tencent's verdict is missing. A closed list: what is not on it never degrades. `docs/verdict.md` explains each. */
export type DegradationCause = keyof typeof causeTable

/** {@link DegradationCause} as a list. */
export const degradationCauses = Object.keys(causeTable) as readonly DegradationCause[]

/** Every reason to refuse a request, with its answer. `degraded`: Tencent's verdict is missing. */
// biome-ignore format: a table is read by its columns
export const refusalTable = {
  /** No ticket, or on the web no randstr. Cure: the page has to send both; see `readToken`. */
  ticket_missing:      { degraded: false, ...required },
  /** No string, too long, two sources that disagree, or a fallback prefix without a valid form. Cure: check what the page sends. */
  ticket_malformed:    { degraded: false, ...malformed },
  /** `CaptchaCode` 8: older than five minutes. Cure: the user solves another challenge. */
  ticket_expired:      { degraded: false, ...expired },
  /** `CaptchaCode` 9, or a ticket that passed here within five minutes. Cure: the page must not send a ticket twice. */
  ticket_reused:       { degraded: false, ...expired },
  /** `CaptchaCode` 7 on the web: the randstr belongs to another ticket. Cure: the page must send the pair of one callback. */
  randstr_mismatch:    { degraded: false, ...invalid },
  /** `CaptchaCode` 15 (mini program also 10, 25): a ticket that Tencent did not issue. Cure: on every ticket, check the app id and its key. */
  ticket_invalid:      { degraded: false, ...invalid },
  /** `CaptchaCode` 16, 100 (mini program 7): a ticket of another app id. Cure: page and server need the same `captchaAppId`. */
  app_mismatch:        { degraded: false, ...invalid },
  /** `CaptchaCode` 21, or 1 with `EvilLevel` 100: Tencent's risk engine refuses the user. Cure: none. */
  risk_rejected:       { degraded: false, ...invalid },
  /** Any other code or API error, or a request without a usable address. Cure: the log line has `captchaCode` and `errorCode`. */
  rejected:            { degraded: false, ...invalid },
  /** Tencent refused ten tickets of this client within a minute. Cure: wait a minute. */
  rate_limited:        { degraded: false, ...tooMany },
  /** A fallback ticket older than `fallback.maxAgeMs`, or more than a minute ahead. Cure: the page makes a new one. */
  fallback_stale:      { degraded: true, ...invalid },
  /** A fallback ticket that passed before, as long as it is not stale. Cure: the page makes a new one. */
  fallback_replayed:   { degraded: true, ...invalid },
  /** See the cause of the same name. */
  misconfigured:       { degraded: true, ...causeTable.misconfigured.http },
  /** A rule or `override('verify_only')` refused a degraded pass. Cure: the operator's choice. */
  degradation_refused: { degraded: true, ...unavailable },
  /** The purse has no pass left for this client, or none at all. Cure: `expectedPerMinute`, or larger purses. */
  budget_exhausted:    { degraded: true, ...unavailable },
} as const satisfies Record<string, RefusalAnswer & { readonly degraded: boolean }>

/** Every reason of a refusal. */
export type RefusalReason = keyof typeof refusalTable

/** Refusals of requests whose verdict is missing. */
export type DegradedRefusal = {
  [reason in RefusalReason]: (typeof refusalTable)[reason]['degraded'] extends true ? reason : never
}[RefusalReason]

/** Refusals that the caller's own input explains. */
export type InputRefusal = Exclude<RefusalReason, DegradedRefusal>

/** The most specific explanation of an outcome. `docs/verdict.md` explains each. */
export type CaptchaReason = 'verified' | DegradationCause | RefusalReason

/** {@link CaptchaReason} as a list, each once. */
export const captchaReasons: readonly CaptchaReason[] = [
  ...new Set<CaptchaReason>(['verified', ...degradationCauses, ...(Object.keys(refusalTable) as RefusalReason[])]),
]
