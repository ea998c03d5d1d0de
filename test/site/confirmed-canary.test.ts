import { expect, test } from '@jest/globals'
import type { CanaryReport } from '../../lib/admission/outcome.js'
import { confirmedCanary } from '../../lib/site/confirmed-canary.js'
import { ManualClock } from '../support/manual-clock.js'

/** A canary that ends with these reports in turn, 10 ms after it was started each. */
function start(...reports: CanaryReport[]) {
  const clock = new ManualClock()
  const startsMs: number[] = []
  const told: CanaryReport[] = []
  const run = confirmedCanary((_timeoutMs, done) => {
    startsMs.push(clock.nowMs())
    const timer = clock.after(10, () => done(reports.shift() ?? 'unknown'))
    return () => {
      timer.cancel()
      done('unknown')
    }
  }, clock)
  const giveUp = run(2000, (report) => told.push(report))
  return { clock, startsMs, told, giveUp }
}

test('a canary has failed after two failures two seconds apart', async () => {
  const { clock, startsMs, told } = start('failed', 'failed')
  await clock.advance(2019)
  expect([startsMs, told]).toEqual([[0, 2010], []])
  await clock.advance(1)
  expect([told, clock.pendingTimers]).toEqual([['failed'], 0])
})

test.each<CanaryReport>(['healthy', 'unknown'])('one failure and then %s is %s', async (second) => {
  const { clock, told } = start('failed', second)
  await clock.advance(2020)
  expect(told).toEqual([second])
})

test.each<CanaryReport>(['healthy', 'unknown'])('%s needs no second canary', async (report) => {
  const { clock, startsMs, told } = start(report)
  await clock.advance(10_000)
  expect([startsMs, told]).toEqual([[0], [report]])
})

test.each([5, 500, 2015])('giving it up after %i ms ends it as unknown, once', async (afterMs) => {
  const { clock, told, giveUp } = start('failed', 'failed')
  await clock.advance(afterMs)
  giveUp()
  await clock.advance(10_000)
  expect([told, clock.pendingTimers]).toEqual([['unknown'], 0])
})
