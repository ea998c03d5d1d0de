import type { GuardConfig } from './options.js'

export type SiteConfig = ReturnType<typeof mergeSiteOptions>

export function siteKey({ captchaAppId, transport }: GuardConfig) {
  return { captchaAppId, upstream: transport.kind === 'client' ? transport.client : transport.endpoint.href }
}

export function mergeSiteOptions(guards: readonly { readonly label: string; readonly config: GuardConfig }[]) {
  const { config } = guards[0] as { config: GuardConfig }
  const { degradation } = config
  return {
    captchaAppId: config.captchaAppId,
    appSecretKey: config.appSecretKey,
    transport: config.transport,
    site: config.site,
    canaryChannel: config.canaryChannel,
    store: config.store,
    maxInFlight: config.maxInFlight,
    circuit: degradation.circuit,
    expectedPerMinute: degradation.expectedPerMinute,
    lateVerification: degradation.lateVerification,
    probe: degradation.fallback.probe,
    scriptUrl: degradation.fallback.scriptUrl,
  }
}
