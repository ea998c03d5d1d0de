import { describe, expect, test } from '@jest/globals'
import { HeldCalls } from '../../lib/site/held-calls.js'
import { ManualClock } from '../support/manual-clock.js'
import { CircuitUnderTest } from './circuit-under-test.js'

const consecutiveFailures = 5

/** A circuit whose canary takes a while, with calls that failed at once in the moment in which it was started. */
function failing(failures = consecutiveFailures) {
  const t = new CircuitUnderTest()
  t.canary = 'failed'
  t.canaryTakesMs = 60
  const calls = Array.from({ length: failures }, () => t.call())
  const held = calls.map((call) => call.answer('failure'))
  return { t, calls, held }
}

describe('calls that fail at once', () => {
  test('are held until the canary has failed, and released with evidence of an outage', async () => {
    const { t, calls, held } = failing()
    expect([new Set(held), t.circuit.evidence()]).toEqual([new Set([true]), 'none'])
    await t.advance(59)
    expect(calls.filter(({ isReleased }) => isReleased())).toEqual([])
    await t.advance(1)
    expect(calls.filter(({ isReleased }) => !isReleased())).toEqual([])
    expect([t.state, t.circuit.evidence()]).toEqual(['open: canary_failed', 'outage'])
  })

  test('are not held once the circuit is open, nor where the evidence is there', async () => {
    const { t } = failing(3)
    const [early, late] = [t.call(), t.call()]
    early.answer('failure')
    t.call().answer('failure')
    await t.advance(60)
    expect(t.state).toBe('open: canary_failed')
    expect([late.answer('failure'), t.tryCall()]).toEqual([false, undefined])
  })

  test('in a brown-out are judged at once', async () => {
    const { t } = failing(1)
    await t.advance(5000)
    expect([t.circuit.state, t.circuit.evidence()]).toEqual(['suspect', 'outage'])
    while (t.canariesRunning === 0) await t.advance(10)
    expect(t.call().answer('failure')).toBe(false)
  })

  test.each(['healthy', 'unknown'] as const)('are released without evidence where the canary is %s', async (report) => {
    const { t, calls } = failing()
    t.canary = report
    await t.advance(60)
    expect(calls.filter(({ isReleased }) => !isReleased())).toEqual([])
    expect(t.circuit.evidence()).toBe('none')
  })

  test('wait no longer than their own deadline', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 1500
    await t.advance(70)
    const [short, long] = [t.call({ timeoutMs: 300 }), t.call({ timeoutMs: 2000 })]
    expect([short.answer('failure'), long.answer('failure')]).toEqual([true, true])
    await t.advance(299)
    expect(short.isReleased()).toBe(false)
    await t.advance(1)
    expect([short.isReleased(), long.isReleased()]).toEqual([true, false])
    await t.advance(1200)
    expect(long.isReleased()).toBe(true)
  })

  test('are due a verdict before their deadline, also where no other call waits', async () => {
    const t = new CircuitUnderTest()
    const call = t.call()
    await t.advance(400)
    call.answer('failure')
    expect(t.canaryTimeoutsMs).toEqual([2000 - 400 - 50])
  })

  test('are due a verdict before the first deadline of all, theirs or that of a call that waits', async () => {
    const t = new CircuitUnderTest()
    t.call()
    await t.advance(400)
    t.call({ timeoutMs: 1500 }).answer('failure')
    expect(t.canaryTimeoutsMs).toEqual([1500 - 50])
  })

  test('are not held between two canaries, nor after one of them', async () => {
    const { t } = failing(1)
    t.canary = 'healthy'
    await t.advance(100)
    expect([t.state, t.call().answer('failure')]).toEqual(['closed', false])
    expect(t.circuit.state).toBe('suspect')
  })

  test('leave no timer behind, neither after their release nor after the end of the circuit', async () => {
    const { t } = failing()
    t.canary = 'healthy'
    await t.advance(60)
    expect(t.clock.pendingTimers).toBe(0)
    const closed = failing()
    closed.t.circuit.close()
    expect(closed.calls.filter(({ isReleased }) => !isReleased())).toEqual([])
    expect(closed.t.clock.pendingTimers).toBe(0)
  })

  test('are released with evidence of an outage where calls move to another endpoint', () => {
    const t = new CircuitUnderTest()
    const evidence: string[] = []
    const permit = t.circuit.admit({
      clientKey: 'client',
      isKnown: false,
      timeoutMs: 2000,
      release: () => evidence.push(t.circuit.evidence()),
    })
    if (permit === undefined) throw new Error('the circuit let no call through')
    expect(t.circuit.settle(permit, 'failure')).toBe(true)
    t.circuit.noteMove()
    expect(evidence).toEqual(['outage'])
  })
})

describe('no other call is held', () => {
  test.each(['success', 'refused', 'neutral', 'throttled', 'unanswered'] as const)('after %s', async (report) => {
    const { t } = failing(1)
    expect(t.canariesRunning).toBe(1)
    expect(t.call().answer(report)).toBe(false)
  })
})

test('a held call that is judged in the moment of its deadline is released once', async () => {
  const clock = new ManualClock()
  const held = new HeldCalls(clock)
  let releases = 0
  held.add({ epoch: 0, clientKey: 'a', startedMs: 0, deadlineMs: 2000, release: () => releases++ })
  clock.afterPoll = (run) => {
    for (const permit of held.drain()) permit.release()
    queueMicrotask(run)
  }
  await clock.advance(2000)
  expect(releases).toBe(1)
})
