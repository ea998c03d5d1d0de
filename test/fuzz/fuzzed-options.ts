import fc from 'fast-check'
import type { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import type { CaptchaGuardOptions, CaptchaStore, StoreSession } from '../../lib/index.js'
import { memoryStore } from '../../lib/store/memory-store.js'
import { hostileValue } from './hostile-values.js'

/** Options that a guard starts with, however strange, and functions in them that do what they must not. */
const purse = fc.record({
  perClient: fc.record({ limit: fc.integer({ min: 0, max: 4 }), windowMs: fc.constantFrom(1000, 60_000, 600_000) }),
  total: fc.record({
    floorPerMinute: fc.constantFrom(0, 10, 120),
    baselineFactor: fc.constantFrom(0, 0.05, 3),
    startPerMinute: fc.constantFrom(0, 1, 10, 600),
  }),
})

const action = fc.constantFrom('pass' as const, 'refuse' as const)
const causes = [
  'timeout',
  'unreachable',
  'bad_response',
  'internal_error',
  'throttled',
  'misconfigured',
  'client_fallback',
]

const degradation = fc.record(
  {
    rules: fc.dictionary(
      fc.constantFrom(...causes),
      fc.oneof(
        action,
        hostileValue.map((value) => () => value as never),
      ),
    ),
    outage: purse,
    doubt: purse,
    circuit: fc.record({
      consecutiveFailures: fc.integer({ min: 1, max: 5 }),
      canaryIntervalMs: fc.constantFrom(50, 1000),
      canaryMaxIntervalMs: fc.constantFrom(1000, 8000),
    }),
    fallback: fc.record({ maxAgeMs: fc.constantFrom(1000, 300_000) }),
    lateVerification: fc.boolean(),
    expectedPerMinute: fc.constantFrom(1, 100),
  },
  { requiredKeys: [] },
)

/** Returns the value, or throws it. */
const misbehaving = fc.record({ value: hostileValue, throws: fc.boolean() }).map(({ value, throws }) => () => {
  if (throws) throw value
  return value as never
})

const onRefused = fc.constantFrom<CaptchaGuardOptions['onRefused']>(
  (_req, _res, next) => next(),
  (_req, _res, next) => {
    next()
    next(new Error('twice'))
  },
  (_req, _res, next) => {
    next()
    throw new Error('after next')
  },
  (_req, res) => res.end('own answer'),
  () => {
    throw new Error('instead of an answer')
  },
)

/** Absent in most cases, for one that misbehaves ends most requests with an error. */
export function rarely<Value>(arbitrary: fc.Arbitrary<Value>, weight: number): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

/** Options of one guard. Most cases have no function of the application's. */
export const fuzzedOptions: fc.Arbitrary<Partial<CaptchaGuardOptions>> = fc
  .record(
    {
      channel: fc.constantFrom('web' as const, 'web' as const, 'mini_program' as const),
      mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'observe' as const),
      maxInFlight: fc.constantFrom(1, 64, 2048),
      logUserIp: fc.constantFrom('masked' as const, 'full' as const, false as const),
      degradation: degradation as fc.Arbitrary<NonNullable<CaptchaGuardOptions['degradation']>>,
      userIp: rarely(misbehaving, 30) as never,
      clientKey: rarely(misbehaving, 30) as never,
      knownAs: rarely(misbehaving, 30) as never,
      readToken: rarely(misbehaving, 30) as never,
      riskContext: rarely(misbehaving, 30) as never,
      onVerdict: rarely(misbehaving, 6) as never,
      onRefused: rarely(onRefused, 6) as never,
    },
    { requiredKeys: [] },
  )
  .map((options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)))

/** How one operation of a store goes. */
const storeAct = (kinds: readonly ('answers' | 'rejects' | 'throws' | 'hangs')[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), value: wildAnswer(), afterMs: fc.constantFrom(0, 1, 199, 201) })
type StoreAct = ReturnType<typeof storeAct> extends fc.Arbitrary<infer One> ? One : never

/** A store whose operations go as the acts say, in turn. */
function actingStore(acts: readonly StoreAct[], clock: VirtualClock): CaptchaStore {
  let calls = 0
  const act = () => {
    const { kind, value, afterMs } = acts[calls++ % acts.length] as StoreAct
    if (kind === 'throws') throw new Error('store')
    return new Promise<never>((resolve, reject) => {
      if (kind === 'hangs') return
      clock.after(afterMs, () => (kind === 'answers' ? resolve(value as never) : reject(new Error('store'))))
    })
  }
  const session: StoreSession = {
    claim: act,
    release: act,
    recordVerified: act,
    recordHistory: act,
    readHistory: act,
    heartbeat: act,
    setOverride: act,
  }
  return { kind: 'acting', connect: () => session }
}

function wildAnswer(): fc.Arbitrary<unknown> {
  return fc.oneof(
    {
      weight: 2,
      arbitrary: fc.constantFrom<unknown>(
        { kind: 'granted' },
        { kind: 'replayed' },
        { isFirst: true },
        { isFirst: false },
        { nowMs: 0, processes: 1 },
      ),
    },
    {
      weight: 3,
      arbitrary: fc.record<Record<string, unknown>>(
        {
          kind: fc.constantFrom('granted', 'over_limit', 'replayed', 'unknown_client', 'other'),
          retryAfterMs: hostileValue,
          isFirst: hostileValue,
          history: fc.oneof(hostileValue, fc.record({ verifiedPerMinute: hostileValue })),
          nowMs: fc.oneof(fc.nat(), hostileValue),
          processes: fc.oneof(fc.integer({ min: 1, max: 5 }), hostileValue),
          baselinePerMinute: hostileValue,
          referencePerMinute: hostileValue,
          override: hostileValue,
        },
        { requiredKeys: [] },
      ),
    },
    { weight: 1, arbitrary: hostileValue },
  )
}

/** The store of a case. */
export interface FuzzedStore {
  /** Whether it may say, as a store may, that a client or the site has earned more. */
  readonly mayRaiseLimits: boolean
  open(clock: VirtualClock): CaptchaStore | undefined
}

const acting = (mayRaiseLimits: boolean, ...kinds: readonly ('answers' | 'rejects' | 'throws' | 'hangs')[]) =>
  fc
    .array(storeAct(kinds), { minLength: 1, maxLength: 6 })
    .map((acts): FuzzedStore => ({ mayRaiseLimits, open: (clock) => actingStore(acts, clock) }))

/** None, the one in memory, one that fails in every way, or one that answers anything. */
export const fuzzedStore: fc.Arbitrary<FuzzedStore> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<FuzzedStore>({ mayRaiseLimits: false, open: () => undefined }) },
  {
    weight: 2,
    arbitrary: fc.constant<FuzzedStore>({ mayRaiseLimits: false, open: (clock) => memoryStore({ clock }) }),
  },
  { weight: 1, arbitrary: acting(false, 'rejects', 'throws', 'hangs') },
  { weight: 2, arbitrary: acting(true, 'answers', 'answers', 'rejects', 'throws', 'hangs') },
)
