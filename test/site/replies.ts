import type { DegradationCause } from '../../lib/admission/cause-table.js'
import { type DegradedOutcome, degraded, type Outcome } from '../../lib/admission/outcome.js'

/** Every kind of reply there is, by name. */
export const replies = {
  'code 1': { kind: 'verified', facts: { captchaCode: 1 } },
  'code 1, EvilLevel 100': { kind: 'refused', reason: 'risk_rejected', facts: { captchaCode: 1, evilLevel: 100 } },
  'code 7': { kind: 'refused', reason: 'randstr_mismatch', facts: { captchaCode: 7 } },
  'code 8': { kind: 'refused', reason: 'ticket_expired', facts: { captchaCode: 8 } },
  'code 9': { kind: 'refused', reason: 'ticket_reused', facts: { captchaCode: 9 } },
  'code 15': { kind: 'refused', reason: 'ticket_invalid', facts: { captchaCode: 15 } },
  'code 16': { kind: 'refused', reason: 'app_mismatch', facts: { captchaCode: 16 } },
  'code 21': { kind: 'refused', reason: 'risk_rejected', facts: { captchaCode: 21 } },
  'code 4711': { kind: 'refused', reason: 'rejected', facts: { captchaCode: 4711 } },
  InvalidParameter: { kind: 'refused', reason: 'rejected', facts: { errorCode: 'InvalidParameter' } },
  RequestLimitExceeded: degraded('throttled', { facts: { errorCode: 'RequestLimitExceeded' } }),
  'AuthFailure.SecretIdNotFound': degraded('misconfigured', { facts: { errorCode: 'AuthFailure.SecretIdNotFound' } }),
  'no credential': degraded('misconfigured', { isEvidence: false, wasSent: false, problem: 'getCredential rejected' }),
  aborted: degraded('circuit_open'),
  bug: { kind: 'bug', error: new TypeError('a bug') },
  'timeout, event loop blocked': degraded('timeout', { isEvidence: false }),
} as const satisfies Record<string, Outcome>

/** Causes that speak about Tencent's availability. */
const availabilityCauses = [
  'timeout',
  'unreachable',
  'http_error',
  'bad_response',
  'internal_error',
  'system_busy',
] as const satisfies readonly DegradationCause[]

/** A reply for each of them. */
export const availabilityFailures: readonly DegradedOutcome[] = availabilityCauses.map((cause) => degraded(cause))
