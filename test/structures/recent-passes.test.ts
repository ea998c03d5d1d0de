import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RecentPasses } from '../../lib/structures/recent-passes.js'

const fiveMinutesMs = 300_000
const slotMs = 5_000

function passesAt(...timesMs: readonly number[]): RecentPasses {
  const passes = new RecentPasses(0)
  for (const atMs of timesMs) passes.count(atMs)
  return passes
}

describe('recent passes', () => {
  test('are none at first', () => {
    const passes = new RecentPasses(0)
    expect(passes.within(fiveMinutesMs, 0)).toBe(0)
    expect(passes.within(30_000, 1_000_000)).toBe(0)
  })

  test('are those within the window asked for', () => {
    const passes = passesAt(0, 10_000, 20_000, 30_000, 40_000)
    expect(passes.within(5_000, 40_000)).toBe(1)
    expect(passes.within(15_000, 40_000)).toBe(2)
    expect(passes.within(30_000, 40_000)).toBe(3)
    expect(passes.within(60_000, 40_000)).toBe(5)
  })

  test('leave a window slot by slot as time goes by', () => {
    const passes = passesAt(0, 0, 0)
    expect(passes.within(30_000, 29_999)).toBe(3)
    expect(passes.within(30_000, 30_000)).toBe(0)
  })

  test('in no window at all are none', () => {
    expect(passesAt(0).within(0, 0)).toBe(0)
  })

  test('are forgotten after five minutes, however long the window', () => {
    const passes = passesAt(0, 4_999)
    expect(passes.within(fiveMinutesMs, 299_999)).toBe(2)
    expect(passes.within(3_600_000, 299_999)).toBe(2)
    expect(passes.within(fiveMinutesMs, 300_000)).toBe(0)
    expect(passes.within(3_600_000, 300_000)).toBe(0)
  })

  test('of five minutes ago do not come back with the next ones', () => {
    const passes = passesAt(0, 0, 300_000)
    expect(passes.within(fiveMinutesMs, 300_000)).toBe(1)
  })

  test.each([300_000, 305_000, 600_000, 86_400_000, 50 * 365 * 86_400_000])(
    'are none after %d ms of silence',
    (gapMs) => {
      const passes = passesAt(0, 60_000, 299_999)
      expect(passes.within(fiveMinutesMs, 299_999 + gapMs)).toBe(0)
      passes.count(299_999 + gapMs)
      expect(passes.within(fiveMinutesMs, 299_999 + gapMs)).toBe(1)
      expect(passes.within(5_000, 299_999 + gapMs)).toBe(1)
    },
  )

  test('are many without a bound that matters', () => {
    const passes = new RecentPasses(0)
    for (let pass = 0; pass < 300_000; pass++) passes.count(pass)
    expect(passes.within(fiveMinutesMs, 299_999)).toBe(300_000)
    expect(passes.within(60_000, 299_999)).toBe(60_000)
  })

  test('start to count in the middle of a clock’s life as well', () => {
    const passes = new RecentPasses(123_456_789)
    passes.count(123_456_789)
    expect(passes.within(fiveMinutesMs, 123_456_789)).toBe(1)
  })
})

test('they are what counting every single pass gives', () => {
  const step = fc.record({
    gapMs: fc.oneof(fc.nat(3_000), fc.nat(60_000), fc.nat(900_000)),
    passes: fc.nat(3),
    windowMs: fc.nat(400_000),
  })
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.array(step, { maxLength: 100 }), (startMs, steps) => {
      const recent = new RecentPasses(startMs)
      const all: number[] = []
      let nowMs = startMs
      for (const { gapMs, passes, windowMs } of steps) {
        nowMs += gapMs
        for (let pass = 0; pass < passes; pass++) {
          recent.count(nowMs)
          all.push(nowMs)
        }
        const slots = Math.min(60, Math.ceil(windowMs / slotMs))
        const oldestMs = (Math.floor(nowMs / slotMs) - slots + 1) * slotMs
        expect(recent.within(windowMs, nowMs)).toBe(all.filter((atMs) => atMs >= oldestMs).length)
      }
    }),
  )
})
