import { type BotEstimate, estimateBots } from './bot-estimate.js'
import { ClientPasses } from './client-passes.js'
import { type DecisionKind, MinuteTally } from './minute-tally.js'
import type { Waits } from './wait-histogram.js'

/** Counts by name, most first. */
export type Counts = Readonly<Record<string, number>>

/** What one limit refused. */
export interface LimitRefusals {
  readonly purse: string
  /** `client`: the limit of one client; `total`: what the purse holds for all. */
  readonly exhaustedBy: string
  readonly refusals: number
}

/** One minute of a chart. */
export interface MinuteFigures {
  /** Milliseconds since 1970. */
  readonly startMs: number
  readonly outagePasses: number
  readonly doubtPasses: number
  readonly degradedRefusals: number
  readonly verified: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** The minute in which users waited longest altogether. */
export interface SlowestMinute {
  readonly startMs: number
  readonly waits: Waits
}

/** What was decided in some minutes. */
export interface Figures {
  readonly passes: number
  readonly passesByCause: Counts
  readonly passesByPurse: Counts
  /** By whether the client had history before: `known`, `new`, or `unknown` where lines do not say. */
  readonly passesByClient: Counts
  /** Refusals whose verdict was missing, those included whose lines were sampled away. */
  readonly degradedRefusals: number
  /** Those included whose lines were sampled away, as far as lines say of them. */
  readonly degradedRefusalsByReason: Counts
  /** By the lines that were written. */
  readonly degradedRefusalsByCause: Counts
  readonly limits: readonly LimitRefusals[]
  /** Refused for what the caller sent. */
  readonly refused: number
  readonly refusedByReason: Counts
  /** Verified passes; 0 where the log has no lines of level debug. */
  readonly verified: number
  /** Lines that were sampled away: in the totals and the reasons above, and in no other breakdown. */
  readonly suppressed: { readonly degradedRefusals: number; readonly refused: number; readonly verified: number }
  /** Of requests that passed, in the guard. */
  readonly waits: Waits | null
  readonly clients: {
    readonly top: readonly { readonly client: string; readonly passes: number }[]
    /** `null` where clients were dropped to save memory. */
    readonly distinct: number | null
    /** So many passes at most are missing from each count of `top`. */
    readonly missedAtMost: number
  }
  readonly slowestMinute: SlowestMinute | null
  readonly late: {
    readonly genuine: number
    readonly refused: number
    readonly inconclusive: number
    readonly refusedByReason: Counts
  }
  readonly bots: BotEstimate | null
  readonly minutes: readonly MinuteFigures[]
}

const topClients = 10

/** Sums up minutes; `later` are minutes after them whose late verdicts belong to them. */
export function figuresOf(minutes: readonly MinuteTally[], later: readonly MinuteTally[]): Figures {
  const sum = new MinuteTally(Number.NaN)
  for (const minute of minutes) sum.merge(minute)
  for (const minute of later) sum.mergeLate(minute)
  const suppressed = {
    degradedRefusals: sum.suppressed.get('captcha_degraded') ?? 0,
    refused: sum.suppressed.get('captcha_refused') ?? 0,
    verified: sum.suppressed.get('captcha_verified') ?? 0,
  }
  const late = lateFigures(sum)
  const passes = count(sum, isDegradedPass)
  const ordinaryPasses = count(sum, (kind) => isDegradedPass(kind) && kind.ticket === 'ordinary')
  return {
    passes,
    passesByCause: counts(sum, isDegradedPass, ({ cause }) => cause),
    passesByPurse: counts(sum, isDegradedPass, ({ purse }) => purse),
    passesByClient: counts(sum, isDegradedPass, ({ client }) => client),
    degradedRefusals: count(sum, isDegradedRefusal) + suppressed.degradedRefusals,
    degradedRefusalsByReason: reasonCounts(sum, isDegradedRefusal, 'captcha_degraded'),
    degradedRefusalsByCause: counts(sum, isDegradedRefusal, ({ cause }) => cause),
    limits: limitFigures(sum),
    refused: count(sum, isRefusal) + suppressed.refused,
    refusedByReason: reasonCounts(sum, isRefusal, 'captcha_refused'),
    verified: count(sum, isVerified) + suppressed.verified,
    suppressed,
    waits: sum.waits.summary(),
    clients: clientFigures(minutes),
    slowestMinute: slowest(minutes),
    late,
    bots: estimateBots(usefulChecks(late), ordinaryPasses, passes - ordinaryPasses),
    minutes: minutes.map(minuteFigures),
  }
}

type IsCounted = (kind: DecisionKind) => boolean

const isDegradedPass: IsCounted = ({ event, passed }) => event === 'captcha_degraded' && passed
const isDegradedRefusal: IsCounted = ({ event, passed }) => event === 'captcha_degraded' && !passed
const isRefusal: IsCounted = ({ event }) => event === 'captcha_refused'
const isVerified: IsCounted = ({ event }) => event === 'captcha_verified'

function count({ decisions }: MinuteTally, isCounted: IsCounted): number {
  let sum = 0
  for (const [kind, lines] of decisions) if (isCounted(kind)) sum += lines
  return sum
}

function counts({ decisions }: MinuteTally, isCounted: IsCounted, nameOf: (kind: DecisionKind) => string | undefined) {
  const sums = new Map<string, number>()
  for (const [kind, lines] of decisions) {
    const name = nameOf(kind) ?? 'unknown'
    if (isCounted(kind)) sums.set(name, (sums.get(name) ?? 0) + lines)
  }
  return sorted(sums)
}

function reasonCounts(minute: MinuteTally, isCounted: IsCounted, event: string): Counts {
  const sums = new Map<string, number>(minute.suppressedReasons.get(event))
  for (const [kind, lines] of minute.decisions) {
    if (isCounted(kind)) sums.set(kind.reason, (sums.get(kind.reason) ?? 0) + lines)
  }
  return sorted(sums)
}

function sorted(sums: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
}

function limitFigures({ decisions }: MinuteTally): LimitRefusals[] {
  const limits = new Map<string, { purse: string; exhaustedBy: string; refusals: number }>()
  for (const [{ purse = 'unknown', exhaustedBy }, lines] of decisions) {
    if (exhaustedBy === undefined) continue
    const key = `${purse}|${exhaustedBy}`
    const limit = limits.get(key) ?? { purse, exhaustedBy, refusals: 0 }
    limit.refusals += lines
    limits.set(key, limit)
  }
  return [...limits.values()].sort((a, b) => b.refusals - a.refusals)
}

function clientFigures(minutes: readonly MinuteTally[]): Figures['clients'] {
  const clients = new ClientPasses()
  // Minutes of one outage count clients together.
  for (const each of new Set(minutes.map((minute) => minute.clients))) clients.merge(each)
  const { missed, size } = clients
  return { top: clients.top(topClients), distinct: missed > 0 ? null : size, missedAtMost: missed }
}

function lateFigures({ late }: MinuteTally): Figures['late'] {
  const outcomes = { genuine: 0, refused: 0, inconclusive: 0 }
  const refusedByReason = new Map<string, number>()
  for (const [{ outcome, reason = 'unknown' }, lines] of late) {
    if (outcome === 'refused') refusedByReason.set(reason, (refusedByReason.get(reason) ?? 0) + lines)
    if (outcome === 'genuine' || outcome === 'refused') outcomes[outcome] += lines
    else outcomes.inconclusive += lines
  }
  return { ...outcomes, refusedByReason: sorted(refusedByReason) }
}

/** Leaves out tickets that expired while they waited: honest ones and others expire alike. */
function usefulChecks({ genuine, refused, inconclusive, refusedByReason }: Figures['late']) {
  const expired = refusedByReason.ticket_expired ?? 0
  return { genuine, refused: refused - expired, inconclusive: inconclusive + expired }
}

function slowest(minutes: readonly MinuteTally[]): SlowestMinute | null {
  // Minutes that were folded into one have no start.
  const [first, ...others] = minutes.filter(({ startMs }) => !Number.isNaN(startMs))
  if (first === undefined) return null
  const minute = others.reduce((worst, each) => (each.waits.totalMs > worst.waits.totalMs ? each : worst), first)
  const waits = minute.waits.summary()
  return waits === null || waits.totalMs === 0 ? null : { startMs: minute.startMs, waits }
}

function minuteFigures(minute: MinuteTally): MinuteFigures {
  const waits = minute.waits.summary()
  const outagePasses = count(minute, (kind) => isDegradedPass(kind) && kind.purse === 'outage')
  return {
    startMs: minute.startMs,
    outagePasses,
    doubtPasses: count(minute, isDegradedPass) - outagePasses,
    degradedRefusals: count(minute, isDegradedRefusal) + (minute.suppressed.get('captcha_degraded') ?? 0),
    verified: count(minute, isVerified) + (minute.suppressed.get('captcha_verified') ?? 0),
    p50Ms: waits?.p50Ms ?? null,
    p99Ms: waits?.p99Ms ?? null,
  }
}
