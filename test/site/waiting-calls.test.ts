import { expect, test } from '@jest/globals'
import { type Permit, WaitingCalls } from '../../lib/site/waiting-calls.js'
import { ManualClock } from '../support/manual-clock.js'

/** Waiting calls on a manual clock. */
class WaitingUnderTest {
  readonly clock = new ManualClock()
  suspicionMs = 500
  readonly overdueAtMs: number[] = []
  readonly waiting = new WaitingCalls(
    this.clock,
    () => this.suspicionMs,
    () => this.overdueAtMs.push(this.clock.nowMs()),
  )

  call(): Permit {
    const startedMs = this.clock.nowMs()
    const permit: Permit = { epoch: 0, clientKey: 'a', startedMs, deadlineMs: startedMs + 2000, release: () => {} }
    this.waiting.add(permit)
    return permit
  }
}

test('a call is overdue after the suspicion delay and not before', async () => {
  const t = new WaitingUnderTest()
  t.call()
  await t.clock.advance(499)
  expect([t.waiting.size, t.waiting.overdue]).toEqual([1, 0])
  await t.clock.advance(1)
  expect([t.waiting.size, t.waiting.overdue]).toEqual([1, 1])
  expect(t.overdueAtMs).toEqual([500])
})

test('each call is judged by its own age, not by that of the call before it', async () => {
  const t = new WaitingUnderTest()
  const first = t.call()
  await t.clock.advance(400)
  t.call()
  t.waiting.delete(first)
  await t.clock.advance(499)
  expect(t.overdueAtMs).toEqual([])
  await t.clock.advance(1)
  expect(t.overdueAtMs).toEqual([900])
})

test('calls of different ages become overdue one after another', async () => {
  const t = new WaitingUnderTest()
  for (let call = 0; call < 3; call++) {
    t.call()
    await t.clock.advance(100)
  }
  await t.clock.advance(1000)
  expect(t.overdueAtMs).toEqual([500, 600, 700])
  expect(t.waiting.overdue).toBe(3)
})

test('an answered call no longer waits, be it overdue or not', async () => {
  const t = new WaitingUnderTest()
  const overdue = t.call()
  await t.clock.advance(500)
  const fresh = t.call()
  t.waiting.delete(overdue)
  t.waiting.delete(fresh)
  t.waiting.delete(fresh)
  expect([t.waiting.size, t.waiting.overdue]).toEqual([0, 0])
})

test('a call that was never watched, such as a probe, is not overdue, and its end leaves the others', () => {
  const t = new WaitingUnderTest()
  const { place: _, ...probe } = t.call()
  expect(t.waiting.delete(probe)).toBe(false)
  expect([t.waiting.size, t.clock.pendingTimers]).toEqual([1, 1])
})

test('a call that is answered while the sockets are read is not overdue', async () => {
  const t = new WaitingUnderTest()
  const call = t.call()
  t.clock.afterPoll = (run) => {
    t.waiting.delete(call)
    queueMicrotask(run)
  }
  await t.clock.advance(600)
  expect(t.overdueAtMs).toEqual([])
})

test('a shorter suspicion delay holds for the calls that start after it was set', async () => {
  const t = new WaitingUnderTest()
  t.suspicionMs = 100
  t.call()
  await t.clock.advance(100)
  expect(t.overdueAtMs).toEqual([100])
})

test('draining takes out all calls, fresh and overdue, and the timer with them', async () => {
  const t = new WaitingUnderTest()
  const old = t.call()
  await t.clock.advance(500)
  const young = t.call()
  expect(new Set(t.waiting.drain())).toEqual(new Set([old, young]))
  expect([t.waiting.size, t.waiting.overdue, t.clock.pendingTimers]).toEqual([0, 0, 0])
  expect(t.waiting.drain()).toEqual([])
})

test('one timer watches any number of calls, and none is left after the last answer', () => {
  const t = new WaitingUnderTest()
  expect(t.clock.pendingTimers).toBe(0)
  const calls = Array.from({ length: 10 }, () => t.call())
  expect(t.clock.pendingTimers).toBe(1)
  for (const call of calls) t.waiting.delete(call)
  expect(t.clock.pendingTimers).toBe(0)
})

test('after closing there is no timer, neither for old calls nor for new ones', async () => {
  const t = new WaitingUnderTest()
  t.call()
  t.waiting.close()
  t.call()
  expect(t.clock.pendingTimers).toBe(0)
  await t.clock.advance(60_000)
  expect(t.overdueAtMs).toEqual([])
})

test('what is left of the first deadline is that of the oldest call, overdue or not', async () => {
  const t = new WaitingUnderTest()
  expect(t.waiting.firstLeftMs).toBeUndefined()
  const first = t.call()
  await t.clock.advance(400)
  const second = t.call()
  expect(t.waiting.firstLeftMs).toBe(1600)
  await t.clock.advance(200)
  expect([t.waiting.overdue, t.waiting.firstLeftMs]).toEqual([1, 1400])
  t.waiting.delete(first)
  expect(t.waiting.firstLeftMs).toBe(1800)
  t.waiting.delete(second)
  expect(t.waiting.firstLeftMs).toBeUndefined()
})
