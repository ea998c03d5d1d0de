import {
  causeTable,
  type DegradationCause,
  type DegradedRefusal,
  degradationCauses,
  type RefusalReason,
  refusalTable,
} from '../admission/cause-table.js'
import type { CaptchaVerdict } from '../admission/verdict.js'

/** What a verdict counts as. */
export type VerdictResult = 'verified' | 'degraded_pass' | 'refused' | 'degraded_refusal'

/** The labels of a verdict; `cause` is empty, which to Prometheus is absent, where Tencent's verdict was there. */
export interface VerdictLabels {
  readonly result: VerdictResult
  readonly reason: string
  readonly cause: string
}

/** The result of a verdict. */
export function resultOf({ passed, degraded }: CaptchaVerdict): VerdictResult {
  if (passed) return degraded ? 'degraded_pass' : 'verified'
  return degraded ? 'degraded_refusal' : 'refused'
}

/** The labels of a verdict. */
export function labelsOf(verdict: CaptchaVerdict): VerdictLabels {
  return { result: resultOf(verdict), reason: verdict.reason, cause: verdict.cause ?? '' }
}

/**
 * The labels of every verdict that there can be. Their series begin at zero: `increase()` does not see the first event of a
 * series that begins with it, and a first `misconfigured` matters.
 */
export function verdictSeries(): readonly VerdictLabels[] {
  const reasons = Object.keys(refusalTable) as RefusalReason[]
  return [
    { result: 'verified', reason: 'verified', cause: '' },
    ...degradationCauses.map((cause) => ({ result: 'degraded_pass', reason: cause, cause }) as const),
    ...reasons.flatMap((reason): readonly VerdictLabels[] =>
      isDegraded(reason)
        ? causesOf(reason).map((cause) => ({ result: 'degraded_refusal', reason, cause }))
        : [{ result: 'refused', reason, cause: '' }],
    ),
  ]
}

function isDegraded(reason: RefusalReason): reason is DegradedRefusal {
  return refusalTable[reason].degraded
}

function causesOf(reason: DegradedRefusal): readonly DegradationCause[] {
  switch (reason) {
    case 'fallback_stale':
    case 'fallback_replayed':
      return ['client_fallback']
    case 'misconfigured':
      return degradationCauses.filter((cause) => causeTable[cause].refusal === 'misconfigured')
    case 'degradation_refused':
    case 'budget_exhausted':
      return degradationCauses
  }
}
