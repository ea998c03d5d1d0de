import { Counter, Gauge, type Registry } from 'prom-client'
import type { GuardSnapshot } from '../guard/guard-types.js'
import type { NamedGuards } from './named-guards.js'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** A metric that is read from a guard's snapshot at each scrape. */
interface SnapshotMetric {
  readonly name: string
  readonly help: string
  /** Beside `guard`. */
  readonly labels?: readonly string[]
  /** @default 'gauge' */
  readonly type?: 'gauge' | 'counter'
  /** A value that is not known has no sample. */
  read(snapshot: GuardSnapshot): readonly Sample[]
}

const pathStates = ['healthy', 'suspect', 'outage'] as const
const circuitStates = ['closed', 'suspect', 'open'] as const
const openReasons = ['canary_failed', 'canary_disagrees'] as const
const overrideModes = ['none', 'pass', 'verify_only'] as const

const snapshotMetrics: readonly SnapshotMetric[] = [
  {
    name: 'tencent_captcha_guard_info',
    help: 'Always 1; the app id and the mode of the guard.',
    labels: ['captcha_app_id', 'mode'],
    read: ({ captchaAppId, mode }) => [[{ captcha_app_id: String(captchaAppId), mode }, 1]],
  },
  {
    name: 'tencent_captcha_path_state',
    help: '1 for the state that a path to Tencent is in: the verification API as the server sees it, or the client path, the way of the vendor script to the users.',
    labels: ['path', 'state'],
    read: ({ api, clientPath }) => [
      ...oneOf('state', pathStates, api.state, { path: 'api' }),
      ...oneOf('state', pathStates, clientPath.state, { path: 'client' }),
    ],
  },
  {
    name: 'tencent_captcha_path_state_since_timestamp_seconds',
    help: 'Since when a path to Tencent is in its state.',
    labels: ['path'],
    read: ({ api, clientPath }) => [
      [{ path: 'api' }, seconds(api.since)],
      [{ path: 'client' }, seconds(clientPath.since)],
    ],
  },
  {
    name: 'tencent_captcha_circuit_state',
    help: '1 for the state that the circuit is in. While it is open Tencent is not asked.',
    labels: ['state'],
    read: ({ circuit }) => oneOf('state', circuitStates, circuit.state),
  },
  {
    name: 'tencent_captcha_circuit_open',
    help: '1 for the reason why the circuit is open; canary_disagrees means that users fail while the canary is healthy.',
    labels: ['why'],
    read: ({ circuit }) => oneOf('why', openReasons, circuit.state === 'open' ? circuit.why : undefined),
  },
  {
    name: 'tencent_captcha_endpoint_in_use',
    help: '1 for the endpoint that calls go to.',
    labels: ['endpoint', 'preferred'],
    read: ({ endpoints }) =>
      endpoints.map(({ url, preferred, inUse }) => [
        { endpoint: new URL(url).host, preferred: String(preferred) },
        Number(inUse),
      ]),
  },
  {
    name: 'tencent_captcha_in_flight_calls',
    help: 'Verifications under way.',
    read: ({ inFlight }) => [[{}, inFlight]],
  },
  {
    name: 'tencent_captcha_purse_refill_per_second',
    help: 'Degraded passes a second that the total of a purse refills with.',
    labels: ['purse'],
    read: ({ purses }) => byPurse(purses, ({ perMinute }) => perMinute / 60),
  },
  {
    name: 'tencent_captcha_purse_capacity_passes',
    help: 'Most degraded passes that the total of a purse holds at once.',
    labels: ['purse'],
    read: ({ purses }) => byPurse(purses, ({ capacity }) => capacity),
  },
  {
    name: 'tencent_captcha_purse_remaining_passes',
    help: 'Degraded passes that the total of a purse holds now.',
    labels: ['purse'],
    read: ({ purses }) => byPurse(purses, ({ remaining }) => remaining),
  },
  {
    name: 'tencent_captcha_purse_refusals_total',
    help: 'Degraded passes that a purse has refused, by the limit that did: of one client, or of the total.',
    labels: ['purse', 'limit'],
    type: 'counter',
    read: ({ purses }) => [
      ...byPurse(purses, ({ refusedByClientLimit }) => refusedByClientLimit, { limit: 'client' }),
      ...byPurse(purses, ({ refusedByTotal }) => refusedByTotal, { limit: 'total' }),
    ],
  },
  {
    name: 'tencent_captcha_baseline_per_second',
    help: 'Verified passes a second as learned in the last 15 healthy minutes; absent before there is a baseline.',
    read: ({ baselinePerMinute }) => ifKnown(baselinePerMinute, (perMinute) => perMinute / 60),
  },
  {
    name: 'tencent_captcha_reference_per_second',
    help: 'Verified passes a second as learned in the last seven days; absent before there is a reference.',
    read: ({ referencePerMinute }) => ifKnown(referencePerMinute, (perMinute) => perMinute / 60),
  },
  {
    name: 'tencent_captcha_late_waiting_tickets',
    help: 'Tickets that passed degraded and wait to be verified late.',
    read: ({ late }) => [[{}, late.waiting]],
  },
  {
    name: 'tencent_captcha_store_up',
    help: '1 while the store answers; 0 while the limits of each process apply.',
    labels: ['kind'],
    read: ({ store }) => [[{ kind: store.kind }, Number(store.state === 'up')]],
  },
  {
    name: 'tencent_captcha_store_processes',
    help: 'Live processes that the store knows of.',
    read: ({ store }) => [[{}, store.processes]],
  },
  {
    name: 'tencent_captcha_override',
    help: '1 for the mode that the kill switch is in.',
    labels: ['mode'],
    read: ({ override }) => oneOf('mode', overrideModes, override.mode),
  },
  {
    name: 'tencent_captcha_override_until_timestamp_seconds',
    help: 'When the override ends by itself; absent without one, and where it lasts until it is changed.',
    read: ({ override }) => ifKnown(override.until, seconds),
  },
  {
    name: 'tencent_captcha_credential_age_seconds',
    help: 'Age of the newest keys of a credential provider; absent for fixed keys and before the first ones.',
    read: ({ credential }) => ifKnown(credential.ageMs, (ageMs) => ageMs / 1000),
  },
  {
    name: 'tencent_captcha_credential_expiry_timestamp_seconds',
    help: 'When the newest keys of a credential provider expire; absent where it does not say.',
    read: ({ credential }) => ifKnown(credential.expiresAt, seconds),
  },
  {
    name: 'tencent_captcha_credential_failing',
    help: '1 while the last call of the credential provider has failed.',
    read: ({ credential }) => [[{}, Number(credential.lastFailure !== undefined)]],
  },
]

/** Registers what is read from snapshots; returns the names. */
export function registerSnapshotMetrics(guards: NamedGuards, register: Registry): readonly string[] {
  for (const { name, help, labels = [], type = 'gauge', read } of snapshotMetrics) {
    const metric = new (type === 'gauge' ? Gauge : Counter)({
      name,
      help,
      labelNames: ['guard', ...labels],
      registers: [register],
      collect() {
        metric.reset()
        for (const [guard, snapshot] of guards.snapshots()) {
          for (const [own, value] of read(snapshot)) metric.inc({ guard, ...own }, value)
        }
      },
    })
  }
  return snapshotMetrics.map(({ name }) => name)
}

/** One sample for each value that there can be: 1 for the one there is, 0 for the others. */
function oneOf(
  label: string,
  values: readonly string[],
  now: string | undefined,
  others: Labels = {},
): readonly Sample[] {
  return values.map((value) => [{ ...others, [label]: value }, Number(value === now)])
}

type Purses = GuardSnapshot['purses']

function byPurse(
  { outage, doubt }: Purses,
  toNumber: (purse: Purses['outage']) => number,
  others: Labels = {},
): readonly Sample[] {
  return [
    [{ ...others, purse: 'outage' }, toNumber(outage)],
    [{ ...others, purse: 'doubt' }, toNumber(doubt)],
  ]
}

function ifKnown<Value>(value: Value | null | undefined, toNumber: (value: Value) => number): readonly Sample[] {
  return value === null || value === undefined ? [] : [[{}, toNumber(value)]]
}

function seconds(iso: string): number {
  return Date.parse(iso) / 1000
}
