import { AsyncResource } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { isLoopbackHost } from '../client-address.js'
import { type Clock, systemClock } from '../clock.js'
import type { GuardConfig } from '../options/config.js'
import { checkRunningEndpoints, mergeSiteOptions, type SiteConfig, siteKey } from '../options/site-options.js'
import { SiteChannels } from '../report/publishers.js'
import type { Reporter } from '../report/reporter.js'
import { LookupQueue } from '../tencent/lookup-queue.js'
import { probeScript } from '../tencent/probe-script.js'
import { createUpstreams } from '../tencent/upstream.js'
import { type ServiceSettings, type SiteAnnouncer, SiteServices } from './site-services.js'

/** One guard's part in a site. */
export interface Member {
  /** Names the guard where options conflict. */
  readonly label: string
  readonly config: GuardConfig
  readonly reporter: Reporter
}

/** A guard's place at its site. */
export interface Membership {
  /** Random, of the site in this process. */
  readonly siteId: string
  readonly services: SiteServices
  /** Frees the site with its last guard. */
  leave(): void
}

interface SharedSite {
  readonly id: string
  readonly key: ReturnType<typeof siteKey>
  /** Each installed copy of the package has a system clock object of its own. */
  readonly time: Clock | 'system'
  readonly clock: Clock
  readonly members: Set<Member>
  merged: SiteConfig
  services: SiteServices | undefined
}

/** `Symbol.for`, so that guards of two installed copies of the package share their sites. */
const registryKey = Symbol.for('tencent-captcha-guard/sites@1')

function registry(): Set<SharedSite> {
  const holder = globalThis as { [registryKey]?: Set<SharedSite> }
  holder[registryKey] ??= new Set()
  return holder[registryKey]
}

const lookupsKey = Symbol.for('tencent-captcha-guard/lookups@1')

/** One for the process: the lookups of all sites together hold one thread. */
function sharedLookups(): LookupQueue {
  const holder = globalThis as { [lookupsKey]?: LookupQueue }
  holder[lookupsKey] ??= new LookupQueue()
  return holder[lookupsKey]
}

/**
 * Takes a guard into the site of its app id and upstream: guards of one process share circuit, canary, evidence, history,
 * replay memory, purses and store session. Throws `CaptchaConfigError` when an option of the site conflicts with another guard's.
 */
export function joinSite(clock: Clock, member: Member): Membership {
  const sites = registry()
  const key = siteKey(member.config)
  const time = clock === systemClock ? 'system' : clock
  const known = [...sites].find((site) => site.time === time && isSameKey(site.key, key))
  const members = [...(known?.members ?? []), member]
  const merged = mergeSiteOptions(members)
  if (known !== undefined) checkRunningEndpoints(known.merged, merged, members)
  const id = known?.id ?? randomUUID().slice(0, 8)
  const site: SharedSite = known ?? { id, key, time, clock, members: new Set(), merged, services: undefined }
  // A store of the application's own may throw here, which must leave the others' site as it is.
  const settings = serviceSettings({ members, merged })
  if (site.services === undefined) site.services = startServices(site, settings)
  else site.services.configure(settings)
  const { services } = site
  site.members.add(member)
  site.merged = merged
  sites.add(site)
  return {
    siteId: id,
    services,
    leave() {
      if (!site.members.has(member)) return
      if (site.members.size === 1) {
        sites.delete(site)
        services.close()
      }
      site.members.delete(member)
    },
  }
}

interface MergedMembers {
  readonly members: readonly Member[]
  readonly merged: SiteConfig
}

function isSameKey(a: SharedSite['key'], b: SharedSite['key']): boolean {
  return a.captchaAppId === b.captchaAppId && a.upstream === b.upstream
}

/** Longest that a call may go unanswered before it raises suspicion, in milliseconds. */
const maxSuspicionMs = 500

function serviceSettings({ members, merged }: MergedMembers): ServiceSettings {
  const timeouts = members.map(({ config }) => config.timeoutMs)
  return {
    config: merged.circuit,
    expectedPerMinute: merged.expectedPerMinute,
    maxInFlight: merged.maxInFlight,
    store: merged.store,
    lateVerification: merged.lateVerification,
    probe: merged.probe && probesScript(merged),
    suspicionMs: Math.min(maxSuspicionMs, Math.min(...timeouts) / 2),
    // While no call waits, a canary has the most patient guard's deadline: a shorter one would call slow answers an outage.
    canaryTimeoutMs: Math.max(...timeouts),
  }
}

function startServices(site: SharedSite, settings: ServiceSettings): SiteServices {
  const { captchaAppId, canaryChannel } = site.merged
  const { clock } = site
  const lookups = sharedLookups()
  // A probe begins in the context of some request and must not hold it.
  const context = new AsyncResource('TencentCaptchaSite')
  const announce = announcer(site)
  return new SiteServices({
    captchaAppId,
    channel: canaryChannel,
    clock,
    settings,
    upstreams: createUpstreams({ ...site.merged, onCredentialFailure: announce.credential }, clock, lookups),
    runProbe(done) {
      const stop = new AbortController()
      const options = { clock, lookups, signal: stop.signal }
      context.runInAsyncScope(() => void probeScript(new URL(site.merged.scriptUrl), options).then(done))
      return () => stop.abort()
    },
    announce,
  })
}

/** What belongs to the site is written once to each logger that its guards were given. */
function announcer({ id, clock, merged, members }: SharedSite): SiteAnnouncer & { credential(problem: string): void } {
  const channels = new SiteChannels({ captchaAppId: merged.captchaAppId, siteId: id })
  const reporters = () => new Map([...members].map(({ config, reporter }) => [config.logger, reporter])).values()
  const tell = (what: (reporter: Reporter) => void) => {
    for (const reporter of reporters()) what(reporter)
  }
  return {
    event: (level, event, fields) => tell((reporter) => reporter.event(level, event, fields)),
    state: (change) => channels.state(change),
    call: (call) => channels.call(call),
    override(state, why) {
      tell((reporter) => reporter.override(state, why))
      const { mode, by, leftMs } = state
      const isTimed = Number.isFinite(leftMs) && why !== 'expired'
      channels.override({
        mode: why === 'expired' ? 'none' : mode,
        by,
        why,
        ...(isTimed && { until: new Date(clock.epochMs() + leftMs).toISOString() }),
      })
    },
    canary: (reply) => tell((reporter) => reporter.canary(reply)),
    credential(problem) {
      tell((reporter) => reporter.credential(problem))
      channels.state({ kind: 'credential', problem })
    },
  }
}

/** Whether a guard talks to a simulator on this machine. */
export function usesLoopback({ transport }: Pick<GuardConfig, 'transport'>): boolean {
  return transport.kind === 'https' && transport.endpoints.every(({ hostname }) => isLoopbackHost(hostname))
}

/** Against a simulator on this machine the vendor's real script says nothing; the simulator's own does. */
function probesScript(config: SiteConfig): boolean {
  return !usesLoopback(config) || isLoopbackHost(new URL(config.scriptUrl).hostname)
}
