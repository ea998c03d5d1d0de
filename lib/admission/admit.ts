import { causeTable, type DegradationCause } from './cause-table.js'
import { type DegradedOutcome, degraded, noFacts, type Outcome } from './outcome.js'
import type { Answer, Answers, Decision, DecisionTrace, Evidence, PurseName, Question, Standing } from './question.js'
import type { ClassifiedTicket, FallbackTicket } from './ticket.js'
import { type Ending, makeVerdict } from './verdict.js'

/** What the decision needs to know about a request. */
export interface AdmissionRequest {
  readonly ticket: ClassifiedTicket
  /** False where no usable address of the user is known. */
  readonly hasAddress: boolean
  /** Oldest accepted time stamp of a fallback ticket, in milliseconds. */
  readonly maxFallbackAgeMs: number
}

/** A decision under way: it puts questions, takes their answers and ends in a {@link Decision}. */
export type Admission = Generator<Question, Decision, Answer>

/** The questions without details, made once. */
const ask = {
  look: { kind: 'look' },
  ask_tencent: { kind: 'ask_tencent' },
  record_verified: { kind: 'record_verified' },
  weigh: { kind: 'weigh' },
  measure_time: { kind: 'measure_time' },
} as const satisfies { readonly [kind in keyof Answers]?: Question & { readonly kind: kind } }

/**
 * The decision about one request: precheck, ask, resolve, report. It holds no I/O, no clock, no promise and no state; whatever
 * it has to know it asks for, and middleware, `check()`, simulation and proofs answer. Throws what an answer of kind `bug` holds.
 */
export function* admit(request: AdmissionRequest): Admission {
  const standing = (yield ask.look) as Answers['look']
  const early = precheck(request, standing)
  const outcome = early ?? ((yield ask.ask_tencent) as Answers['ask_tencent'])
  const stage = early ? 'precheck' : 'ask'
  let resolution: Resolution
  switch (outcome.kind) {
    case 'verified': {
      const { isFirst } = (yield ask.record_verified) as Answers['record_verified']
      resolution = isFirst
        ? { ending: { kind: 'verified' }, trace: { stage } }
        : { ending: refusal('ticket_reused'), trace: { stage: 'resolve' } }
      break
    }
    case 'refused':
      resolution = { ending: refusal(outcome.reason), trace: { stage } }
      break
    case 'degraded':
      resolution = yield* resolveDegraded(request.ticket, outcome)
      break
    case 'bug':
      throw outcome.error
  }
  const durationMs = (yield ask.measure_time) as Answers['measure_time']
  return { verdict: makeVerdict(resolution.ending, outcome.facts, durationMs), trace: resolution.trace }
}

/** What needs no call, in order of precedence: form, address, replay, age, override, rate limit. `undefined`: ask Tencent. */
function precheck({ ticket, hasAddress, maxFallbackAgeMs }: AdmissionRequest, standing: Standing): Outcome | undefined {
  if (ticket.kind === 'malformed') return { kind: 'refused', reason: 'ticket_malformed', facts: noFacts }
  if (ticket.kind === 'missing' && standing.override !== 'pass') {
    return { kind: 'refused', reason: 'ticket_missing', facts: noFacts }
  }
  // A made-up X-Forwarded-For must become neither Tencent's MissingParameter nor a client key.
  if (!hasAddress) return { kind: 'refused', reason: 'rejected', facts: noFacts }
  const facts = ticket.kind === 'fallback' ? { clientErrorCode: ticket.clientErrorCode } : noFacts
  if (standing.hasPassed) return { kind: 'refused', reason: replayReason(ticket), facts }
  if (ticket.kind === 'fallback' && isStale(ticket, maxFallbackAgeMs, standing.epochMs)) {
    return { kind: 'refused', reason: 'fallback_stale', facts }
  }
  if (standing.override === 'pass') return degraded('override', { facts, wasSent: false })
  if (ticket.kind === 'fallback') return degraded('client_fallback', { facts, wasSent: false })
  if (standing.isRateLimited) return { kind: 'refused', reason: 'rate_limited', facts }
  return undefined
}

/** How a decision ends, and what decided it. */
interface Resolution {
  readonly ending: Ending
  readonly trace: DecisionTrace
}

/** Tencent's verdict is missing: override, then rule, then purse. */
function* resolveDegraded(
  ticket: ClassifiedTicket,
  { cause, facts }: DegradedOutcome,
): Generator<Question, Resolution, Answer> {
  const row = causeTable[cause]
  const { override, evidence, evidenceWhy } = (yield ask.weigh) as Answers['weigh']
  const weighed: DecisionTrace = { stage: 'resolve', evidence, evidenceWhy }
  const isClosed = override === 'verify_only'
  // With every degraded pass refused, the rule still tells a configuration error that would have passed from one that would not.
  if (isClosed && row.refusal === 'degradation_refused')
    return { ending: refusal('degradation_refused', cause), trace: weighed }
  const rule = (yield { kind: 'apply_rule', cause, evidence }) as Answers['apply_rule']
  const ruled: DecisionTrace = { rule: rule.action, ruleFrom: rule.from, ...weighed }
  if (rule.action === 'refuse') return { ending: refusal(row.refusal, cause), trace: ruled }
  if (isClosed) return { ending: refusal('degradation_refused', cause), trace: ruled }
  const purse = choosePurse(cause, evidence, facts.clientErrorCode)
  const claim = (yield { kind: 'claim_pass', purse }) as Answers['claim_pass']
  if (claim.kind === 'replayed') return { ending: refusal(replayReason(ticket)), trace: ruled }
  const { used: purseUsed, limit: purseLimit, remaining: purseRemaining } = claim
  const claimed: DecisionTrace = { purse, purseUsed, purseLimit, purseRemaining, ...ruled }
  return claim.kind === 'granted'
    ? { ending: { kind: 'degraded_pass', cause }, trace: claimed }
    : { ending: refusal('budget_exhausted', cause), trace: { exhaustedBy: claim.by, ...claimed } }
}

/** The vendor's rate limit as the page reports it: shaped like abuse, never the sign of an outage. */
const clientErrorRateLimited = 1014

/** The purse that a degraded pass draws on. The evidence chooses, not the cause; only the override names its own. */
export function choosePurse(cause: DegradationCause, evidence: Evidence, clientErrorCode?: number): PurseName {
  if (causeTable[cause].purse === 'outage') return 'outage'
  if (clientErrorCode === clientErrorRateLimited) return 'doubt'
  return evidence === 'outage' ? 'outage' : 'doubt'
}

function refusal(reason: (Ending & { kind: 'refused' })['reason'], cause?: DegradationCause): Ending {
  return { kind: 'refused', reason, cause }
}

function replayReason(ticket: ClassifiedTicket): 'fallback_replayed' | 'ticket_reused' {
  return ticket.kind === 'fallback' ? 'fallback_replayed' : 'ticket_reused'
}

/** Clocks of phones run ahead; further ahead than this and the time stamp is made up. */
export const maxClockLeadMs = 60_000

function isStale({ issuedAtSeconds }: FallbackTicket, maxAgeMs: number, epochMs: number): boolean {
  const ageMs = epochMs - issuedAtSeconds * 1000
  return ageMs > maxAgeMs || ageMs < -maxClockLeadMs
}
