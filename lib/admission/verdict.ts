import {
  type DegradationCause,
  type DegradedRefusal,
  type InputRefusal,
  type RefusalReason,
  refusalTable,
} from './cause-table.js'
import type { TencentFacts } from './outcome.js'

interface VerdictBase extends TencentFacts {
  /** Milliseconds spent in the guard. */
  readonly durationMs: number
}

/** Tencent verified the ticket. */
export interface VerifiedVerdict extends VerdictBase {
  readonly passed: true
  readonly degraded: false
  readonly reason: 'verified'
  readonly cause?: never
}

/** Tencent's verdict is missing and the request may go on: not verified, drawn from a purse. */
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

/** How a decision ended, before its duration is known. */
export type Ending =
  | { readonly kind: 'verified' }
  | { readonly kind: 'degraded_pass'; readonly cause: DegradationCause }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly cause: DegradationCause | undefined }

/** Makes the frozen verdict; the only place that does. */
export function makeVerdict(ending: Ending, facts: TencentFacts, durationMs: number): CaptchaVerdict {
  switch (ending.kind) {
    case 'verified':
      return Object.freeze({ passed: true, degraded: false, reason: 'verified', ...facts, durationMs })
    case 'degraded_pass': {
      const { cause } = ending
      return Object.freeze({ passed: true, degraded: true, reason: cause, cause, ...facts, durationMs })
    }
    case 'refused': {
      const { reason, cause = 'client_fallback' } = ending
      return isDegraded(reason)
        ? Object.freeze({ passed: false, degraded: true, reason, cause, ...facts, durationMs })
        : Object.freeze({ passed: false, degraded: false, reason, ...facts, durationMs })
    }
  }
}

function isDegraded(reason: RefusalReason): reason is DegradedRefusal {
  return refusalTable[reason].degraded
}
