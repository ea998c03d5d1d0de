import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RollingCounts } from '../../lib/structures/rolling-counts.js'

const kinds = ['success', 'failure', 'throttled', 'neutral'] as const
const nothing = { success: 0, failure: 0, throttled: 0, neutral: 0 }

function callOutcomes(windowMs = 10_000) {
  const counts = new RollingCounts(kinds, windowMs, 10)
  const totals = (nowMs: number) => Object.fromEntries(kinds.map((kind) => [kind, counts.count(kind, nowMs)]))
  return { counts, totals }
}

describe('rolling counts of several kinds', () => {
  test('are zero before the first event', () => {
    expect(callOutcomes().totals(0)).toEqual(nothing)
  })

  test('keep the kinds apart', () => {
    const { counts, totals } = callOutcomes()
    counts.add('success', 0)
    counts.add('failure', 1)
    counts.add('failure', 1500)
    counts.add('throttled', 2000)
    counts.add('neutral', 9000)
    expect(totals(9000)).toEqual({ success: 1, failure: 2, throttled: 1, neutral: 1 })
  })

  test('keep the kinds apart within a look-back shorter than the window', () => {
    const { counts } = callOutcomes()
    counts.add('failure', 0)
    counts.add('success', 5000)
    counts.add('failure', 9000)
    expect(kinds.map((kind) => counts.count(kind, 9000, 5000))).toEqual([1, 1, 0, 0])
  })

  test('forget an event when the window has passed, without a timer', () => {
    const { counts, totals } = callOutcomes()
    counts.add('failure', 0)
    expect(counts.count('failure', 9999)).toBe(1)
    expect(totals(10_000)).toEqual(nothing)
  })

  test('forget every kind of a slot that is used again', () => {
    const { counts, totals } = callOutcomes()
    for (const kind of kinds) counts.add(kind, 500)
    counts.add('success', 10_500)
    expect(totals(10_500)).toEqual({ ...nothing, success: 1 })
  })

  test('forget everything after a pause of any length', () => {
    const { counts, totals } = callOutcomes()
    counts.add('failure', 500)
    counts.add('success', 7_200_000)
    expect(totals(7_200_000)).toEqual({ ...nothing, success: 1 })
  })

  test('are zero at once when they are cleared', () => {
    const { counts, totals } = callOutcomes()
    counts.add('failure', 500)
    counts.clear()
    expect(totals(500)).toEqual(nothing)
    counts.add('neutral', 500)
    expect(totals(500)).toEqual({ ...nothing, neutral: 1 })
  })

  test('lose nothing when the clock steps back, and count the event into the youngest slot', () => {
    const { counts } = callOutcomes()
    counts.add('failure', 9500)
    counts.add('failure', 3000)
    expect(counts.count('failure', 3000)).toBe(2)
    expect(counts.count('failure', 18_999)).toBe(2)
    expect(counts.count('failure', 19_000)).toBe(0)
  })

  test('hold no event older than the window, and every event younger than nine tenths of it', () => {
    const windowLengths = fc.constantFrom(10, 1000, 10_000, 10_007)
    const pauses = fc.array(fc.nat(4000), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(windowLengths, pauses, (windowMs, gapsMs) => {
        const { counts } = callOutcomes(windowMs)
        const addedMs: number[] = []
        let nowMs = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          counts.add('failure', nowMs)
          addedMs.push(nowMs)
          const failures = counts.count('failure', nowMs)
          const youngerThan = (ageMs: number) => addedMs.filter((atMs) => nowMs - atMs < ageMs).length
          expect(failures).toBeLessThanOrEqual(youngerThan(windowMs))
          expect(failures).toBeGreaterThanOrEqual(youngerThan(windowMs * 0.9 - 1e-6))
        }
      }),
    )
  })
})

const fiveMinutesMs = 300_000
const slotMs = 5_000
const slotCount = 60

function newPasses() {
  return new RollingCounts(['verified'], fiveMinutesMs, slotCount)
}

function passesAt(...timesMs: readonly number[]) {
  const passes = newPasses()
  for (const atMs of timesMs) passes.add('verified', atMs)
  return { within: (windowMs: number, nowMs: number) => passes.count('verified', nowMs, windowMs), passes }
}

describe('rolling counts of the last five minutes', () => {
  test('are zero at first', () => {
    const { within } = passesAt()
    expect(within(fiveMinutesMs, 0)).toBe(0)
    expect(within(30_000, 1_000_000)).toBe(0)
  })

  test('are those within the look-back that is asked for', () => {
    const { within } = passesAt(0, 10_000, 20_000, 30_000, 40_000)
    expect(within(5_000, 40_000)).toBe(1)
    expect(within(15_000, 40_000)).toBe(2)
    expect(within(30_000, 40_000)).toBe(3)
    expect(within(60_000, 40_000)).toBe(5)
  })

  test('are those of the whole window where no look-back is given', () => {
    const { passes } = passesAt(0, 10_000, 20_000)
    expect(passes.count('verified', 299_999)).toBe(3)
    expect(passes.count('verified', 300_000)).toBe(2)
  })

  test('leave a look-back slot by slot as time goes by', () => {
    const { within } = passesAt(0, 0, 0)
    expect(within(30_000, 29_999)).toBe(3)
    expect(within(30_000, 30_000)).toBe(0)
  })

  test('are zero within no time at all', () => {
    expect(passesAt(0).within(0, 0)).toBe(0)
  })

  test('are forgotten after five minutes, however long the look-back', () => {
    const { within } = passesAt(0, 4_999)
    expect(within(fiveMinutesMs, 299_999)).toBe(2)
    expect(within(3_600_000, 299_999)).toBe(2)
    expect(within(fiveMinutesMs, 300_000)).toBe(0)
    expect(within(3_600_000, 300_000)).toBe(0)
  })

  test('do not come back with the events of five minutes later', () => {
    expect(passesAt(0, 0, 300_000).within(fiveMinutesMs, 300_000)).toBe(1)
  })

  test.each([300_000, 305_000, 600_000, 86_400_000, 50 * 365 * 86_400_000])(
    'are zero after %d ms of silence',
    (gapMs) => {
      const { within, passes } = passesAt(0, 60_000, 299_999)
      expect(within(fiveMinutesMs, 299_999 + gapMs)).toBe(0)
      passes.add('verified', 299_999 + gapMs)
      expect(within(fiveMinutesMs, 299_999 + gapMs)).toBe(1)
      expect(within(5_000, 299_999 + gapMs)).toBe(1)
    },
  )

  test('count hundreds of thousands of events exactly', () => {
    const passes = newPasses()
    for (let pass = 0; pass < 300_000; pass++) passes.add('verified', pass)
    expect(passes.count('verified', 299_999, fiveMinutesMs)).toBe(300_000)
    expect(passes.count('verified', 299_999, 60_000)).toBe(60_000)
  })

  test('start in the middle of a clock’s life as well', () => {
    expect(passesAt(123_456_789).within(fiveMinutesMs, 123_456_789)).toBe(1)
  })
})

test('rolling counts are what counting every single event gives', () => {
  const step = fc.record({
    gapMs: fc.oneof(fc.nat(3_000), fc.nat(60_000), fc.nat(900_000)),
    events: fc.record({ success: fc.nat(3), failure: fc.nat(2) }),
    windowMs: fc.nat(400_000),
  })
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.array(step, { maxLength: 100 }), (startMs, steps) => {
      const counts = new RollingCounts(['success', 'failure'], fiveMinutesMs, slotCount)
      const all = { success: [] as number[], failure: [] as number[] }
      let nowMs = startMs
      for (const { gapMs, events, windowMs } of steps) {
        nowMs += gapMs
        for (const kind of ['success', 'failure'] as const) {
          for (let event = 0; event < events[kind]; event++) {
            counts.add(kind, nowMs)
            all[kind].push(nowMs)
          }
          const slots = Math.min(slotCount, Math.ceil(windowMs / slotMs))
          const oldestMs = (Math.floor(nowMs / slotMs) - slots + 1) * slotMs
          expect(counts.count(kind, nowMs, windowMs)).toBe(all[kind].filter((atMs) => atMs >= oldestMs).length)
        }
      }
    }),
  )
})
