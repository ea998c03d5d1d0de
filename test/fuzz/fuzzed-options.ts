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

/** Options of one guard. Most cases have no function of the application's. */
export const fuzzedOptions: fc.Arbitrary<Partial<CaptchaGuardOptions>> = fc
  .record(
    {
      channel: fc.constantFrom('web' as const, 'web' as const, 'mini_program' as const),
      mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'observe' as const),
      maxInFlight: fc.constantFrom(1, 64, 2048),
      logUserIp: fc.constantFrom('masked' as const, 'full' as const, false as const),
      degradation: degradation as fc.Arbitrary<NonNullable<CaptchaGuardOptions['degradation']>>,
      userIp: fc.option(misbehaving, { freq: 40 }) as never,
      clientKey: fc.option(misbehaving, { freq: 20 }) as never,
      knownAs: fc.option(misbehaving, { freq: 20 }) as never,
      readToken: fc.option(misbehaving, { freq: 40 }) as never,
      riskContext: fc.option(misbehaving, { freq: 40 }) as never,
      onVerdict: fc.option(misbehaving, { freq: 10 }) as never,
      onRefused: fc.option(onRefused, { freq: 10 }) as never,
    },
    { requiredKeys: [] },
  )
  .map((options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)))

type Operation = keyof StoreSession

/** A store of the application's own that answers anything, at any time, or not at all. */
const wildStore = fc
  .array(
    fc.record({
      kind: fc.constantFrom('answers', 'rejects', 'throws', 'hangs'),
      value: wildAnswer(),
      afterMs: fc.constantFrom(0, 1, 199, 201),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((acts) => (clock: VirtualClock): CaptchaStore => {
    let calls = 0
    const act = () => {
      const { kind, value, afterMs } = acts[calls++ % acts.length] as (typeof acts)[number]
      if (kind === 'throws') throw new Error('store')
      return new Promise<never>((resolve, reject) => {
        if (kind === 'hangs') return
        clock.after(afterMs, () => (kind === 'answers' ? resolve(value as never) : reject(new Error('store'))))
      })
    }
    const operations: Operation[] = [
      'claim',
      'release',
      'recordVerified',
      'recordHistory',
      'readHistory',
      'heartbeat',
      'setOverride',
    ]
    const session = Object.fromEntries(operations.map((name) => [name, act])) as unknown as StoreSession
    return { kind: 'wild', connect: () => session }
  })

function wildAnswer(): fc.Arbitrary<unknown> {
  return fc.oneof(
    {
      weight: 2,
      arbitrary: fc.constantFrom<unknown>(
        { kind: 'granted' },
        { kind: 'replayed' },
        { isFirst: true },
        { isFirst: false },
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

/** The store of a case: none, the one in memory, or a wild one. */
export const fuzzedStore: fc.Arbitrary<(clock: VirtualClock) => CaptchaStore | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(() => undefined) },
  { weight: 2, arbitrary: fc.constant((clock: VirtualClock) => memoryStore({ clock })) },
  { weight: 2, arbitrary: wildStore },
)
