import type { OverrideSnapshot } from '../site/override-switch.js'
import type { FleetPath, FleetView } from './fleet-view.js'
import { verdictColumns } from './recording/columns.js'
import { sumOf } from './recording/minute-counts.js'

/** What happened to requests in the last five minutes. */
export interface RecentVerdicts {
  readonly verified: number
  readonly degradedPasses: number
  /** Refused because a purse had no pass for them. */
  readonly overLimit: number
  /** Refused because a rule or the override said no. */
  readonly byRule: number
  readonly misconfigured: number
}

/** Something that the person on call has to know, worst first. A list is never empty: `healthy` where nothing is wrong. */
export type Finding =
  | { readonly kind: 'override_pass'; readonly until: string | undefined; readonly by: string | undefined }
  | { readonly kind: 'api_outage' | 'client_path_outage'; readonly path: FleetPath }
  | { readonly kind: 'misconfigured'; readonly refusals: number }
  | { readonly kind: 'limits_refuse'; readonly refusals: number }
  /** No ticket was verified and many were refused as they are with a wrong app id or AppSecretKey; made-up tickets do the same. */
  | { readonly kind: 'none_verified'; readonly refusals: number }
  | { readonly kind: 'override_verify_only'; readonly until: string | undefined; readonly by: string | undefined }
  | { readonly kind: 'keys_failing'; readonly problem: string; readonly expiresAt: string | undefined }
  | { readonly kind: 'api_suspect' | 'client_path_suspect'; readonly path: FleetPath }
  | { readonly kind: 'store_down'; readonly processes: number }
  | { readonly kind: 'endpoint_moved'; readonly url: string }
  | { readonly kind: 'healthy' }

/** How good the news is. */
export type Tone = 'good' | 'warn' | 'bad'

const tones = {
  override_pass: 'bad',
  api_outage: 'bad',
  client_path_outage: 'bad',
  misconfigured: 'bad',
  limits_refuse: 'bad',
  none_verified: 'warn',
  override_verify_only: 'warn',
  keys_failing: 'warn',
  api_suspect: 'warn',
  client_path_suspect: 'warn',
  store_down: 'warn',
  endpoint_moved: 'warn',
  healthy: 'good',
} as const satisfies Record<Finding['kind'], Tone>

/** How good the news of a finding is. */
export function toneOf({ kind }: Finding): Tone {
  return tones[kind]
}

const recentMinutes = 5
/** As many refusals without one verified ticket are no accident. */
const noneVerifiedRefusals = 20

function recentCount({ verdicts }: Pick<FleetView, 'verdicts'>, key: string): number {
  return sumOf(verdicts[key]?.slice(-recentMinutes))
}

/** The verdicts of the last five minutes, the running one included. */
export function recentVerdicts(fleet: Pick<FleetView, 'verdicts'>): RecentVerdicts {
  const recent = (key: string) => recentCount(fleet, key)
  const passes = verdictColumns.filter(({ family }) => family === 'degraded_pass')
  return {
    verified: recent('verified'),
    degradedPasses: sumOf(passes.map(({ key }) => recent(key))),
    overLimit: recent('budget_exhausted'),
    byRule: recent('degradation_refused'),
    misconfigured: recent('misconfigured'),
  }
}

/** What is wrong at a site, worst first. */
export function findingsOf(fleet: FleetView, override: OverrideSnapshot): readonly [Finding, ...Finding[]] {
  const { api, clientPath, endpoints, processes } = fleet
  const { lastFailure, expiresAt } = fleet.credential
  const { verified, misconfigured, overLimit } = recentVerdicts(fleet)
  const mismatched = recentCount(fleet, 'app_mismatch') + recentCount(fleet, 'ticket_invalid')
  const set = { until: override.until, by: override.by }
  const storesDown = processes.filter(({ store }) => store === 'down').length
  const moved = endpoints.find(({ inUse, preferred }) => inUse && !preferred)
  const possible: readonly (Finding | false | undefined)[] = [
    override.mode === 'pass' && { kind: 'override_pass', ...set },
    api.state === 'outage' && { kind: 'api_outage', path: api },
    clientPath.state === 'outage' && { kind: 'client_path_outage', path: clientPath },
    misconfigured > 0 && { kind: 'misconfigured', refusals: misconfigured },
    overLimit > 0 && { kind: 'limits_refuse', refusals: overLimit },
    verified === 0 && mismatched >= noneVerifiedRefusals && { kind: 'none_verified', refusals: mismatched },
    override.mode === 'verify_only' && { kind: 'override_verify_only', ...set },
    lastFailure && { kind: 'keys_failing', problem: lastFailure.problem, expiresAt },
    api.state === 'suspect' && { kind: 'api_suspect', path: api },
    clientPath.state === 'suspect' && { kind: 'client_path_suspect', path: clientPath },
    storesDown > 0 && { kind: 'store_down', processes: storesDown },
    moved && { kind: 'endpoint_moved', url: moved.url },
  ]
  const [worst = { kind: 'healthy' } as const, ...others] = possible.filter((finding) => !!finding)
  return [worst, ...others]
}
