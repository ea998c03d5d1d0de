import type { DegradationCause } from './cause-table.js'
import type { Outcome } from './outcome.js'
import type { CaptchaVerdict } from './verdict.js'

/** Whether the server itself has seen an outage. Nothing that a caller sends changes it. */
export type Evidence = 'outage' | 'none'
/** The operator's kill switch. */
export type OverrideMode = 'pass' | 'verify_only' | 'none'
/** Longest that an override with an end may last; `'pass'` always has one. */
export const maxOverrideMs = 86_400_000
/** The two supplies of degraded passes. */
export type PurseName = 'outage' | 'doubt'
/** What a rule decides about a missing verdict. */
export type RuleAction = 'pass' | 'refuse'

/** What is known about a request before Tencent is asked. */
export interface Standing {
  readonly override: OverrideMode
  /** The ticket passed on another request in the last five minutes. */
  readonly hasPassed: boolean
  /** Tencent refused too many tickets of this client. */
  readonly isRateLimited: boolean
  /** Milliseconds since 1970. */
  readonly epochMs: number
}

/** What is known when a missing verdict is decided on. */
export interface Weight {
  readonly override: OverrideMode
  readonly evidence: Evidence
  /** Why there is evidence, or none. */
  readonly evidenceWhy: string
}

/** A rule's answer and whose it is: the cause table's, a constant of the options, or the application's function. */
export interface AppliedRule {
  readonly action: RuleAction
  readonly from: 'default' | 'option' | 'function'
}

/** What the purse said. */
export type Claim =
  | ({ readonly kind: 'granted' } & PurseUse)
  | ({ readonly kind: 'exhausted'; readonly by: 'client' | 'total' } & PurseUse)
  | { readonly kind: 'replayed' }

/** How far a purse is used. */
export interface PurseUse {
  /** Passes of this client in its window, this one included. */
  readonly used: number
  /** Most that this client may have in the window. */
  readonly limit: number
  /** Passes that the total still holds. */
  readonly remaining: number
}

/** Questions of the decision to the outside, with the answer of each. */
export interface Answers {
  look: Standing
  ask_tencent: Outcome
  record_verified: { readonly isFirst: boolean }
  weigh: Weight
  apply_rule: AppliedRule
  claim_pass: Claim
  /** Milliseconds since the request came. */
  measure_time: number
}

/** One question. */
export type Question =
  | { readonly kind: Exclude<keyof Answers, 'apply_rule' | 'claim_pass'> }
  | { readonly kind: 'apply_rule'; readonly cause: DegradationCause; readonly evidence: Evidence }
  | { readonly kind: 'claim_pass'; readonly purse: PurseName }

/** An answer to any question. */
export type Answer = Answers[keyof Answers]

/** What decided, step by step; logged with the verdict. */
export interface DecisionTrace {
  /** The stage that decided. */
  readonly stage: 'precheck' | 'ask' | 'resolve'
  readonly rule?: RuleAction
  readonly ruleFrom?: AppliedRule['from']
  readonly evidence?: Evidence
  readonly evidenceWhy?: string
  readonly purse?: PurseName
  readonly purseUsed?: number
  readonly purseLimit?: number
  readonly purseRemaining?: number
  readonly exhaustedBy?: 'client' | 'total'
}

/** The end of a decision: what goes on `req.captcha`, and why. */
export interface Decision {
  readonly verdict: CaptchaVerdict
  readonly trace: DecisionTrace
}
