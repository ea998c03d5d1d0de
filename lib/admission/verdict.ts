import type {
  CaptchaVerdict,
  DegradationCause,
  DegradedPassVerdict,
  DegradedRefusal,
  DegradedRefusedVerdict,
  InputRefusal,
  RefusedVerdict,
  TencentFacts,
  VerifiedVerdict,
} from '../types.js'

/** What is known about the outcome, beside how it came about. */
export interface VerdictDetails {
  readonly facts: TencentFacts
  readonly durationMs: number
}

/** Makes frozen verdicts; the only place that does. */
export const verdict = {
  verified: ({ facts, durationMs }: VerdictDetails): VerifiedVerdict =>
    Object.freeze({ passed: true, degraded: false, reason: 'verified', ...facts, durationMs }),

  degradedPass: (cause: DegradationCause, { facts, durationMs }: VerdictDetails): DegradedPassVerdict =>
    Object.freeze({ passed: true, degraded: true, reason: cause, cause, ...facts, durationMs }),

  refused: (reason: InputRefusal, { facts, durationMs }: VerdictDetails): RefusedVerdict =>
    Object.freeze({ passed: false, degraded: false, reason, ...facts, durationMs }),

  degradedRefusal: (
    reason: DegradedRefusal,
    cause: DegradationCause,
    { facts, durationMs }: VerdictDetails,
  ): DegradedRefusedVerdict => Object.freeze({ passed: false, degraded: true, reason, cause, ...facts, durationMs }),
} satisfies Record<string, (...args: never[]) => CaptchaVerdict>
