import type { PurseState } from '../guard/guard-types.js'
import type { LateSnapshot } from '../site/late-verification.js'
import type { WatchSnapshot } from '../site/outage-watch.js'
import type { ProcessIdentity, ProcessState, ProcessStatus } from './process-status.js'
import { otherColumns, verdictColumns } from './recording/columns.js'
import { type DegradedDecision, decisionsKept } from './recording/degraded-decisions.js'
import { addLatencies, latencyPercentileMs, latencyTotal } from './recording/latency-histogram.js'
import { type LimitedClient, limitedClientsKept, limitedKey } from './recording/limit-refusals.js'
import { minutesKept, sumOf } from './recording/minute-counts.js'
import { outagesKept, type TimelineOutage } from './recording/outage-timeline.js'

/** One path to Tencent as all processes see it: the worst state, since the first of them has seen it. */
export interface FleetPath extends WatchSnapshot {
  /** Processes that see this state. */
  readonly processes: number
}

/** How Tencent answers at one endpoint, over five to ten minutes. */
export interface FleetLatency {
  /** Host, with the port where it is not the usual one; empty for a client of the application's own. */
  readonly endpoint: string
  readonly calls: number
  readonly failed: number
  /** Median of the answers in milliseconds, within 5 %; `null` without answers. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** A process in the list. */
export interface FleetProcess extends ProcessIdentity {
  /** Milliseconds since 1970 of its status. */
  readonly atMs: number
  readonly api: WatchSnapshot['state']
  readonly clientPath: WatchSnapshot['state']
  readonly circuit: ProcessState['circuit']['state']
  readonly overrideMode: ProcessState['overrideMode']
  readonly inFlight: number
  readonly store: 'up' | 'down'
}

/** A purse, summed over the processes. */
export interface FleetPurse extends PurseState {
  /** Refusals of the last hour, by the limit that refused. */
  readonly refusedLastHour: { readonly client: number; readonly total: number }
}

/** A site as all of its processes together see it; of one process, where there is no shared store. */
export interface FleetView {
  readonly api: FleetPath
  readonly clientPath: FleetPath
  /** The circuit of the process that sees the worst state. */
  readonly circuit: ProcessState['circuit'] & { readonly processes: number }
  readonly endpoints: ProcessState['endpoints']
  readonly credential: ProcessState['credential']
  readonly purses: { readonly outage: FleetPurse; readonly doubt: FleetPurse }
  readonly baselinePerMinute: number | null
  readonly late: LateSnapshot
  readonly inFlight: number
  /** The newest minute of {@link verdicts}, in minutes since 1970. */
  readonly minute: number
  /** Verdicts by reason in each of the last 60 minutes, oldest first; reasons without one are left out. */
  readonly verdicts: Readonly<Record<string, readonly number[]>>
  /** Verified passes of the last hour, and how many of them were of clients with history. */
  readonly known: { readonly verified: number; readonly known: number; readonly share: number | null }
  readonly latency: readonly FleetLatency[]
  /** The last degraded decisions, newest first. */
  readonly degraded: readonly DegradedDecision[]
  /** Who was refused by which limit, newest first. */
  readonly limited: readonly LimitedClient[]
  /** The last outages, newest first. */
  readonly outages: readonly TimelineOutage[]
  readonly processes: readonly FleetProcess[]
}

/**
 * Adds up what several processes know of one site: sums of counts by minute, the worst state, every process by name. The first
 * one is the process that answers.
 */
export function mergeProcesses(all: readonly [ProcessStatus, ...ProcessStatus[]]): FleetView {
  const [own] = all
  const states = all.map(({ state }) => state)
  const minute = Math.max(...all.map(({ recording }) => recording.minute))
  const counts = sumCounts(all, minute)
  const { credential, endpoints } = worst(states, ({ credential }) => (credential.lastFailure ? 1 : 0))
  const sum = (of: (state: ProcessState) => number) => sumOf(states.map(of))
  return {
    api: worstPath(states.map(({ api }) => api)),
    clientPath: worstPath(states.map(({ clientPath }) => clientPath)),
    circuit: worstCircuit(states),
    endpoints: own.state.endpoints.length > 0 ? own.state.endpoints : endpoints,
    credential,
    purses: { outage: sumPurses(states, counts, 'outage'), doubt: sumPurses(states, counts, 'doubt') },
    baselinePerMinute: states.some(({ baselinePerMinute }) => baselinePerMinute !== null)
      ? sum(({ baselinePerMinute }) => baselinePerMinute ?? 0)
      : null,
    late: {
      waiting: sum(({ late }) => late.waiting),
      genuine: sum(({ late }) => late.genuine),
      refused: sum(({ late }) => late.refused),
      inconclusive: sum(({ late }) => late.inconclusive),
    },
    inFlight: sum(({ inFlight }) => inFlight),
    minute,
    verdicts: Object.fromEntries(verdictColumns.flatMap(({ key }) => (counts[key] ? [[key, counts[key]]] : []))),
    known: knownShare(counts),
    latency: mergeLatency(all),
    degraded: newest(
      all.flatMap(({ recording }) => recording.degraded),
      ({ atMs }) => atMs,
      decisionsKept,
    ),
    limited: mergeLimited(all.flatMap(({ recording }) => recording.limited)),
    outages: mergeOutages(all.flatMap(({ recording }) => recording.outages)),
    processes: all.map(listed),
  }
}

/** How the endpoint with this URL answers; `undefined` where no call went there. */
export function latencyAt({ latency }: Pick<FleetView, 'latency'>, url: string | undefined): FleetLatency | undefined {
  const host = url !== undefined && URL.canParse(url) ? new URL(url).host : ''
  return latency.find(({ endpoint }) => endpoint === host)
}

const severity = { healthy: 0, suspect: 1, outage: 2, closed: 0, open: 2 } as const

function worst<T>(all: readonly T[], rank: (each: T) => number): T {
  return all.reduce((found, each) => (rank(each) > rank(found) ? each : found))
}

function worstPath(all: readonly WatchSnapshot[]): FleetPath {
  const { state } = worst(all, (path) => severity[path.state])
  const alike = all.filter((path) => path.state === state)
  const first = alike.reduce((found, path) => (path.since < found.since ? path : found))
  return { state, since: first.since, why: first.why, processes: alike.length }
}

function worstCircuit(states: readonly ProcessState[]): FleetView['circuit'] {
  const { circuit } = worst(states, (state) => severity[state.circuit.state])
  const alike = states.filter((state) => state.circuit.state === circuit.state)
  return { ...circuit, processes: alike.length }
}

function sumCounts(all: readonly ProcessStatus[], minute: number): Record<string, number[]> {
  const sums: Record<string, number[]> = {}
  for (const { recording } of all) {
    const behind = minute - recording.minute
    for (const [key, counts] of Object.entries(recording.counts)) {
      sums[key] ??= Array.from({ length: minutesKept }, () => 0)
      const sum = sums[key]
      for (let index = behind; index < minutesKept; index++) {
        const to = index - behind
        sum[to] = (sum[to] ?? 0) + (counts[index] ?? 0)
      }
    }
  }
  return sums
}

function sumPurses(
  states: readonly ProcessState[],
  counts: Readonly<Record<string, readonly number[]>>,
  name: 'outage' | 'doubt',
): FleetPurse {
  const purses = states.map(({ purses }) => purses[name])
  const [own] = purses as [PurseState, ...PurseState[]]
  const sum = (of: (purse: PurseState) => number) => sumOf(purses.map(of))
  return {
    perMinute: sum(({ perMinute }) => perMinute),
    capacity: sum(({ capacity }) => capacity),
    remaining: sum(({ remaining }) => remaining),
    taken: sum(({ taken }) => taken),
    refusedByClientLimit: sum(({ refusedByClientLimit }) => refusedByClientLimit),
    refusedByTotal: sum(({ refusedByTotal }) => refusedByTotal),
    perClient: own.perClient,
    basis: own.basis,
    refusedLastHour: { client: sumOf(counts[`${name}_client`]), total: sumOf(counts[`${name}_total`]) },
  }
}

function knownShare(counts: Readonly<Record<string, readonly number[]>>): FleetView['known'] {
  const [knownColumn] = otherColumns
  const verified = sumOf(counts.verified)
  const known = Math.min(verified, sumOf(counts[knownColumn]))
  return { verified, known, share: verified === 0 ? null : known / verified }
}

function mergeLatency(all: readonly ProcessStatus[]): readonly FleetLatency[] {
  const found = all.flatMap(({ recording }) => recording.latency)
  return [...new Set(found.map(({ endpoint }) => endpoint))].map((endpoint) => {
    const here = found.filter((each) => each.endpoint === endpoint)
    const answered = addLatencies(here.map((each) => each.answered))
    const failed = latencyTotal(addLatencies(here.map((each) => each.failed)))
    return {
      endpoint,
      calls: latencyTotal(answered) + failed,
      failed,
      p50Ms: latencyPercentileMs(answered, 0.5),
      p99Ms: latencyPercentileMs(answered, 0.99),
    }
  })
}

function newest<T>(all: readonly T[], timeOf: (each: T) => number, most: number): readonly T[] {
  return [...all].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, most)
}

/** One client may be refused at several processes. */
function mergeLimited(all: readonly LimitedClient[]): readonly LimitedClient[] {
  const merged = new Map<string, LimitedClient>()
  for (const client of all) {
    const key = limitedKey(client)
    const { refusals = 0, lastMs = 0 } = merged.get(key) ?? {}
    merged.set(key, {
      ...client,
      refusals: refusals + client.refusals,
      lastMs: Math.max(lastMs, client.lastMs),
    })
  }
  return newest([...merged.values()], ({ lastMs }) => lastMs, limitedClientsKept)
}

/** Outages of one path that overlap are one, which processes see begin and end at slightly different times. */
function mergeOutages(all: readonly TimelineOutage[]): readonly TimelineOutage[] {
  const merged: TimelineOutage[] = []
  for (const outage of [...all].sort((a, b) => a.fromMs - b.fromMs)) {
    const index = merged.findIndex(({ path, toMs = Number.POSITIVE_INFINITY }) => {
      return path === outage.path && outage.fromMs <= toMs
    })
    const before = merged[index]
    if (before === undefined) merged.push(outage)
    else merged[index] = joined(before, outage)
  }
  return newest(merged, ({ fromMs }) => fromMs, outagesKept)
}

function joined({ path, why, fromMs, toMs }: TimelineOutage, next: TimelineOutage): TimelineOutage {
  if (toMs === undefined || next.toMs === undefined) return { path, why, fromMs }
  return { path, why, fromMs, toMs: Math.max(toMs, next.toMs) }
}

function listed({ process, atMs, state }: ProcessStatus): FleetProcess {
  const { api, clientPath, circuit, overrideMode, inFlight, store } = state
  return {
    ...process,
    atMs,
    api: api.state,
    clientPath: clientPath.state,
    circuit: circuit.state,
    overrideMode,
    inFlight,
    store: store.state,
  }
}
