import { parseOverride } from '../options/override-options.js'
import { type HealthReport, healthReport } from '../tencent/canary.js'
import type { GuardParts } from './guard-parts.js'
import type { CaptchaGuard, GuardSnapshot } from './guard-types.js'
import { holdProcess } from './hold-process.js'

/** What an operator does with a guard. */
export function operations(parts: GuardParts): Omit<CaptchaGuard, keyof CallableFunction | 'check'> {
  const { config, services } = parts
  return {
    snapshot: () => snapshot(parts),
    override: (mode, options = {}) => services.site.setOverride(parseOverride(mode, options)),
    checkHealth: () => checkHealth(parts),
    close: async () => parts.leave(),
    page: Object.freeze({
      captchaAppId: config.captchaAppId,
      site: config.site,
      scriptUrl: config.degradation.fallback.scriptUrl,
    }),
  }
}

function checkHealth({ config, services }: GuardParts): Promise<HealthReport> {
  const { clock, canaryUpstream } = services
  const startedMs = clock.nowMs()
  return new Promise((resolve, reject) => {
    const letGo = holdProcess(config.timeoutMs)
    services.askCanary(canaryUpstream, config.timeoutMs, (reply) => {
      letGo()
      try {
        resolve(healthReport(reply, Math.round(clock.nowMs() - startedMs)))
      } catch (error) {
        reject(error)
      }
    })
  })
}

function snapshot(parts: GuardParts): GuardSnapshot {
  const { config, reporter, services, ids } = parts
  const { site, late } = services
  site.refresh()
  return {
    ...ids,
    mode: config.mode,
    override: site.override.snapshot(),
    api: site.apiWatch.snapshot(),
    clientPath: site.clientPathWatch.snapshot(),
    circuit: site.circuit.snapshot(),
    endpoints: services.endpoints.snapshot(),
    credential: services.credential(),
    purses: purseStates(parts),
    baselinePerMinute: site.baselinePerMinute ?? null,
    referencePerMinute: site.referencePerMinute ?? null,
    counters: { ...reporter.counters },
    late: late.snapshot(),
    store: site.storeState,
    inFlight: site.inFlight.total,
  }
}

function purseStates({ config, purses, services: { site } }: GuardParts): GuardSnapshot['purses'] {
  const { outage, doubt } = site.ledger.snapshot(purses)
  const { degradation } = config
  return {
    outage: { ...outage, basis: site.purseBasis(degradation.outage.total) },
    doubt: { ...doubt, basis: site.purseBasis(degradation.doubt.total) },
  }
}
