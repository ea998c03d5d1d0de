import { describe, expect, test } from '@jest/globals'
import { type Decrease, LearnedRate } from '../../lib/site/learned-rate.js'

/** A rate on a clock of its own; Tencent answers without bound and the floor is one a second, unless told otherwise. */
class RateUnderTest {
  nowMs = 1_000_000
  readonly rate = new LearnedRate()

  decrease(given: Partial<Decrease> = {}): void {
    const { nowMs } = this
    this.rate.decrease({
      startedMs: nowMs,
      nowMs,
      answeredPerSecond: Number.POSITIVE_INFINITY,
      floorPerSecond: 1,
      ...given,
    })
  }

  /** How many calls are allowed that all come now, of at most ten thousand. */
  burst(): number {
    let calls = 0
    while (calls < 10_000 && this.rate.take(this.nowMs)) calls++
    return calls
  }

  /** Calls allowed a second, from now on for so long, where one asks every millisecond; no call may run ahead at first. */
  perSecond(forMs = 1000): number {
    this.burst()
    let calls = 0
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; ) {
      this.nowMs++
      if (this.rate.take(this.nowMs)) calls++
    }
    return (calls / forMs) * 1000
  }
}

describe('the learned rate', () => {
  test('has no bound before the first decrease', () => {
    expect(new RateUnderTest().burst()).toBe(10_000)
  })

  test('is half of what Tencent answered', () => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 100 })
    expect(t.perSecond(100)).toBe(50)
  })

  test('halves again with each decrease, also where Tencent answers more than the rate: calls with a precedence of their own', () => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 400 })
    t.nowMs += 1000
    t.decrease({ answeredPerSecond: 400 })
    expect(t.perSecond(100)).toBeCloseTo((200 + 8) / 2, -1)
  })

  test.each([
    [999, 420],
    [1000, 50],
  ])(
    'halves at most once a second, for Tencent refuses until its next one: %i ms later it is %i',
    (laterMs, perSecond) => {
      const t = new RateUnderTest()
      t.decrease({ answeredPerSecond: 800 })
      t.nowMs += laterMs
      t.decrease({ answeredPerSecond: 100 })
      expect(t.perSecond(100)).toBe(perSecond)
    },
  )

  test.each([
    [1, 440],
    [0, 50],
  ])('does not halve for a call that began before the last decrease: %i ms before, it is %i', (beforeMs, perSecond) => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 800 })
    const startedMs = t.nowMs - beforeMs
    t.nowMs += 2000
    t.decrease({ answeredPerSecond: 100, startedMs })
    expect(t.perSecond(100)).toBe(perSecond)
  })

  test('never falls below its floor', () => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 2, floorPerSecond: 20 })
    expect(t.perSecond()).toBe(20)
  })

  test('grows by a fiftieth of what it was before the decrease, the same step every second', () => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 500 })
    t.nowMs += 10_000
    expect(t.perSecond(100)).toBe(350)
    t.nowMs = 1_030_000
    expect(t.perSecond(100)).toBe(550)
  })

  test('grows by a tenth of a call a second at least', () => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 0 })
    t.nowMs += 90_000
    expect(t.perSecond(2000)).toBe(10)
  })

  test.each([
    [10, 10],
    [40, 10],
    [1000, 250],
  ])('of %i a second lets %i calls run ahead: ten, or what is due within a quarter of a second', (perSecond, calls) => {
    const t = new RateUnderTest()
    t.decrease({ answeredPerSecond: 2 * perSecond })
    expect(t.burst()).toBe(calls)
  })
})
