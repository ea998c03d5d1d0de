import type { DegradationCause, DegradedRefusal, InputRefusal } from '../../lib/admission/cause-table.js'
import type { TencentFacts } from '../../lib/admission/outcome.js'
import { type CaptchaVerdict, makeVerdict } from '../../lib/admission/verdict.js'

/** Written out by hand; the test of the tables holds that they are complete. */
export const causes = [
  'timeout',
  'unreachable',
  'http_error',
  'bad_response',
  'internal_error',
  'system_busy',
  'circuit_open',
  'overloaded',
  'throttled',
  'credential_unavailable',
  'client_fallback',
  'misconfigured',
  'override',
] as const satisfies readonly DegradationCause[]

/** The causes that speak of Tencent's availability. */
export const availabilityCauses = causes.slice(0, 6)

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
] as const satisfies readonly InputRefusal[]

export const degradedRefusals = [
  'fallback_stale',
  'fallback_replayed',
  'misconfigured',
  'degradation_refused',
  'budget_exhausted',
] as const satisfies readonly DegradedRefusal[]

export function verified(facts: TencentFacts = {}, durationMs = 1): CaptchaVerdict {
  return makeVerdict({ kind: 'verified' }, facts, durationMs)
}

export function degradedPass(cause: DegradationCause, facts: TencentFacts = {}, durationMs = 1): CaptchaVerdict {
  return makeVerdict({ kind: 'degraded_pass', cause }, facts, durationMs)
}

export function refused(reason: InputRefusal, facts: TencentFacts = {}, durationMs = 1): CaptchaVerdict {
  return makeVerdict({ kind: 'refused', reason, cause: undefined }, facts, durationMs)
}

export function degradedRefusal(
  reason: DegradedRefusal,
  cause: DegradationCause,
  facts: TencentFacts = {},
  durationMs = 1,
): CaptchaVerdict {
  return makeVerdict({ kind: 'refused', reason, cause }, facts, durationMs)
}
