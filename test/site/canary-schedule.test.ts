import { expect, test } from '@jest/globals'
import type { CanaryReport } from '../../lib/admission/outcome.js'
import { type CanaryResult, CanarySchedule } from '../../lib/site/canary-schedule.js'
import { ManualClock } from '../support/manual-clock.js'

/** A schedule on a manual clock whose canaries are requested again as soon as they end. */
class ScheduleUnderTest {
  readonly clock = new ManualClock()
  report: CanaryReport = 'failed'
  takesMs = 10
  isRepeated = true
  timeoutMs = 2000
  intervals = { canaryIntervalMs: 1000, canaryMaxIntervalMs: 8000 }
  readonly startsMs: number[] = []
  readonly timeoutsMs: number[] = []
  readonly ends: (CanaryResult | undefined)[] = []
  running = 0
  readonly schedule = new CanarySchedule(
    this.clock,
    { intervals: () => this.intervals, timeoutMs: () => this.timeoutMs },
    (timeoutMs, done) => this.#run(timeoutMs, done),
    (result) => {
      this.ends.push(result)
      if (this.isRepeated) this.schedule.request()
    },
  )

  #run(timeoutMs: number, done: (report: CanaryReport) => void): () => void {
    this.timeoutsMs.push(timeoutMs)
    this.startsMs.push(this.clock.nowMs())
    this.running++
    const end = (report: CanaryReport) => {
      this.running--
      done(report)
    }
    const timer = this.clock.after(this.takesMs, () => end(this.report))
    return () => {
      timer.cancel()
      end('unknown')
    }
  }
}

test('no canary starts before one is requested', async () => {
  const t = new ScheduleUnderTest()
  await t.clock.advance(86_400_000)
  expect(t.startsMs).toEqual([])
  expect(t.clock.pendingTimers).toBe(0)
})

test('failing canaries start 1, 2, 4 and 8 seconds after the one before, counted from start to start', async () => {
  const t = new ScheduleUnderTest()
  t.takesMs = 700
  t.schedule.request()
  await t.clock.advance(40_000)
  expect(t.startsMs).toEqual([0, 2000, 6000, 14_000, 22_000, 30_000, 38_000])
})

test('an interval is up to a quarter longer, by chance, and never shorter', async () => {
  const t = new ScheduleUnderTest()
  t.clock.chance = 1
  t.schedule.request()
  await t.clock.advance(10_000)
  expect(t.startsMs).toEqual([0, 2500, 7500])
})

test.each<CanaryReport>(['healthy', 'unknown'])('%s canaries start one interval apart', async (report) => {
  const t = new ScheduleUnderTest()
  t.report = report
  t.schedule.request()
  await t.clock.advance(3500)
  expect(t.startsMs).toEqual([0, 1000, 2000, 3000])
})

test('a healthy canary ends the back-off', async () => {
  const t = new ScheduleUnderTest()
  t.schedule.request()
  await t.clock.advance(6000)
  t.report = 'healthy'
  await t.clock.advance(3500)
  expect(t.startsMs).toEqual([0, 2000, 6000, 7000, 8000, 9000])
})

test('a canary that takes longer than the interval is not joined by a second one', async () => {
  const t = new ScheduleUnderTest()
  t.report = 'healthy'
  t.takesMs = 2500
  t.schedule.request()
  for (let second = 0; second < 10; second++) {
    t.schedule.request()
    expect(t.running).toBeLessThanOrEqual(1)
    await t.clock.advance(1000)
  }
  expect(t.startsMs).toEqual([0, 2500, 5000, 7500, 10_000])
})

test('any number of requests starts one canary an interval', async () => {
  const t = new ScheduleUnderTest()
  t.report = 'healthy'
  t.isRepeated = false
  for (let tenth = 0; tenth < 35; tenth++) {
    for (let time = 0; time < 10; time++) t.schedule.request()
    await t.clock.advance(100)
  }
  expect(t.startsMs).toEqual([0, 1000, 2000, 3000])
})

test('the last result and the last failure leave out canaries whose report is unknown', async () => {
  const t = new ScheduleUnderTest()
  expect([t.schedule.last, t.schedule.failureBeforeMs]).toEqual([undefined, Number.NEGATIVE_INFINITY])
  t.schedule.request()
  await t.clock.advance(2010)
  t.report = 'unknown'
  await t.clock.advance(60_000)
  const second = { report: 'failed', startedMs: 2000, atMs: 2010, tookMs: 10 }
  expect(t.schedule.last).toEqual(second)
  expect(t.schedule.failureBeforeMs).toBe(10)
  expect(t.ends.slice(0, 2)).toEqual([{ report: 'failed', startedMs: 0, atMs: 10, tookMs: 10 }, second])
  expect(new Set(t.ends.slice(2))).toEqual(new Set([undefined]))
})

test('a new epoch forgets what decides and shows what was last', async () => {
  const t = new ScheduleUnderTest()
  t.schedule.request()
  await t.clock.advance(2010)
  t.schedule.forget()
  expect(t.schedule.last).toBeUndefined()
  expect(t.schedule.lastShown).toMatchObject({ report: 'failed', atMs: 2010 })
  expect(t.schedule.failureBeforeMs).toBe(10)
})

test('the report of a canary of an older epoch is dropped', async () => {
  const t = new ScheduleUnderTest()
  t.schedule.request()
  t.schedule.forget()
  await t.clock.advance(10)
  expect(t.ends).toEqual([undefined])
  expect(t.schedule.last).toBeUndefined()
  expect(t.schedule.lastShown).toBeUndefined()
})

test('a canary is given the deadline of the moment when it starts', async () => {
  const t = new ScheduleUnderTest()
  t.report = 'healthy'
  t.schedule.request()
  t.timeoutMs = 1500
  await t.clock.advance(1000)
  expect(t.timeoutsMs).toEqual([2000, 1500])
})

test('a canary that ends after its own deadline says nothing about how long one takes', async () => {
  const t = new ScheduleUnderTest()
  t.report = 'healthy'
  t.takesMs = 2001
  t.schedule.request()
  await t.clock.advance(2001)
  expect(t.schedule.last).toEqual({ report: 'healthy', startedMs: 0, atMs: 2001 })
})

test('a canary that takes the whole of its deadline says how long one takes', async () => {
  const t = new ScheduleUnderTest()
  t.takesMs = 2000
  t.schedule.request()
  await t.clock.advance(2000)
  expect(t.schedule.last).toEqual({ report: 'failed', startedMs: 0, atMs: 2000, tookMs: 2000 })
})

test('a canary that is requested when the interval is just over starts at once', async () => {
  const t = new ScheduleUnderTest()
  t.report = 'healthy'
  t.isRepeated = false
  t.schedule.request()
  await t.clock.advance(1000)
  t.schedule.request()
  expect(t.startsMs).toEqual([0, 1000])
})

test('the time to the next canary is 0 while one is under way, counts down to a due one and is absent without', async () => {
  const t = new ScheduleUnderTest()
  t.isRepeated = false
  const shown = () => [t.schedule.isUnderWay, t.schedule.nextInMs]
  expect(shown()).toEqual([false, undefined])
  t.schedule.request()
  expect(shown()).toEqual([true, 0])
  await t.clock.advance(10)
  expect(shown()).toEqual([false, undefined])
  t.schedule.request()
  expect(shown()).toEqual([false, 1990])
  await t.clock.advance(1000)
  expect(shown()).toEqual([false, 990])
  t.clock.nowMs = () => 2500
  expect(shown()).toEqual([false, 0])
})

test('a new epoch cancels the canary that was due and starts with the shortest interval', async () => {
  const t = new ScheduleUnderTest()
  t.schedule.request()
  await t.clock.advance(7000)
  t.schedule.forget()
  expect(t.clock.pendingTimers).toBe(0)
  t.schedule.request()
  await t.clock.advance(5000)
  expect(t.startsMs).toEqual([0, 2000, 6000, 7000, 9000])
})

test('an interval is doubled up to its maximum', () => {
  const { schedule } = new ScheduleUnderTest()
  expect([1000, 4000, 5000, 8000].map((intervalMs) => schedule.backedOff(intervalMs))).toEqual([2000, 8000, 8000, 8000])
})

test('closing gives the canary under way up, and none starts after it', async () => {
  const t = new ScheduleUnderTest()
  t.schedule.request()
  t.schedule.close()
  expect([t.running, t.clock.pendingTimers]).toEqual([0, 0])
  t.schedule.request()
  await t.clock.advance(60_000)
  expect(t.startsMs).toEqual([0])
  expect(t.ends).toHaveLength(0)
})

test('closing cancels the canary that is due', async () => {
  const t = new ScheduleUnderTest()
  t.schedule.request()
  await t.clock.advance(100)
  expect(t.clock.pendingTimers).toBe(1)
  t.schedule.close()
  expect(t.clock.pendingTimers).toBe(0)
})
