import type { GuardSnapshot } from '../guard/guard-types.js'
import type { OverrideSnapshot } from '../site/override-switch.js'
import { type Finding, findingsOf, type RecentVerdicts, recentVerdicts } from './findings.js'
import type { FleetView } from './fleet-view.js'

/** The JSON of the status page. */
export interface StatusReport {
  readonly version: 1
  /** ISO 8601. */
  readonly at: string
  readonly sites: readonly SiteStatus[]
}

/** One app id at one upstream, with the guards that share it. */
export interface SiteStatus {
  /** The names of its guards; the first one is what `POST <mount>/override` takes as `guard`. */
  readonly names: readonly [string, ...string[]]
  readonly captchaAppId: number
  /** What is wrong, worst first; one finding `healthy` where nothing is. */
  readonly findings: readonly [Finding, ...Finding[]]
  /** Verdicts of the last five minutes. */
  readonly recent: RecentVerdicts
  readonly override: OverrideSnapshot
  /** The site as all of its processes together see it. */
  readonly fleet: FleetView
  /** The guards of the process that answers, by name. */
  readonly guards: Readonly<Record<string, GuardSnapshot>>
}

/** The report of one site. */
export function siteStatus(
  guards: readonly [readonly [string, GuardSnapshot], ...(readonly [string, GuardSnapshot])[]],
  fleet: FleetView,
): SiteStatus {
  const [[name, { captchaAppId, override }], ...others] = guards
  return {
    names: [name, ...others.map(([other]) => other)],
    captchaAppId,
    findings: findingsOf(fleet, override),
    recent: recentVerdicts(fleet),
    override,
    fleet,
    guards: Object.fromEntries(guards),
  }
}
