import type { RuleAction } from '../options/options.js'
import type { DegradationCause } from '../types.js'
import { causeTable } from './cause-table.js'

export type Evidence = 'outage' | 'none'
export type OverrideMode = 'pass' | 'verify_only' | 'none'
export type PurseName = 'outage' | 'doubt'

/** All that a decision about a missing verdict depends on. */
export interface DegradedSituation {
  readonly cause: DegradationCause
  readonly evidence: Evidence
  readonly override: OverrideMode
  readonly clientErrorCode?: number
}

export type DegradedDecision =
  /** Let in if this purse still has something for this client. */
  | { readonly kind: 'draw'; readonly purse: PurseName }
  | { readonly kind: 'refuse'; readonly reason: 'degradation_refused' | 'misconfigured' }

/** The vendor's rate limit, reported by the page: abuse-shaped, never the sign of an outage. */
const clientErrorRateLimited = 1014

/** Decides over one request whose verdict is missing: override first, then the rule, then which purse. */
export function decide(situation: DegradedSituation, rule: () => RuleAction): DegradedDecision {
  const row = causeTable[situation.cause]
  if (situation.override === 'verify_only') {
    const isPassedByRule = row.refusal !== 'degradation_refused' && rule() === 'pass'
    return { kind: 'refuse', reason: isPassedByRule ? 'degradation_refused' : row.refusal }
  }
  if (rule() === 'refuse') return { kind: 'refuse', reason: row.refusal }
  return { kind: 'draw', purse: purseFor(situation) }
}

function purseFor({ cause, evidence, clientErrorCode }: DegradedSituation): PurseName {
  if (causeTable[cause].purse === 'outage') return 'outage'
  if (clientErrorCode === clientErrorRateLimited) return 'doubt'
  return evidence === 'outage' ? 'outage' : 'doubt'
}
