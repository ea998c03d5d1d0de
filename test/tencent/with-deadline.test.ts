import { describe, expect, test } from '@jest/globals'
import type { Clock } from '../../lib/clock.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { type Done, type StartCall, withDeadline } from '../../lib/tencent/with-deadline.js'
import { ManualClock } from '../support/manual-clock.js'

const answered: UpstreamResult = { kind: 'http_status', status: 500 }

/** A call that a test ends by hand. */
function openCall() {
  const call = { stops: 0, done: (() => {}) as Done }
  const run: StartCall = (done) => {
    call.done = done
    return {
      stop() {
        call.stops++
      },
      overdue: (loopBlocked) => ({ kind: 'timeout', loopBlocked }),
    }
  }
  return { call, run }
}

function start(run: StartCall, clock: Clock = new ManualClock()) {
  const results: UpstreamResult[] = []
  const giveUp = withDeadline(run, 1000, clock, (result) => results.push(result))
  return { results, giveUp }
}

describe('a deadline', () => {
  test('is not felt by a call that ends in time, and leaves no timer', async () => {
    const clock = new ManualClock()
    const { call, run } = openCall()
    const { results } = start(run, clock)
    call.done(answered)
    await nextTick()
    expect([results, clock.pendingTimers, call.stops]).toEqual([[answered], 0, 0])
  })

  test('never calls back before it has returned, even where a call ends at once', async () => {
    const { results } = start((done) => {
      done(answered)
      return openCall().run(done)
    })
    expect(results).toEqual([])
    await nextTick()
    expect(results).toEqual([answered])
  })

  test('leaves no timer where the call throws as it begins', () => {
    const clock = new ManualClock()
    const begin = () =>
      start(() => {
        throw new Error('bug')
      }, clock)
    expect(begin).toThrow('bug')
    expect(clock.pendingTimers).toBe(0)
  })

  test('ends a call that ignores it, at its time and not before, and stops it', async () => {
    const clock = new ManualClock()
    const { call, run } = openCall()
    const { results } = start(run, clock)
    await clock.advance(999)
    expect([results, call.stops]).toEqual([[], 0])
    await clock.advance(1)
    expect([results, call.stops]).toEqual([[{ kind: 'timeout', loopBlocked: false }], 1])
  })

  test.each([
    [1200, false],
    [1201, true],
    [60_000, true],
  ])('that fires after %i ms instead of 1000 says loopBlocked: %p', async (firedMs, loopBlocked) => {
    const manual = new ManualClock()
    let nowMs = 0
    let fire = () => {}
    const lateClock: Clock = {
      nowMs: () => nowMs,
      epochMs: () => manual.epochMs(),
      after: (_, run) => {
        fire = run
        return { cancel() {} }
      },
      afterPoll: (run) => run(),
      jitter: () => 0,
    }
    const { results } = start(openCall().run, lateClock)
    nowMs = firedMs
    fire()
    expect(results).toEqual([{ kind: 'timeout', loopBlocked }])
  })

  test('lets the sockets be read twice before it ends a call', async () => {
    const polls: (() => void)[] = []
    const clock = new (class extends ManualClock {
      override afterPoll(run: () => void): void {
        polls.push(run)
      }
    })()
    const { call, run } = openCall()
    const { results } = start(run, clock)
    await clock.advance(1000)
    polls.shift()?.()
    call.done(answered)
    await nextTick()
    polls.shift()?.()
    expect([results, call.stops]).toEqual([[answered], 0])
  })

  test('takes no late result and no late giving up', async () => {
    const clock = new ManualClock()
    const { call, run } = openCall()
    const { results, giveUp } = start(run, clock)
    await clock.advance(1000)
    call.done(answered)
    giveUp()
    await nextTick()
    expect([results, call.stops]).toEqual([[{ kind: 'timeout', loopBlocked: false }], 1])
  })
})

describe('giving a call up', () => {
  test('stops it and calls back before it returns, once, and leaves no timer', async () => {
    const clock = new ManualClock()
    const { call, run } = openCall()
    const { results, giveUp } = start(run, clock)
    giveUp()
    expect([results, clock.pendingTimers, call.stops]).toEqual([[{ kind: 'aborted' }], 0, 1])
    giveUp()
    call.done(answered)
    await clock.advance(1000)
    expect([results.length, call.stops]).toEqual([1, 1])
  })

  test('comes before a result that was found in the same tick', async () => {
    const { call, run } = openCall()
    const { results, giveUp } = start(run)
    call.done(answered)
    giveUp()
    await nextTick()
    expect(results).toEqual([{ kind: 'aborted' }])
  })
})

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
