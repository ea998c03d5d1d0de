import type { DegradationCause, PublicCode, RefusalReason } from '../types.js'

/** How a refused request is answered. */
export interface RefusalRow {
  readonly degraded: boolean
  readonly status: 400 | 403 | 429 | 503
  readonly code: PublicCode
  readonly retryAfter: boolean
}

/**
 * Every way to be refused. `satisfies` makes the compiler complete the table: a reason without a row does not build.
 */
export const refusalTable = {
  ticket_missing: { degraded: false, status: 400, code: 'captcha_required', retryAfter: false },
  ticket_malformed: { degraded: false, status: 400, code: 'captcha_invalid', retryAfter: false },
  ticket_expired: { degraded: false, status: 403, code: 'captcha_expired', retryAfter: false },
  ticket_reused: { degraded: false, status: 403, code: 'captcha_expired', retryAfter: false },
  randstr_mismatch: { degraded: false, status: 403, code: 'captcha_invalid', retryAfter: false },
  ticket_invalid: { degraded: false, status: 403, code: 'captcha_invalid', retryAfter: false },
  app_mismatch: { degraded: false, status: 403, code: 'captcha_invalid', retryAfter: false },
  risk_rejected: { degraded: false, status: 403, code: 'captcha_invalid', retryAfter: false },
  rejected: { degraded: false, status: 403, code: 'captcha_invalid', retryAfter: false },
  rate_limited: { degraded: false, status: 429, code: 'captcha_invalid', retryAfter: true },
  fallback_stale: { degraded: true, status: 403, code: 'captcha_invalid', retryAfter: false },
  fallback_replayed: { degraded: true, status: 403, code: 'captcha_invalid', retryAfter: false },
  misconfigured: { degraded: true, status: 503, code: 'captcha_unavailable', retryAfter: false },
  degradation_refused: { degraded: true, status: 503, code: 'captcha_unavailable', retryAfter: true },
  budget_exhausted: { degraded: true, status: 503, code: 'captcha_unavailable', retryAfter: true },
} as const satisfies Record<RefusalReason, RefusalRow>

/** Which purse a degraded pass may draw on. */
export type PurseChoice = 'by_evidence' | 'outage'

export interface CauseRow {
  /** What happens without a rule of the operator's. */
  readonly defaultRule: 'pass' | 'refuse'
  readonly purse: PurseChoice
  /** The reason of a refusal by rule or override. */
  readonly refusal: 'degradation_refused' | 'misconfigured'
}

/**
 * Why was this let in? Every way in that is not `verified` is a row here: its rule says whether, and the evidence, not the
 * cause, says from which purse. Only the operator's own override names a purse of its own.
 */
export const causeTable = {
  timeout: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  unreachable: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  http_error: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  bad_response: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  internal_error: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  system_busy: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  circuit_open: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  overloaded: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  throttled: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  client_fallback: { defaultRule: 'pass', purse: 'by_evidence', refusal: 'degradation_refused' },
  misconfigured: { defaultRule: 'refuse', purse: 'by_evidence', refusal: 'misconfigured' },
  override: { defaultRule: 'pass', purse: 'outage', refusal: 'degradation_refused' },
} as const satisfies Record<DegradationCause, CauseRow>
