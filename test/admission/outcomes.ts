import type { DegradationCause } from '../../lib/admission/cause-table.js'
import { degraded, type Outcome } from '../../lib/admission/outcome.js'
import { availabilityCauses } from './verdicts.js'

/** What calls to Tencent end in, by name. */
export const outcomes = {
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
  'no credential now': degraded('credential_unavailable', { isEvidence: false, wasSent: false, problem: 'expired' }),
  'a call given up': degraded('circuit_open'),
  'a bug': { kind: 'bug', error: new TypeError('a bug') },
  'timeout, event loop blocked': degraded('timeout', { isEvidence: false }),
} as const satisfies Record<string, Outcome>

export type OutcomeName = keyof typeof outcomes

/** Calls that failed for want of Tencent. */
export const availabilityFailures: readonly { readonly cause: DegradationCause; readonly outcome: Outcome }[] =
  availabilityCauses.map((cause) => ({ cause, outcome: degraded(cause) }))
