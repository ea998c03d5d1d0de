import type { ServerResponse } from 'node:http'
import { classifyReply, type Reply } from './decision/classify-reply.js'
import { isStaleFallback, ticketClassifier } from './decision/classify-ticket.js'
import { decide, type Evidence, type PurseName } from './decision/decide.js'
import { refusalProblem } from './decision/problem.js'
import { verdict } from './decision/verdict.js'
import { updateApiWatch } from './degradation/api-watch-state.js'
import { callReport } from './degradation/call-report.js'
import { askCanary, canaryReport, healthReport } from './degradation/canary.js'
import { Circuit } from './degradation/circuit.js'
import { type Clock, systemClock } from './degradation/clock.js'
import { InFlight } from './degradation/in-flight.js'
import { Ledger, type PassResult } from './degradation/ledger.js'
import { OutageWatch } from './degradation/outage-watch.js'
import { OverrideSwitch } from './degradation/override-switch.js'
import type { CaptchaGuard, GuardSnapshot } from './guard-types.js'
import type { CaptchaGuardOptions, DegradationSituation, GuardConfig, RuleAction } from './option-types.js'
import { parseOptions } from './options.js'
import type { DecisionTrace } from './report/log-fields.js'
import { ProxyHints } from './report/proxy-hints.js'
import { Reporter } from './report/reporter.js'
import { respond } from './respond.js'
import type {
  CaptchaRequest,
  CaptchaVerdict,
  DegradationCause,
  InputRefusal,
  NextFunction,
  TencentFacts,
} from './types.js'
import { createUpstream } from './upstream/upstream.js'
import { type Visit, visitReader } from './visit.js'

/**
 * Makes the middleware that verifies Tencent CAPTCHA tickets, and keeps the business going within bounds when Tencent is
 * slow, broken or unreachable. Throws {@link CaptchaConfigError} on wrong, missing and unknown options.
 */
export function captchaGuard(options: CaptchaGuardOptions): CaptchaGuard {
  return createGuard(parseOptions(options), systemClock)
}

/** What came of a ticket, before degradation is decided over. */
type Outcome =
  | { readonly kind: 'verified'; readonly facts: TencentFacts }
  | { readonly kind: 'refused'; readonly reason: InputRefusal; readonly facts: TencentFacts }
  | {
      readonly kind: 'fallback_refused'
      readonly reason: 'fallback_stale' | 'fallback_replayed'
      readonly facts: TencentFacts
    }
  | { readonly kind: 'degraded'; readonly cause: DegradationCause; readonly facts: TencentFacts }
  | { readonly kind: 'gone' }

const noFacts: TencentFacts = Object.freeze({})

/** @internal The same on an injected clock. */
export function createGuard(config: GuardConfig, clock: Clock): CaptchaGuard {
  const reporter = new Reporter(config, clock)
  const upstream = createUpstream(config, clock)
  const canaryOptions = { captchaAppId: config.captchaAppId, channel: config.canaryChannel, upstream, clock }
  const apiWatch = new OutageWatch(clock, outageListener(reporter, 'api'))
  const clientPathWatch = new OutageWatch(clock, outageListener(reporter, 'client'))
  const circuit = new Circuit({
    config: config.degradation.circuit,
    suspicionMs: Math.min(500, config.timeoutMs / 2),
    expectedPerMinute: config.degradation.expectedPerMinute,
    clock,
    runCanary: async (signal) => canaryReport(await askCanary(canaryOptions, signal)),
    onChange: () => updateApiWatch(apiWatch, circuit),
  })
  const ledger = new Ledger(config.degradation, clock)
  const override = new OverrideSwitch(clock, (state, why) => reporter.override(state, why))
  const inFlight = new InFlight(config.maxInFlight)
  const readVisit = visitReader(config, ticketClassifier(config.captchaAppId), clock)
  const isLoopbackEndpoint =
    config.transport.kind === 'https' && /^(localhost|127\..*|\[::1\])$/.test(config.transport.endpoint.hostname)
  const proxyHints = new ProxyHints(reporter, isLoopbackEndpoint)

  function captchaGuardMiddleware(req: CaptchaRequest, res: ServerResponse, next: NextFunction): void {
    pass(req, res, next).then((act) => act(), next)
  }

  /** One request, left to right. Resolves to the one thing to do with it: `next`, an answer, or nothing. */
  async function pass(req: CaptchaRequest, res: ServerResponse, next: NextFunction): Promise<() => void> {
    if (req.method === 'OPTIONS' || (config.skip && (await config.skip(req)))) return () => next()
    const visit = readVisit(req, res)
    try {
      const outcome = judgeAlone(visit) ?? (await askTencent(visit))
      const decided = conclude(visit, outcome)
      if (decided === undefined) return () => {}
      tell(visit, decided)
      return () => act(visit, decided, res, next)
    } finally {
      visit.end()
    }
  }

  /** What needs nobody else: form, replay, age, override, rate limit. In order of precedence. */
  function judgeAlone(visit: Visit): Outcome | undefined {
    const { ticket, ticketKey, shared } = visit
    const isOverridden = override.mode === 'pass'
    if (ticket.kind === 'malformed') return refused('ticket_malformed')
    if (ticket.kind === 'missing' && !isOverridden) return refused('ticket_missing')
    proxyHints.look(visit.req, visit.address)
    // A made-up X-Forwarded-For must not become Tencent's MissingParameter, nor a client key.
    if (visit.address === undefined && !isGone(visit)) return refused('rejected')
    const facts = ticket.kind === 'fallback' ? { clientErrorCode: ticket.clientErrorCode } : noFacts
    if (ticketKey !== undefined && !shared.hasPassed && ledger.hasPassed(ticketKey)) return replayed(visit, facts)
    if (ticket.kind === 'fallback' && isStaleFallback(ticket, config.degradation.fallback.maxAgeMs, clock.epochMs())) {
      return { kind: 'fallback_refused', reason: 'fallback_stale', facts }
    }
    if (isOverridden) return { kind: 'degraded', cause: 'override', facts }
    if (ticket.kind === 'fallback') return { kind: 'degraded', cause: 'client_fallback', facts }
    if (shared.reply === undefined && ledger.isRateLimited(visit.clientKey)) return refused('rate_limited')
    return undefined
  }

  async function askTencent(visit: Visit): Promise<Outcome> {
    const { ticket, address, shared } = visit
    if (isGone(visit)) return { kind: 'gone' }
    if (shared.reply !== undefined) return outcomeOf(shared.reply)
    if (ticket.kind !== 'ordinary' || address === undefined)
      throw new TypeError('only an ordinary ticket can be asked about')
    const leave = inFlight.enter(visit.clientKey)
    if (leave === undefined) return { kind: 'degraded', cause: 'overloaded', facts: noFacts }
    const stop = new AbortController()
    const permit = circuit.admit(() => stop.abort())
    if (permit === undefined) {
      leave()
      return { kind: 'degraded', cause: 'circuit_open', facts: noFacts }
    }
    const { channel } = visit
    const call = { channel, ticket: ticket.ticket, randstr: ticket.randstr, userIp: address.ip }
    visit.gone.addEventListener('abort', () => stop.abort(), { once: true })
    const result = await upstream.verify(call, stop.signal)
    leave()
    const reply = classifyReply(result, channel)
    circuit.settle(permit, callReport(reply))
    if (isGone(visit)) return { kind: 'gone' }
    if (reply.kind === 'aborted') return { kind: 'degraded', cause: 'circuit_open', facts: noFacts }
    shared.reply = reply
    if (reply.kind === 'refused') ledger.noteRefused(visit.clientKey)
    return outcomeOf(reply)
  }

  /** Turns an outcome into a verdict; where Tencent's is missing, by override, rule and purse. */
  function conclude(visit: Visit, outcome: Outcome): Decided | undefined {
    if (outcome.kind === 'gone' || isGone(visit)) return undefined
    const details = { facts: outcome.facts, durationMs: Math.round(clock.nowMs() - visit.startedMs) }
    switch (outcome.kind) {
      case 'verified':
        return recordVerified(visit)
          ? { verdict: verdict.verified(details) }
          : { verdict: verdict.refused('ticket_reused', details) }
      case 'refused':
        return { verdict: verdict.refused(outcome.reason, details) }
      case 'fallback_refused':
        return { verdict: verdict.degradedRefusal(outcome.reason, 'client_fallback', details) }
      case 'degraded':
        return concludeDegraded(visit, outcome.cause, details)
    }
  }

  function concludeDegraded(
    visit: Visit,
    cause: DegradationCause,
    details: { readonly facts: TencentFacts; readonly durationMs: number },
  ): Decided {
    const evidence = circuit.evidence()
    const { clientErrorCode } = details.facts
    const situation = { cause, evidence, ...(clientErrorCode !== undefined && { clientErrorCode }) }
    const decision = decide({ ...situation, override: override.mode }, () => ruleAction(visit, situation))
    if (decision.kind === 'refuse') {
      return { verdict: verdict.degradedRefusal(decision.reason, cause, details), evidence }
    }
    const result = claimPass(visit, decision.purse)
    const trace = {
      evidence,
      purse: decision.purse,
      ...('remaining' in result && { purseRemaining: result.remaining }),
    }
    switch (result.kind) {
      case 'granted':
        return { verdict: verdict.degradedPass(cause, details), ...trace }
      case 'exhausted':
        return { verdict: verdict.degradedRefusal('budget_exhausted', cause, details), ...trace }
      case 'replayed':
        return visit.ticket.kind === 'fallback'
          ? { verdict: verdict.degradedRefusal('fallback_replayed', 'client_fallback', details), evidence }
          : { verdict: verdict.refused('ticket_reused', details) }
    }
  }

  function ruleAction(
    visit: Visit,
    situation: Pick<DegradationSituation, 'cause' | 'evidence' | 'clientErrorCode'>,
  ): RuleAction {
    const { cause } = situation
    const rule = config.degradation.rules[cause]
    if (typeof rule !== 'function') return rule
    const ticketKind = visit.ticket.kind === 'malformed' ? 'missing' : visit.ticket.kind
    const action: unknown = rule(
      Object.freeze({ ...situation, ticketKind, clientKey: visit.clientKey, request: visit.req }),
    )
    if (action === 'pass' || action === 'refuse') return action
    throw new TypeError(
      `tencent-captcha-guard: the rule for \`${cause}\` returned ${String(action)}; it must return 'pass' or 'refuse'.`,
    )
  }

  /** A second guard on the same request reuses what the first drew. */
  function claimPass(visit: Visit, purse: PurseName): PassResult | { readonly kind: PassResult['kind'] } {
    const { shared, ticketKey, clientKey } = visit
    if (shared.passResult !== undefined) return { kind: shared.passResult }
    const result = ledger.claimPass({ purse, clientKey, ticketKey, isFallback: visit.ticket.kind === 'fallback' })
    shared.passResult = result.kind
    if (result.kind === 'granted') shared.hasPassed = true
    return result
  }

  function recordVerified(visit: Visit): boolean {
    const { shared, ticketKey, clientKey } = visit
    const isFirst = ticketKey === undefined || ledger.recordVerified(ticketKey, clientKey)
    const isGood = isFirst || shared.hasPassed
    if (isGood) shared.hasPassed = true
    return isGood
  }

  function tell(visit: Visit, decided: Decided): void {
    const { verdict: made, ...trace } = decided
    Object.defineProperty(visit.req, 'captcha', { value: made, enumerable: true, configurable: true, writable: true })
    if (made.degraded) apiWatch.count(made.cause)
    updateApiWatch(apiWatch, circuit)
    reporter.verdict(visit.req, made, { ...traceOf(visit), ...trace })
    callHook(() => config.onVerdict?.(made, visit.req))
  }

  function traceOf(visit: Visit): DecisionTrace {
    const userIp = config.logUserIp === 'full' ? visit.address?.ip : config.logUserIp && visit.address?.masked
    return {
      ...(visit.ticketHash && { ticketHash: visit.ticketHash }),
      ...(userIp && { userIp }),
      circuit: circuit.snapshot().state,
    }
  }

  function act(visit: Visit, { verdict: made }: Decided, res: ServerResponse, next: NextFunction): void {
    if (made.passed || config.mode === 'observe') return next()
    if (config.onRefused === undefined) return respond(res, refusalProblem(made.reason))
    config.onRefused(visit.req, res, next, made)
  }

  function snapshot(): GuardSnapshot {
    updateApiWatch(apiWatch, circuit)
    return {
      captchaAppId: config.captchaAppId,
      mode: config.mode,
      override: override.snapshot(),
      api: apiWatch.snapshot(),
      clientPath: clientPathWatch.snapshot(),
      circuit: circuit.snapshot(),
      purses: ledger.snapshot(),
      baselinePerMinute: null,
      counters: { ...reporter.counters },
      late: { waiting: 0, genuine: 0, refused: 0, inconclusive: 0 },
      store: { kind: config.store?.kind ?? 'memory', state: 'up' },
      inFlight: inFlight.total,
    }
  }

  return Object.assign(captchaGuardMiddleware as unknown as CaptchaGuard, {
    snapshot,
    override: (mode: Parameters<CaptchaGuard['override']>[0], options?: Parameters<CaptchaGuard['override']>[1]) => {
      override.set(mode, options)
    },
    async checkHealth() {
      const startedMs = clock.nowMs()
      const reply = await askCanary(canaryOptions, new AbortController().signal)
      return healthReport(reply, Math.round(clock.nowMs() - startedMs))
    },
    async close() {
      circuit.close()
      upstream.close()
    },
    page: Object.freeze({
      captchaAppId: config.captchaAppId,
      site: config.site,
      scriptUrl: config.degradation.fallback.scriptUrl,
    }),
  })
}

/** A verdict and how it came about. */
interface Decided {
  readonly verdict: CaptchaVerdict
  readonly evidence?: Evidence
  readonly purse?: PurseName
  readonly purseRemaining?: number
}

function outcomeOf(reply: Exclude<Reply, { kind: 'aborted' }>): Outcome
function outcomeOf(reply: Reply): Outcome
function outcomeOf(reply: Reply): Outcome {
  switch (reply.kind) {
    case 'verified':
      return { kind: 'verified', facts: reply.facts }
    case 'refused':
      return { kind: 'refused', reason: reply.reason, facts: reply.facts }
    case 'unavailable':
      return { kind: 'degraded', cause: reply.cause, facts: reply.facts }
    case 'throttled':
    case 'misconfigured':
      return { kind: 'degraded', cause: reply.kind, facts: reply.facts }
    case 'aborted':
      return { kind: 'gone' }
    case 'bug':
      throw reply.error
  }
}

function refused(reason: InputRefusal): Outcome {
  return { kind: 'refused', reason, facts: noFacts }
}

function replayed({ ticket }: Visit, facts: TencentFacts): Outcome {
  return ticket.kind === 'fallback'
    ? { kind: 'fallback_refused', reason: 'fallback_replayed', facts }
    : { kind: 'refused', reason: 'ticket_reused', facts }
}

function isGone(visit: Visit): boolean {
  return visit.gone.aborted
}

function callHook(hook: () => unknown): void {
  try {
    const result = hook()
    if (result instanceof Promise) result.catch(() => {})
  } catch {
    // The hook is the application's; a bug in it changes nothing here.
  }
}

function outageListener(reporter: Reporter, path: 'api' | 'client') {
  return {
    started: (outage: { readonly why: string }) =>
      reporter.event('warn', 'captcha_outage_started', { path, ...outage }),
    ended: (outage: {
      readonly why: string
      readonly durationMs: number
      readonly decisions: Readonly<Record<string, number>>
    }) =>
      reporter.event('info', 'captcha_outage_ended', { path, ...outage, durationMs: Math.round(outage.durationMs) }),
  }
}
