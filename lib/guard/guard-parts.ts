import type { Decision } from '../admission/question.js'
import type { Clock } from '../clock.js'
import type { GuardConfig } from '../options/config.js'
import { callHook } from '../report/call-hook.js'
import { ProxyHints } from '../report/proxy-hints.js'
import { Reporter } from '../report/reporter.js'
import type { PurseSettings } from '../site/ledger.js'
import { ticketClassifier } from '../tencent/classify-ticket.js'
import type { CaptchaRequest } from '../types.js'
import { joinSite, type Membership, usesLoopback } from './join-site.js'
import type { DecisionPolicy } from './pending-decision.js'
import { ContextReader, type RequestContext } from './request-context.js'
import type { SiteServices } from './site-services.js'

/** Everything one guard is made of, made once; the request path only runs it. */
export class GuardParts {
  readonly config: GuardConfig
  readonly reporter: Reporter
  readonly proxyHints: ProxyHints
  readonly contexts: ContextReader
  readonly services: SiteServices
  readonly policy: DecisionPolicy
  readonly purses: PurseSettings
  readonly #membership: Membership

  constructor(config: GuardConfig, clock: Clock, madeAt: string) {
    const { timeoutMs, degradation } = config
    this.config = config
    this.reporter = new Reporter(config, clock)
    this.proxyHints = new ProxyHints(this.reporter, usesLoopback(config))
    this.#membership = joinSite(clock, { label: madeAt, config, reporter: this.reporter })
    this.services = this.#membership.services
    const { site } = this.services
    this.contexts = new ContextReader(config, ticketClassifier(config.captchaAppId), clock, site)
    this.purses = site.ledger.openPurses(degradation)
    site.ledger.holdFallbackFor(degradation.fallback.maxAgeMs)
    this.policy = {
      services: this.services,
      purses: this.purses,
      timeoutMs,
      maxFallbackAgeMs: degradation.fallback.maxAgeMs,
      rules: degradation.rules,
      reportLate: ({ verdict, lateVerdict, clientKey, ticketHash, at }) => {
        this.reporter.late(verdict, lateVerdict, ticketHash)
        callHook(() => config.onLateVerdict?.({ verdict, lateVerdict, clientKey, at }))
      },
    }
  }

  /** Counts, logs and publishes a decision. */
  report({ verdict, trace }: Decision, { req, ticketHash, address }: RequestContext): void {
    const { config, services } = this
    this.reporter.verdict(req, verdict, () => {
      const userIp = config.logUserIp === 'full' ? address?.ip : config.logUserIp && address?.masked
      return { ...trace, ticketHash, ...(userIp && { userIp }), circuit: services.site.circuit.state }
    })
    if (config.onVerdict) callHook(() => config.onVerdict?.(verdict, req as CaptchaRequest))
  }

  leave(): void {
    this.#membership.leave()
  }
}
