import { noFacts, type Outcome } from '../admission/outcome.js'
import type { GuardParts } from '../guard-parts.js'
import { isStaleFallback } from '../tencent/classify-ticket.js'
import type { InputRefusal, TencentFacts } from '../types.js'
import type { Visit } from './visit.js'

/** What needs nobody else, in order of precedence: form, replay, age, override, rate limit. `undefined`: Tencent must be asked. */
export function judgeAlone({ config, clock, degradation, proxyHints }: GuardParts, visit: Visit): Outcome | undefined {
  const { ticket, ticketKey, shared } = visit
  if (visit.gone.aborted) return { kind: 'gone' }
  const isOverridden = degradation.override.mode === 'pass'
  proxyHints.look(visit.req, visit.address)
  degradation.clientPath.noteTraffic(ticket.kind === 'fallback')
  if (ticket.kind === 'malformed') return refused('ticket_malformed')
  if (ticket.kind === 'missing' && !isOverridden) return refused('ticket_missing')
  // A made-up X-Forwarded-For must become neither Tencent's MissingParameter nor a client key.
  if (visit.address === undefined) return refused('rejected')
  const facts = ticket.kind === 'fallback' ? { clientErrorCode: ticket.clientErrorCode } : noFacts
  if (ticketKey !== undefined && !shared.hasPassed && degradation.ledger.hasPassed(ticketKey))
    return replayed(visit, facts)
  if (ticket.kind === 'fallback' && isStaleFallback(ticket, config.degradation.fallback.maxAgeMs, clock.epochMs())) {
    return { kind: 'fallback_refused', reason: 'fallback_stale', facts }
  }
  if (isOverridden) return { kind: 'degraded', cause: 'override', facts }
  if (ticket.kind === 'fallback') return { kind: 'degraded', cause: 'client_fallback', facts }
  if (shared.reply === undefined && degradation.ledger.isRateLimited(visit.clientKey)) return refused('rate_limited')
  return undefined
}

function refused(reason: InputRefusal): Outcome {
  return { kind: 'refused', reason, facts: noFacts }
}

function replayed({ ticket }: Visit, facts: TencentFacts): Outcome {
  return ticket.kind === 'fallback'
    ? { kind: 'fallback_refused', reason: 'fallback_replayed', facts }
    : { kind: 'refused', reason: 'ticket_reused', facts }
}
