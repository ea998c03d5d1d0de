import { expect, test } from '@jest/globals'
import { OutageWatch } from '../../lib/site/outage-watch.js'
import { ManualClock } from '../support/manual-clock.js'

function makeWatch() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  const told: unknown[] = []
  const changes: unknown[] = []
  const watch = new OutageWatch(clock, {
    changed: (change) => changes.push(change),
    started: (outage) => told.push({ started: outage }),
    ended: (outage) => told.push({ ended: outage }),
  })
  return { clock, told, changes, watch }
}

test('a path is healthy from the start', () => {
  expect(makeWatch().watch.snapshot()).toEqual({
    state: 'healthy',
    since: '2026-01-01T00:00:00.000Z',
    why: 'no failure seen',
  })
})

test('since when and why are those of the last change, not of the last look', async () => {
  const { clock, watch } = makeWatch()
  await clock.advance(5000)
  watch.move({ state: 'suspect', why: 'call_failed' })
  await clock.advance(5000)
  watch.move({ state: 'suspect', why: 'call_failed' })
  expect(watch.snapshot()).toEqual({ state: 'suspect', since: '2026-01-01T00:00:05.000Z', why: 'call_failed' })
})

test('an outage is reported when it starts and when it ends, with its length and the decisions by cause', async () => {
  const { clock, told, watch } = makeWatch()
  watch.count('timeout')
  watch.move({ state: 'suspect', why: 'call_failed' })
  watch.count('timeout')
  await clock.advance(1000)
  watch.move({ state: 'outage', why: 'canary_failed' })
  expect(told).toEqual([{ started: { why: 'canary_failed' } }])
  for (const cause of ['timeout', 'circuit_open', 'circuit_open'] as const) watch.count(cause)
  await clock.advance(90_000)
  watch.move({ state: 'healthy', why: 'the API answers' })
  expect(told[1]).toEqual({
    ended: { why: 'canary_failed', durationMs: 90_000, decisions: { timeout: 1, circuit_open: 2 } },
  })
  expect(told).toHaveLength(2)
})

test('an outage is reported once, however often it is noted, and with its latest reason', async () => {
  const { clock, told, watch } = makeWatch()
  for (const why of ['brown-out', 'brown-out', 'circuit open']) {
    watch.move({ state: 'outage', why })
    await clock.advance(1000)
  }
  expect(told).toHaveLength(1)
  expect(watch.snapshot()).toMatchObject({ state: 'outage', since: '2026-01-01T00:00:00.000Z', why: 'circuit open' })
  watch.move({ state: 'suspect', why: 'call_failed' })
  expect(told[1]).toMatchObject({ ended: { why: 'circuit open', durationMs: 3000 } })
})

test('a suspicion is not reported', () => {
  const { told, watch } = makeWatch()
  watch.move({ state: 'suspect', why: 'call_failed' })
  watch.move({ state: 'healthy', why: 'the API answers' })
  expect(told).toEqual([])
})

test('the next outage starts counting at nothing', async () => {
  const { clock, told, watch } = makeWatch()
  watch.move({ state: 'outage', why: 'first' })
  watch.count('timeout')
  watch.move({ state: 'healthy', why: 'over' })
  watch.count('timeout')
  await clock.advance(1000)
  watch.move({ state: 'outage', why: 'second' })
  await clock.advance(2000)
  watch.move({ state: 'healthy', why: 'over' })
  expect(told.at(-1)).toEqual({ ended: { why: 'second', durationMs: 2000, decisions: {} } })
})

test('the length is that of the monotonic clock, the date that of the calendar', async () => {
  const { clock, told, watch } = makeWatch()
  watch.move({ state: 'outage', why: 'x' })
  await clock.advance(1000)
  clock.epochMs = () => Date.UTC(2030, 0, 1)
  watch.move({ state: 'healthy', why: 'over' })
  expect(told[1]).toMatchObject({ ended: { durationMs: 1000 } })
  expect(watch.snapshot().since).toBe('2030-01-01T00:00:00.000Z')
})

test('every change of state is told with the state before it, and no new reason alone', async () => {
  const { clock, changes, watch } = makeWatch()
  watch.move({ state: 'healthy', why: 'the API answers' })
  watch.move({ state: 'suspect', why: 'call_failed' })
  await clock.advance(1000)
  watch.move({ state: 'suspect', why: 'call_unanswered' })
  watch.move({ state: 'outage', why: 'circuit open: canary_failed' })
  watch.move({ state: 'healthy', why: 'the API answers' })
  const [first, second] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z']
  expect(changes).toEqual([
    { state: 'suspect', before: 'healthy', since: first, why: 'call_failed' },
    { state: 'outage', before: 'suspect', since: second, why: 'circuit open: canary_failed' },
    { state: 'healthy', before: 'outage', since: second, why: 'the API answers' },
  ])
})

test('a path that stays healthy keeps the reason of its last change', () => {
  const { watch } = makeWatch()
  watch.move({ state: 'healthy', why: 'the API answers' })
  expect([watch.state, watch.snapshot().why]).toEqual(['healthy', 'no failure seen'])
  watch.move({ state: 'suspect', why: 'call_failed' })
  watch.move({ state: 'healthy', why: 'the API answers' })
  watch.move({ state: 'healthy', why: 'quiet' })
  expect([watch.state, watch.snapshot().why]).toEqual(['healthy', 'the API answers'])
})
