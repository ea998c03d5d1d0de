import type { Reply } from '../../lib/tencent/classify-reply.js'
import { availabilityCauses } from '../../lib/types.js'

const facts = {}

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
  RequestLimitExceeded: { kind: 'throttled', facts: { errorCode: 'RequestLimitExceeded' } },
  'AuthFailure.SecretIdNotFound': { kind: 'misconfigured', facts: { errorCode: 'AuthFailure.SecretIdNotFound' } },
  'no credential': { kind: 'misconfigured', facts, problem: 'getCredential rejected' },
  aborted: { kind: 'aborted' },
  bug: { kind: 'bug', error: new TypeError('a bug') },
  'timeout, event loop blocked': { kind: 'unavailable', cause: 'timeout', facts, isEvidence: false },
} satisfies Record<string, Reply>

export const availabilityFailures: readonly (Reply & { readonly kind: 'unavailable' })[] = availabilityCauses.map(
  (cause) => ({ kind: 'unavailable', cause, facts, isEvidence: true }),
)
