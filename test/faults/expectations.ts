import type { CaptchaReason, DegradationCause } from '../../lib/admission/cause-table.js'
import type { Expected } from './fault-case.js'

const neverSuspect = { afterOne: 'closed', afterTwenty: 'closed' } as const

/**
 * An availability failure that is known at once. A lone one is no evidence: the user passes from the doubt purse, and the
 * circuit is suspect. Many of them and a canary that fails open it, and who comes then waits for nothing.
 */
export function failsAtOnce(cause: DegradationCause, sent = 1): Expected {
  return {
    verdict: { reason: cause, cause, passed: true, evidence: 'none' },
    time: 'at once',
    sent,
    lines: ['captcha_degraded'],
    circuit: { afterOne: 'suspect', afterTwenty: 'open' },
    next: { reason: 'circuit_open', time: 'at once' },
  }
}

/**
 * No answer. The canary fails before the first caller's deadline, so that even this one is released by the circuit, with
 * evidence of an outage. Only who was there when it began has waited.
 */
export function unanswered(sent = 1): Expected {
  return {
    verdict: { reason: 'circuit_open', cause: 'circuit_open', passed: true, evidence: 'outage' },
    time: 'at the deadline',
    sent,
    lines: ['captcha_degraded', 'captcha_outage_started'],
    circuit: { afterOne: 'open', afterTwenty: 'open' },
    next: { reason: 'circuit_open', time: 'at once' },
  }
}

/** The fault costs the user nothing. */
export function verified(more: Partial<Expected> = {}): Expected {
  return {
    verdict: { reason: 'verified', passed: true },
    time: 'at once',
    sent: 1,
    lines: [],
    circuit: neverSuspect,
    next: { reason: 'verified', time: more.time ?? 'at once' },
    ...more,
  }
}

/** What only the operator can cause: refused, and no evidence. */
export function misconfigured(more: Partial<Expected> = {}): Expected {
  return {
    verdict: { reason: 'misconfigured', cause: 'misconfigured', passed: false, evidence: 'none' },
    time: 'at once',
    sent: 1,
    lines: ['captcha_degraded', 'captcha_misconfigured'],
    circuit: neverSuspect,
    next: { reason: 'misconfigured', time: 'at once' },
    ...more,
  }
}

/** Tencent's own refusal, or what a caller can cause. */
export function refused(reason: CaptchaReason): Expected {
  return {
    verdict: { reason, passed: false },
    time: 'at once',
    sent: 1,
    lines: ['captcha_refused'],
    circuit: neverSuspect,
    next: { reason, time: 'at once' },
  }
}

/**
 * A failure that is no evidence: the doubt purse holds ten passes, so that ten of twenty pass and the next one does not.
 */
export function noEvidence(cause: DegradationCause, more: Partial<Expected> = {}): Expected {
  return {
    verdict: { reason: cause, cause, passed: true, evidence: 'none' },
    time: 'at once',
    sent: 1,
    lines: ['captcha_degraded'],
    circuit: neverSuspect,
    next: { reason: 'budget_exhausted', time: 'at once' },
    ...more,
  }
}
