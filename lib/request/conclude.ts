import { decide, type Evidence, type PurseName } from '../admission/decide.js'
import type { Outcome } from '../admission/outcome.js'
import { type VerdictDetails, verdict } from '../admission/verdict.js'
import { wasLeftUnanswered } from '../admission/was-left-unanswered.js'
import type { GuardParts } from '../guard-parts.js'
import type { DegradationSituation, RuleAction } from '../options/options.js'
import type { PassResult } from '../site/ledger.js'
import type { CaptchaVerdict, DegradationCause } from '../types.js'
import { verifyCall } from './ask-tencent.js'
import type { Visit } from './visit.js'

/** A verdict and how it came about. */
export interface Decided {
  readonly verdict: CaptchaVerdict
  readonly evidence?: Evidence
  readonly purse?: PurseName
  readonly purseRemaining?: number
}

/**
 * Turns an outcome into a verdict; where Tencent's is missing, by override, rule and purse. The one await on the store.
 * `undefined`: the client went away.
 */
export async function conclude(parts: GuardParts, visit: Visit, outcome: Outcome): Promise<Decided | undefined> {
  if (outcome.kind === 'gone' || visit.gone.aborted) return undefined
  const details = { facts: outcome.facts, durationMs: Math.round(parts.clock.nowMs() - visit.startedMs) }
  switch (outcome.kind) {
    case 'verified':
      return {
        verdict: (await recordVerified(parts, visit))
          ? verdict.verified(details)
          : verdict.refused('ticket_reused', details),
      }
    case 'refused':
      return { verdict: verdict.refused(outcome.reason, details) }
    case 'fallback_refused':
      return { verdict: verdict.degradedRefusal(outcome.reason, 'client_fallback', details) }
    case 'degraded':
      return concludeDegraded(parts, visit, outcome.cause, details)
  }
}

async function concludeDegraded(
  parts: GuardParts,
  visit: Visit,
  cause: DegradationCause,
  details: VerdictDetails,
): Promise<Decided | undefined> {
  const { clientErrorCode } = details.facts
  const evidence = parts.degradation.evidenceFor(ticketKind(visit))
  const situation = { cause, evidence, ...(clientErrorCode !== undefined && { clientErrorCode }) }
  const override = parts.degradation.override.mode
  const decision = decide({ ...situation, override }, () => ruleAction(parts, visit, situation))
  if (decision.kind === 'refuse') return { verdict: verdict.degradedRefusal(decision.reason, cause, details), evidence }
  const { purse } = decision
  const pass = await claimPass(parts, visit, purse)
  if (visit.gone.aborted) {
    if (pass.kind === 'granted') pass.giveBack()
    return undefined
  }
  const trace = { evidence, purse, ...('remaining' in pass && { purseRemaining: pass.remaining }) }
  switch (pass.kind) {
    case 'granted':
    case 'granted_before':
      return { verdict: keepForLater(parts, visit, verdict.degradedPass(cause, details)), ...trace }
    case 'exhausted':
    case 'exhausted_before':
      return { verdict: verdict.degradedRefusal('budget_exhausted', cause, details), ...trace }
    case 'replayed':
      return visit.ticket.kind === 'fallback'
        ? { verdict: verdict.degradedRefusal('fallback_replayed', 'client_fallback', details), evidence }
        : { verdict: verdict.refused('ticket_reused', details) }
  }
}

function ruleAction(
  { config }: GuardParts,
  visit: Visit,
  situation: Pick<DegradationSituation, 'cause' | 'evidence' | 'clientErrorCode'>,
): RuleAction {
  const { cause } = situation
  const rule = config.degradation.rules[cause]
  if (typeof rule !== 'function') return rule
  const { clientKey, req: request } = visit
  const action: unknown = rule(Object.freeze({ ...situation, ticketKind: ticketKind(visit), clientKey, request }))
  if (action === 'pass' || action === 'refuse') return action
  throw new TypeError(
    `tencent-captcha-guard: the rule for \`${cause}\` returned ${String(action)}; it must return 'pass' or 'refuse'.`,
  )
}

type VisitPass = PassResult | { readonly kind: 'granted_before' | 'exhausted_before' }

/** A second guard on the same request reuses what the first drew: one request, one pass. */
async function claimPass({ degradation }: GuardParts, visit: Visit, purse: PurseName): Promise<VisitPass> {
  const { shared, ticketKey, clientKey } = visit
  if (shared.passResult === 'granted') return { kind: 'granted_before' }
  if (shared.passResult === 'exhausted') return { kind: 'exhausted_before' }
  if (shared.passResult === 'replayed') return { kind: 'replayed' }
  const pass = await degradation.ledger.claimPass({
    purse,
    clientKey,
    ticketKey,
    isFallback: visit.ticket.kind === 'fallback',
  })
  shared.passResult = pass.kind
  if (pass.kind === 'granted') {
    shared.hasPassed = true
    shared.giveBack = pass.giveBack
  }
  return pass
}

async function recordVerified({ degradation }: GuardParts, visit: Visit): Promise<boolean> {
  const { shared, ticketKey, clientKey } = visit
  const isFirst = ticketKey !== undefined && (await degradation.recordVerified(ticketKey, clientKey))
  if (isFirst) shared.hasPassed = true
  return shared.hasPassed
}

/** A real ticket behind a degraded pass is verified when Tencent is back. */
function keepForLater(parts: GuardParts, visit: Visit, made: CaptchaVerdict): CaptchaVerdict {
  const { config, clock, late } = parts
  const call = verifyCall(visit)
  if (!config.degradation.lateVerification || call === undefined || visit.shared.dropLate) return made
  const { clientKey, ticketHash } = visit
  visit.shared.dropLate = late.add({
    context: { call, verdict: made, clientKey, ticketHash, at: clock.epochMs() },
    passedMs: clock.nowMs(),
    hadUnansweredCall: wasLeftUnanswered(visit.shared.reply),
  })
  return made
}

function ticketKind({ ticket }: Visit): DegradationSituation['ticketKind'] {
  return ticket.kind === 'malformed' ? 'missing' : ticket.kind
}
