import { randomUUID } from 'node:crypto'
import type { Decision } from '../admission/question.js'
import { type ClientAddress, parseClientAddress } from '../client-address.js'
import type { Clock } from '../clock.js'
import type { GuardConfig } from '../options/config.js'
import { callHook } from '../report/call-hook.js'
import type { GuardMessage } from '../report/channels.js'
import { decisionEvent, decisionFields, type LineTrace, lateFields, ticketHashOf } from '../report/log-fields.js'
import { ProxyHints } from '../report/proxy-hints.js'
import { GuardChannels } from '../report/publishers.js'
import { Reporter } from '../report/reporter.js'
import type { PurseSettings } from '../site/ledger.js'
import { ticketClassifier } from '../tencent/classify-ticket.js'
import type { CaptchaRequest } from '../types.js'
import { ClientWatch } from './gone-client.js'
import { joinSite, type Membership, usesLoopback } from './join-site.js'
import { type DecisionEnd, type DecisionPolicy, PendingDecision } from './pending-decision.js'
import { ContextReader, type RequestContext } from './request-context.js'
import type { LateReport, SiteServices } from './site-services.js'
import { type RunningDecision, TracedDecision } from './traced-decision.js'

/** Everything one guard is made of, made once; the request path only runs it. */
export class GuardParts {
  readonly config: GuardConfig
  readonly reporter: Reporter
  readonly proxyHints: ProxyHints
  readonly clientWatch = new ClientWatch()
  readonly contexts: ContextReader
  readonly services: SiteServices
  readonly policy: DecisionPolicy
  readonly purses: PurseSettings
  /** Tells the guard and its site from others of the process. */
  readonly ids: GuardMessage
  readonly #channels: GuardChannels
  readonly #membership: Membership

  constructor(config: GuardConfig, clock: Clock, madeAt: string) {
    const { timeoutMs, degradation } = config
    this.config = config
    this.reporter = new Reporter(config, clock)
    this.proxyHints = new ProxyHints(this.reporter, usesLoopback(config))
    this.#membership = joinSite(clock, { label: madeAt, config, reporter: this.reporter })
    this.services = this.#membership.services
    const { site } = this.services
    const { captchaAppId } = config
    this.ids = { captchaAppId, siteId: this.#membership.siteId, guardId: randomUUID().slice(0, 8) }
    this.#channels = new GuardChannels(this.ids)
    this.contexts = new ContextReader(config, ticketClassifier(config.captchaAppId), clock, site)
    this.purses = site.ledger.openPurses(degradation)
    site.ledger.holdFallbackFor(degradation.fallback.maxAgeMs)
    this.policy = {
      services: this.services,
      purses: this.purses,
      timeoutMs,
      maxFallbackAgeMs: degradation.fallback.maxAgeMs,
      rules: degradation.rules,
      reportLate: (late) => this.#reportLate(late),
    }
  }

  /** A decision about one request; traced where there are subscribers. */
  decision(context: RequestContext, end: DecisionEnd): RunningDecision {
    return this.#channels.isTraced
      ? new TracedDecision(this.#channels.trace(context.channel), this.policy, context, end)
      : new PendingDecision(this.policy, context, end)
  }

  /** Counts, logs and publishes a decision. */
  report(decision: Decision, context: RequestContext): void {
    const { verdict } = decision
    const { req, channel } = context
    const trace = () => this.#lineTrace(decision, context)
    this.reporter.verdict(req, verdict, trace)
    this.#channels.verdict(() => ({
      verdict,
      channel,
      known: this.#isKnown(context),
      fields: () => decisionFields(decisionEvent(verdict), this.ids.captchaAppId, verdict, trace()),
    }))
    const { onVerdict } = this.config
    if (onVerdict) callHook(() => onVerdict(verdict, req as CaptchaRequest))
  }

  /** Before this decision: a verified ticket has made the client known. */
  #isKnown({ shared, limitKey }: RequestContext): boolean {
    return shared.wasKnown ?? this.services.site.ledger.isKnown(limitKey)
  }

  #lineTrace({ trace }: Decision, context: RequestContext): LineTrace {
    const { ticket, address } = context
    return {
      guardId: this.ids.guardId,
      ticketHash: 'ticket' in ticket ? ticketHashOf(ticket.ticket) : undefined,
      userIp: this.#shownIp(address),
      clientKnown: this.#isKnown(context),
      circuit: this.services.site.circuit.state,
      ...trace,
    }
  }

  #shownIp(address: ClientAddress | undefined): string | undefined {
    switch (this.config.logUserIp) {
      case 'full':
        return address?.ip
      case 'masked':
        return address?.masked
      case false:
        return undefined
    }
  }

  #reportLate({ call, verdict, lateVerdict, purse, clientKey, at }: LateReport): void {
    const passedAt = new Date(at).toISOString()
    const userIp = this.#shownIp(parseClientAddress(call.userIp))
    const { captchaAppId, guardId } = this.ids
    const ticketHash = ticketHashOf(call.ticket)
    const fields = () =>
      lateFields(captchaAppId, verdict, lateVerdict, { guardId, ticketHash, userIp, purse, passedAt })
    this.reporter.late(lateVerdict, fields())
    this.#channels.lateVerdict(() => ({ channel: call.channel, verdict, lateVerdict, passedAt, purse, fields }))
    callHook(() => this.config.onLateVerdict?.({ verdict, lateVerdict, clientKey, at }))
  }

  leave(): void {
    this.#membership.leave()
  }
}
