import { describe, expect, test } from '@jest/globals'
import { degraded, noFacts, type Outcome } from '../../lib/admission/outcome.js'
import { CallAllowance } from '../../lib/site/call-allowance.js'
import { ManualClock } from '../support/manual-clock.js'

const verified: Outcome = { kind: 'verified', facts: noFacts }
const refused: Outcome = { kind: 'refused', reason: 'ticket_invalid', facts: noFacts }
const throttled = degraded('throttled')

/** An allowance on a manual clock, before a Tencent that has room for so many calls in each second. */
class AllowanceUnderTest {
  readonly clock = new ManualClock()
  readonly rates = new Map<string, number>()
  expectedPerMinute: number | undefined
  readonly allowance = new CallAllowance({
    clock: this.clock,
    verifiedPerMinute: (clientKey) => this.rates.get(clientKey) ?? 0,
    expectedPerMinute: () => this.expectedPerMinute,
  })
  readonly #callsPerSecond: number
  #second = -1
  #left = 0

  constructor(callsPerSecond: number) {
    this.#callsPerSecond = callsPerSecond
  }

  /** One call; what came of it, or that it was not made. */
  call(clientKey: string, answer: Outcome = refused): 'answered' | 'throttled' | 'not_asked' {
    const call = this.allowance.take(clientKey, this.rates.has(clientKey))
    if (call === undefined) return 'not_asked'
    const second = Math.floor(this.clock.nowMs() / 1000)
    if (second !== this.#second) this.#left = this.#callsPerSecond
    this.#second = second
    const reply = this.#left-- > 0 ? answer : throttled
    this.allowance.settle(call, reply)
    return reply === throttled ? 'throttled' : 'answered'
  }

  /** Tencent throttles as many calls as begin the limit. */
  throttle(): void {
    for (let call = 0; call < 10; call++) this.call('stranger', throttled)
  }

  /** How many of a thousand strangers' calls that all come now go out. */
  askedAtOnce(): number {
    return [...Array(1000)].filter(() => this.allowance.take('stranger', false)).length
  }

  /** Strangers' junk at an even rate, and meanwhile what else happens every so often. */
  flood(perSecond: number, forMs: number, everyMs = Number.POSITIVE_INFINITY, also = () => {}): number {
    let answered = 0
    let alsoDueMs = this.clock.nowMs() + everyMs / 2
    const calls = (perSecond * forMs) / 1000
    for (let index = 0; index < calls; index++) {
      this.clock.skip(1000 / perSecond)
      if (this.call(`stranger ${index}`) === 'answered') answered++
      if (this.clock.nowMs() < alsoDueMs) continue
      alsoDueMs += everyMs
      also()
    }
    return answered
  }
}

describe('while Tencent throttles', () => {
  test('clients with history are answered, and strangers get what room is left', () => {
    const t = new AllowanceUnderTest(40)
    for (let client = 0; client < 1000; client++) t.rates.set(`known ${client}`, 0.1)
    t.flood(250, 3000)
    let index = 0
    const replies: string[] = []
    const strangers = t.flood(250, 30_000, 50, () => replies.push(t.call(`known ${index++}`, verified)))
    const answered = replies.filter((reply) => reply === 'answered').length
    expect(replies.length).toBeGreaterThan(590)
    expect(answered / replies.length).toBeGreaterThanOrEqual(0.99)
    expect(strangers / 30).toBeGreaterThan(8)
  })

  test('without it most of them are throttled', () => {
    const t = new AllowanceUnderTest(40)
    const { allowance } = t
    allowance.take = (clientKey, isKnown) => allowance.uncounted(clientKey, isKnown)
    t.rates.set('known', 0.1)
    const replies: string[] = []
    t.flood(250, 30_000, 50, () => replies.push(t.call('known', verified)))
    expect(replies.filter((reply) => reply === 'answered').length / replies.length).toBeLessThan(0.3)
  })

  test.each([
    ['nine', 9, 0],
    ['ten in twelve seconds:', 10, 1200],
  ])('%s throttled calls limit nothing', (_, calls, gapMs) => {
    const t = new AllowanceUnderTest(0)
    for (let call = 0; call < calls; call++) {
      t.clock.skip(gapMs)
      expect(t.call('stranger')).toBe('throttled')
    }
    expect(t.askedAtOnce()).toBe(1000)
  })

  test('the tenth within ten seconds begins the limit', () => {
    const t = new AllowanceUnderTest(0)
    for (let call = 0; call < 10; call++) {
      expect(t.call('stranger')).toBe('throttled')
      t.clock.skip(900)
    }
    expect(t.askedAtOnce()).toBe(10)
  })

  test('room is scarce until a minute after a throttled call', () => {
    const t = new AllowanceUnderTest(0)
    t.clock.skip(100_000)
    expect(t.allowance.isScarce).toBe(false)
    t.call('stranger')
    t.clock.skip(59_999)
    expect(t.allowance.isScarce).toBe(true)
    t.clock.skip(1)
    expect(t.allowance.isScarce).toBe(false)
  })

  test.each([
    ['a timeout', degraded('timeout')],
    ['an exception', { kind: 'bug', error: new Error('not classified') }],
  ] as const)('%s is no throttling', (_, reply) => {
    const t = new AllowanceUnderTest(1_000_000)
    for (let call = 0; call < 100; call++) t.call('stranger', reply)
    expect(t.allowance.isScarce).toBe(false)
    expect(t.askedAtOnce()).toBe(1000)
  })

  test('strangers have half of what Tencent answered of their calls in the last second', () => {
    const t = new AllowanceUnderTest(1_000_000)
    for (let call = 0; call < 320; call++) t.call('stranger')
    t.throttle()
    expect(t.askedAtOnce()).toBe(160 / 4)
  })

  test('calls that come first are no room for strangers', () => {
    const t = new AllowanceUnderTest(1_000_000)
    for (let client = 0; client < 1000; client++) {
      t.rates.set(`known ${client}`, 0.1)
      t.call(`known ${client}`, verified)
    }
    t.throttle()
    expect(t.askedAtOnce()).toBe(10)
  })

  test('a limit that begins again has forgotten the rate of the last one', () => {
    const t = new AllowanceUnderTest(1_000_000)
    t.throttle()
    expect(t.askedAtOnce()).toBe(10)
    t.clock.skip(60_000)
    for (let call = 0; call < 800; call++) t.call('stranger')
    t.throttle()
    expect(t.askedAtOnce()).toBe(400 / 4)
  })

  test.each([
    [undefined, 1],
    [6000, 5],
  ])('strangers of a site that expects %p a minute keep %i calls a second', (expectedPerMinute, perSecond) => {
    const t = new AllowanceUnderTest(0)
    t.expectedPerMinute = expectedPerMinute
    t.flood(100, 20_000)
    let asked = 0
    for (let step = 0; step < 2000; step++) {
      t.clock.skip(10)
      if (t.call('stranger') === 'throttled') asked++
    }
    expect(asked).toBeGreaterThanOrEqual(20 * perSecond - 1)
    expect(asked).toBeLessThanOrEqual(20 * perSecond * 1.5)
  })

  test('a client with history has three calls a minute that come first, or three times its own rate', () => {
    const t = new AllowanceUnderTest(0)
    t.rates.set('one solve', 0.1)
    t.rates.set('carrier', 10)
    t.flood(100, 1000)
    const first = (clientKey: string) =>
      [...Array(100)].map(() => t.allowance.take(clientKey, true)).filter((call) => call?.isFirst).length
    expect([first('one solve'), first('carrier')]).toEqual([3, 30])
    t.clock.skip(60_001)
    t.flood(100, 1000)
    expect(first('one solve')).toBe(3)
  })

  test('a client with history comes first no more after its fourth refusal, until it is verified again', () => {
    const t = new AllowanceUnderTest(1_000_000)
    t.rates.set('bought', 0.1)
    const comesFirst = () => t.allowance.uncounted('bought', true).isFirst
    for (let refusal = 0; refusal < 3; refusal++) t.call('bought')
    expect(comesFirst()).toBe(true)
    t.call('bought')
    expect(comesFirst()).toBe(false)
    t.call('bought', verified)
    expect(comesFirst()).toBe(true)
  })
})

test("strangers' refusals do not crowd out those of a client whose history was bought", () => {
  const t = new AllowanceUnderTest(1_000_000)
  t.rates.set('bought', 0.1)
  for (let refusal = 0; refusal < 4; refusal++) t.call('bought')
  for (let stranger = 0; stranger < 50_000; stranger++) t.call(`stranger ${stranger}`)
  expect(t.allowance.uncounted('bought', true).isFirst).toBe(false)
})

test('the limit ends a minute after the last throttled call, and not while the flood goes on', () => {
  const t = new AllowanceUnderTest(40)
  t.flood(250, 5000)
  expect(t.allowance.isScarce).toBe(true)
  t.flood(250, 70_000)
  const burst = [...Array(200)].map((_, index) => t.call(`late ${index}`))
  expect(burst.filter((reply) => reply === 'not_asked').length).toBeGreaterThan(100)
  t.clock.skip(60_000)
  expect(t.allowance.isScarce).toBe(false)
  const quiet = [...Array(30)].map((_, index) => t.call(`quiet ${index}`))
  expect(new Set(quiet)).toEqual(new Set(['answered']))
})
