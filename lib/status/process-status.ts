import * as v from 'valibot'
import { captchaReasons, degradationCauses } from '../admission/cause-table.js'
import type { GuardSnapshot } from '../guard/guard-types.js'
import { maxStatusBytes } from '../store/status-bounds.js'
import { columnKeys } from './recording/columns.js'
import { minutesKept, sumOf } from './recording/minute-counts.js'
import type { Recording } from './recording/status-recorder.js'

/** Which process a status is of. */
export interface ProcessIdentity {
  /** Unique among the processes of a site. */
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly startedAtMs: number
}

/** What one process knows of a site: its state now, and what it recorded. Plain JSON. */
export interface ProcessStatus {
  readonly process: ProcessIdentity
  /** When it was written, milliseconds since 1970 by that process's clock. */
  readonly atMs: number
  readonly state: ProcessState
  readonly recording: Recording
}

/** What a process's state takes from the snapshot. */
const stateKeys = [
  'api',
  'clientPath',
  'circuit',
  'endpoints',
  'credential',
  'purses',
  'baselinePerMinute',
  'late',
  'inFlight',
  'store',
] as const

/** The part of the guard's snapshot that the page shows of each process, and adds up over all. */
export type ProcessState = Pick<GuardSnapshot, (typeof stateKeys)[number]> & {
  readonly overrideMode: GuardSnapshot['override']['mode']
}

/** The status of this process. */
export function processStatus(
  process: ProcessIdentity,
  atMs: number,
  snapshot: GuardSnapshot,
  recording: Recording,
): ProcessStatus {
  const shown = Object.fromEntries(stateKeys.map((key) => [key, snapshot[key]])) as Pick<
    GuardSnapshot,
    (typeof stateKeys)[number]
  >
  return { process, atMs, state: { ...shown, overrideMode: snapshot.override.mode }, recording }
}

/** What is left out, step by step, of a status that is too large. */
const budgets = [
  { decisions: 10, clients: 10, outages: 10, columns: 16, endpoints: 4 },
  { decisions: 4, clients: 4, outages: 6, columns: 12, endpoints: 3 },
  { decisions: 0, clients: 0, outages: 3, columns: 8, endpoints: 2 },
  { decisions: 0, clients: 0, outages: 0, columns: 4, endpoints: 0 },
] as const

type Budget = (typeof budgets)[number]

/**
 * A process's status as the store holds it: versioned JSON of at most {@link maxStatusBytes}. What does not fit is left
 * out, details first. `undefined` where not even the state fits.
 */
export function encodeProcessStatus(status: ProcessStatus): string | undefined {
  for (const budget of budgets) {
    const text = JSON.stringify({ version: 1, ...shortened(status, budget) }, (_key, value: unknown) =>
      typeof value === 'string' && value.length > 600 ? value.slice(0, 600) : value,
    )
    if (Buffer.byteLength(text) <= maxStatusBytes) return text
  }
  return undefined
}

function shortened({ process, atMs, state, recording }: ProcessStatus, budget: Budget) {
  const { minute, counts, latency, degraded, limited, outages } = recording
  return {
    process,
    atMs,
    state: { ...state, endpoints: state.endpoints.slice(0, budget.endpoints) },
    recording: {
      minute,
      counts: Object.fromEntries(
        largestColumns(counts, budget.columns).map(([key, column]) => [key, packCounts(column)]),
      ),
      latency: latency.slice(0, budget.endpoints),
      degraded: degraded.slice(0, budget.decisions),
      limited: limited.slice(Math.max(0, limited.length - budget.clients)),
      outages: outages.slice(Math.max(0, outages.length - budget.outages)),
    },
  }
}

function largestColumns(counts: Recording['counts'], most: number): [string, readonly number[]][] {
  return Object.entries(counts)
    .sort(([, a], [, b]) => sumOf(b) - sumOf(a))
    .slice(0, most)
}

/** Counts in base 36, a comma between two; zeros are empty. */
function packCounts(counts: readonly number[]): string {
  return counts.map((count) => (count === 0 ? '' : count.toString(36))).join(',')
}

const count = v.pipe(v.number(), v.finite(), v.minValue(0))
const text = v.pipe(v.string(), v.maxLength(600))
const epochMs = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15))
const isoTime = v.pipe(v.string(), v.isoTimestamp())
const path = v.object({ state: v.picklist(['healthy', 'suspect', 'outage']), since: isoTime, why: text })
const purse = v.object({
  perMinute: count,
  capacity: count,
  remaining: count,
  taken: count,
  refusedByClientLimit: count,
  refusedByTotal: count,
  perClient: v.object({ limit: count, windowMs: count }),
  basis: v.picklist(['start', 'floor', 'baseline', 'estimate']),
})
const canary = v.object({ result: v.picklist(['healthy', 'failed']), agoMs: count })
const columns = v.pipe(
  v.record(v.picklist(columnKeys), v.pipe(v.string(), v.regex(/^[0-9a-z,]*$/))),
  v.transform((packed) => Object.fromEntries(Object.entries(packed).map(([key, csv]) => [key, unpackCounts(csv)]))),
)
const purseName = v.picklist(['outage', 'doubt'])
const limitName = v.picklist(['client', 'total'])
const decision = v.object({
  atMs: epochMs,
  passed: v.boolean(),
  reason: v.picklist(captchaReasons),
  cause: v.exactOptional(v.picklist(degradationCauses)),
  captchaCode: v.exactOptional(v.number()),
  errorCode: v.exactOptional(text),
  clientErrorCode: v.exactOptional(v.number()),
  requestId: v.exactOptional(text),
  ticketHash: v.exactOptional(text),
  userIp: v.exactOptional(text),
  durationMs: v.exactOptional(count),
  stage: v.exactOptional(v.picklist(['precheck', 'ask', 'resolve'])),
  rule: v.exactOptional(v.picklist(['pass', 'refuse'])),
  ruleFrom: v.exactOptional(v.picklist(['default', 'option', 'function'])),
  evidence: v.exactOptional(v.picklist(['outage', 'none'])),
  evidenceWhy: v.exactOptional(text),
  purse: v.exactOptional(purseName),
  purseUsed: v.exactOptional(count),
  purseLimit: v.exactOptional(count),
  purseRemaining: v.exactOptional(v.number()),
  exhaustedBy: v.exactOptional(limitName),
})
const buckets = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^\d{1,3}$/)), count),
  v.transform((found): Record<number, number> => found),
)

const wireSchema = v.object({
  version: v.literal(1),
  process: v.object({ id: text, host: text, pid: count, startedAtMs: epochMs }),
  atMs: epochMs,
  state: v.object({
    api: path,
    clientPath: path,
    circuit: v.object({
      state: v.picklist(['closed', 'suspect', 'open']),
      why: v.exactOptional(text),
      consecutiveFailures: count,
      callsUnderWay: count,
      lastCanary: v.exactOptional(canary),
      nextCanaryInMs: v.exactOptional(count),
    }),
    endpoints: v.array(
      v.object({
        url: text,
        inUse: v.boolean(),
        preferred: v.boolean(),
        state: v.picklist(['unknown', 'healthy', 'failed']),
        since: isoTime,
        onTrial: v.boolean(),
        lastCanary: v.exactOptional(canary),
      }),
    ),
    credential: v.object({
      source: v.picklist(['fixed', 'provider', 'client']),
      ageMs: v.exactOptional(count),
      expiresAt: v.exactOptional(isoTime),
      lastFailure: v.exactOptional(v.object({ problem: text, agoMs: count })),
    }),
    purses: v.object({ outage: purse, doubt: purse }),
    baselinePerMinute: v.nullable(count),
    late: v.object({ waiting: count, genuine: count, refused: count, inconclusive: count }),
    inFlight: count,
    store: v.object({ kind: text, state: v.picklist(['up', 'down']), processes: count }),
    overrideMode: v.picklist(['pass', 'verify_only', 'none']),
  }),
  recording: v.object({
    minute: count,
    counts: columns,
    latency: v.array(v.object({ endpoint: text, answered: buckets, failed: buckets })),
    degraded: v.array(decision),
    limited: v.array(
      v.object({
        userIp: v.exactOptional(text),
        purse: purseName,
        by: limitName,
        refusals: count,
        lastMs: epochMs,
      }),
    ),
    outages: v.array(
      v.object({
        path: v.picklist(['api', 'client_path']),
        why: text,
        fromMs: epochMs,
        toMs: v.exactOptional(epochMs),
      }),
    ),
  }),
})

/**
 * Reads what another process has published. `undefined` for what this release does not understand: a process of another version
 * is then counted, and not shown.
 */
export function decodeProcessStatus(encoded: string): ProcessStatus | undefined {
  if (encoded.length > maxStatusBytes) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(encoded)
  } catch {
    return undefined
  }
  const result = v.safeParse(wireSchema, parsed)
  if (!result.success) return undefined
  const { version: _, ...status } = result.output
  return status
}

function unpackCounts(csv: string): number[] {
  const counts = csv.split(',').map((digits) => (digits === '' ? 0 : Number.parseInt(digits, 36)))
  return Array.from({ length: minutesKept }, (_, index) => counts[index] ?? 0)
}
