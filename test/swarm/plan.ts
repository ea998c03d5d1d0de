import { RandomDraws } from '../../bench/outage-simulation/random-draws.js'
import { simulatedConfig } from '../../bench/outage-simulation/simulated-config.js'
import type { OverrideMode } from '../../lib/admission/question.js'
import type { DegradationConfig } from '../../lib/options/config.js'
import type { DegradationOptions } from '../../lib/options/options.js'

/** What Tencent does to all calls while a fault lasts. The last two say nothing about its availability. */
export type TencentFault =
  | 'hangs'
  | 'errors'
  | 'unreachable'
  | 'slow'
  | 'some_errors'
  | 'ordinary_hangs'
  | 'throttles'
  | 'misconfigured'

export interface Window<Kind> {
  readonly kind: Kind
  readonly fromMs: number
  readonly untilMs: number
}

/** Callers that mean harm. */
export interface Attack extends Window<'fallback' | 'junk' | 'poison' | 'tar' | 'replay' | 'bought'> {
  readonly perMinute: number
  readonly clients: number
  /** Part of the callers goes away so long after it has asked. */
  readonly hangsUpAfterMs: number | undefined
}

export interface PlannedProcess {
  /** Where its monotonic clock stands when the site starts. */
  readonly originMs: number
  /** How far its wall clock is off, and to where it is set while the site runs. */
  readonly skewMs: number
  readonly resetAtMs: number
  readonly skewAfterResetMs: number
}

/** A whole site and what happens to it, by its seed alone. */
export interface Plan {
  readonly seed: number
  /** One for each guard of a process. */
  readonly guards: readonly DegradationConfig[]
  readonly maxInFlight: number
  readonly processes: readonly PlannedProcess[]
  readonly hasStore: boolean
  readonly storeFaults: readonly Window<'hangs' | 'rejects'>[]
  readonly honestPerMinute: number
  readonly honestClients: number
  /** Part of the honest users that goes away before the answer. */
  readonly impatientShare: number
  readonly faults: readonly Window<TencentFault>[]
  readonly scriptFaults: readonly Window<'down'>[]
  readonly overrides: readonly Window<Exclude<OverrideMode, 'none'>>[]
  readonly attacks: readonly Attack[]
  /** When the last request comes. */
  readonly endMs: number
}

const minuteMs = 60_000
/** Nothing is wrong at first, nor in the last minute. */
const quietMs = 90_000
/** Between two faults the circuit has time to close. */
const pauseMs = 25_000

const tencentFaults = [
  'hangs',
  'errors',
  'unreachable',
  'hangs',
  'errors',
  'slow',
  'some_errors',
  'ordinary_hangs',
  'throttles',
  'misconfigured',
] as const
const totalFaults: readonly TencentFault[] = ['hangs', 'errors', 'unreachable', 'throttles', 'misconfigured']
const longEnoughMs = 20_000
const attackKinds = ['fallback', 'junk', 'poison', 'tar', 'replay', 'bought'] as const
const limits = [0, 1, 3, 20] as const
const windowsMs = [1000, minuteMs, 10 * minuteMs] as const

export function planOf(seed: number): Plan {
  const draws = new RandomDraws(seed)
  const endMs = (5 + draws.below(4)) * minuteMs
  const isPlain = draws.chance(0.4)
  const processes = 1 + draws.below(3)
  const hasStore = draws.chance(processes > 1 ? 0.7 : 0.3)
  const honestPerMinute = processes * oneOf(draws, isPlain ? [60, 200] : [12, 60, 200])
  const circuit = circuitOf(draws)
  const common = {
    circuit,
    ...(draws.chance(0.3) && { expectedPerMinute: honestPerMinute }),
    lateVerification: draws.chance(0.8),
  }
  return {
    seed,
    guards: Array.from({ length: draws.chance(0.3) ? 2 : 1 }, () => simulatedConfig({ ...common, ...pursesOf(draws) })),
    maxInFlight: oneOf(draws, [8, 64, 2048]),
    processes: Array.from({ length: processes }, () => processOf(draws, endMs)),
    hasStore,
    storeFaults: hasStore && draws.chance(0.5) ? windows(draws, ['hangs', 'rejects'], 2, 2000, 60_000, endMs) : [],
    honestPerMinute,
    honestClients: oneOf(draws, [5, 40, 400]),
    impatientShare: oneOf(draws, [0, 0.05, 0.3]),
    faults: isPlain
      ? windows(draws, totalFaults, 1, longEnoughMs, 50_000, endMs)
      : windows(draws, tencentFaults, 1 + draws.below(2), 2000, 70_000, endMs),
    scriptFaults: !isPlain && draws.chance(0.4) ? windows(draws, ['down'], 1, 2000, 90_000, endMs) : [],
    overrides: !isPlain && draws.chance(0.25) ? windows(draws, ['pass', 'verify_only'], 1, 2000, 30_000, endMs) : [],
    attacks: Array.from({ length: draws.below(4) }, () => attackOf(draws, endMs)),
    endMs,
  }
}

function oneOf<Value>(draws: RandomDraws, values: readonly Value[]): Value {
  return values[draws.below(values.length)] as Value
}

/** So that a circuit closes in time, its longest interval stays at the default or below. */
function circuitOf(draws: RandomDraws): NonNullable<DegradationOptions['circuit']> {
  return {
    consecutiveFailures: 1 + draws.below(6),
    failureRate: oneOf(draws, [0.2, 0.5, 1]),
    minimumCalls: 1 + draws.below(20),
    windowMs: oneOf(draws, [2000, 10_000]),
    canaryIntervalMs: oneOf(draws, [200, 1000]),
    canaryMaxIntervalMs: oneOf(draws, [1000, 8000]),
  }
}

function pursesOf(draws: RandomDraws): Pick<DegradationOptions, 'outage' | 'doubt'> {
  const purse = (startPerMinute: number) => ({
    perClient: { limit: oneOf(draws, limits), windowMs: oneOf(draws, windowsMs) },
    total: { floorPerMinute: oneOf(draws, [0, 10, 120]), baselineFactor: oneOf(draws, [0, 0.05, 3]), startPerMinute },
  })
  return draws.chance(0.4) ? {} : { outage: purse(oneOf(draws, [10, 600])), doubt: purse(10) }
}

function processOf(draws: RandomDraws, endMs: number): PlannedProcess {
  const skewMs = () => Math.round(draws.normal() * oneOf(draws, [100, 30_000, 3_600_000]))
  return {
    originMs: draws.below(10_000_000),
    skewMs: skewMs(),
    resetAtMs: draws.below(endMs),
    skewAfterResetMs: skewMs(),
  }
}

function windows<Kind>(
  draws: RandomDraws,
  kinds: readonly Kind[],
  count: number,
  shortestMs: number,
  longestMs: number,
  endMs: number,
) {
  const found: Window<Kind>[] = []
  let fromMs = quietMs
  for (let index = 0; index < count; index++) {
    fromMs += draws.below(60_000)
    const untilMs = fromMs + shortestMs + draws.below(longestMs)
    if (untilMs > endMs - quietMs) return found
    found.push({ kind: oneOf(draws, kinds), fromMs, untilMs })
    fromMs = untilMs + pauseMs
  }
  return found
}

function attackOf(draws: RandomDraws, endMs: number): Attack {
  const fromMs = draws.below(endMs)
  return {
    kind: oneOf(draws, attackKinds),
    fromMs,
    untilMs: fromMs + draws.below(3 * minuteMs),
    perMinute: oneOf(draws, [30, 300, 1500]),
    clients: oneOf(draws, [1, 5, 500]),
    hangsUpAfterMs: draws.chance(0.25) ? draws.below(1500) : undefined,
  }
}

/** The window that holds this time. */
export function during<Kind>(list: readonly Window<Kind>[], nowMs: number): Window<Kind> | undefined {
  return list.find(({ fromMs, untilMs }) => nowMs >= fromMs && nowMs < untilMs)
}

/**
 * Whether attackers can change nothing about the circuit of such a site but the moment at which it opens: whatever Tencent does, it does
 * to every call and for long enough to be seen by the users alone.
 */
export function isSeenByUsersAlone({ faults, scriptFaults, honestPerMinute, processes, overrides }: Plan): boolean {
  const areTotal = faults.every(
    ({ kind, fromMs, untilMs }) => totalFaults.includes(kind) && untilMs - fromMs >= longEnoughMs,
  )
  const honestEach = honestPerMinute / processes.length
  return areTotal && scriptFaults.length === 0 && overrides.length === 0 && honestEach >= 60
}
