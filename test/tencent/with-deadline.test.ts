import { describe, expect, test } from '@jest/globals'
import type { Clock } from '../../lib/clock.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { withDeadline } from '../../lib/tencent/with-deadline.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

const done: UpstreamResult = { kind: 'http_status', status: 500 }
const never = new Promise<UpstreamResult>(() => {})

function start(run: (signal: AbortSignal) => Promise<UpstreamResult>, clock: Clock = new ManualClock()) {
  const controller = new AbortController()
  const results: UpstreamResult[] = []
  const settled = withDeadline(run, { timeoutMs: 1000, clock, signal: controller.signal }).then((result) => {
    results.push(result)
  })
  return { controller, results, settled }
}

describe('a deadline', () => {
  test('is not felt by a call that settles in time, and leaves no timer', async () => {
    const clock = new ManualClock()
    const { results } = start(async () => done, clock)
    await settlePromises()
    expect([results, clock.pendingTimers]).toEqual([[done], 0])
  })

  test('ends a call that ignores it, at its time and not before', async () => {
    const clock = new ManualClock()
    const { results } = start(() => never, clock)
    await clock.advance(999)
    expect(results).toEqual([])
    await clock.advance(1)
    expect(results).toEqual([{ kind: 'timeout', loopBlocked: false }])
  })

  test('tells the call to stop, whichever way it ended', async () => {
    const clock = new ManualClock()
    const signals: AbortSignal[] = []
    const keep = (result: Promise<UpstreamResult>) => (signal: AbortSignal) => {
      signals.push(signal)
      return result
    }
    start(keep(never), clock)
    start(keep(Promise.resolve(done)), clock)
    start(keep(never), clock).controller.abort()
    await clock.advance(1000)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
  })

  test.each([
    [1200, false],
    [1201, true],
    [60_000, true],
  ])('that fires after %i ms instead of 1000: loopBlocked %p', async (firedMs, loopBlocked) => {
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
      afterPoll: (run) => queueMicrotask(run),
    }
    const { results, settled } = start(() => never, lateClock)
    nowMs = firedMs
    fire()
    await settled
    expect(results).toEqual([{ kind: 'timeout', loopBlocked }])
  })

  test('lets the sockets be read twice before it ends a call', async () => {
    const polls: (() => void)[] = []
    const clock = new (class extends ManualClock {
      override afterPoll(run: () => void): void {
        polls.push(run)
      }
    })()
    let answerNow: (result: UpstreamResult) => void = () => {}
    const { results } = start(
      () =>
        new Promise((resolve) => {
          answerNow = resolve
        }),
      clock,
    )
    await clock.advance(1000)
    polls.shift()?.()
    answerNow(done)
    await settlePromises()
    polls.shift()?.()
    await settlePromises()
    expect(results).toEqual([done])
  })

  test('turns a rejection into a bug, never into an exception', async () => {
    const error = new RangeError('x')
    const { results } = start(() => Promise.reject(error))
    await settlePromises()
    expect(results).toEqual([{ kind: 'bug', error }])
  })

  test('hears no late result, no late rejection and no late abort', async () => {
    const clock = new ManualClock()
    let settle: { resolve(result: UpstreamResult): void; reject(error: unknown): void } | undefined
    const { results, controller } = start(
      () =>
        new Promise((resolve, reject) => {
          settle = { resolve, reject }
        }),
      clock,
    )
    await clock.advance(1000)
    settle?.reject(new Error('late'))
    controller.abort()
    await settlePromises()
    expect(results).toEqual([{ kind: 'timeout', loopBlocked: false }])
  })

  test('does not start a call that was called off before', async () => {
    let ran = false
    const run = async () => {
      ran = true
      return done
    }
    const options = { timeoutMs: 1, clock: new ManualClock(), signal: AbortSignal.abort() }
    expect([await withDeadline(run, options), ran]).toEqual([{ kind: 'aborted' }, false])
  })
})
