import { describe, expect, test } from '@jest/globals'
import { withPatientDeadline } from '../../lib/tencent/patient-deadline.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { Done } from '../../lib/tencent/with-deadline.js'
import { ManualClock } from '../support/manual-clock.js'

const timeout: UpstreamResult = { kind: 'timeout', loopBlocked: false }
const busy: UpstreamResult = { kind: 'local', problem: 'event loop busy' }

/** A call of 1000 ms that a test ends by hand. */
function start() {
  const clock = new ManualClock()
  const results: UpstreamResult[] = []
  let end: Done = () => {}
  const giveUp = withPatientDeadline(
    (done) => {
      end = done
      return { stop() {}, overdue: () => timeout }
    },
    1000,
    clock,
    (result) => results.push(result),
  )
  return { clock, results, giveUp, end: (result: UpstreamResult) => end(result) }
}

describe('a patient deadline', () => {
  test('is over at its time on a machine that is not busy', async () => {
    const { clock, results } = start()
    await clock.advance(999)
    expect(results).toEqual([])
    await clock.advance(2)
    expect([results, clock.pendingTimers]).toEqual([[timeout], 0])
  })

  test('is prolonged by the time that the event loop was late, but for an eighth of it', async () => {
    const { clock, results } = start()
    await clock.advance(500)
    await clock.block(300)
    await clock.advance(324)
    expect(results).toEqual([])
    await clock.advance(60)
    expect(results).toEqual([timeout])
  })

  test('is not prolonged by timers that are a little late each', async () => {
    const { clock, results } = start()
    for (let slice = 0; slice < 20; slice++) await clock.block(52)
    expect(clock.nowMs()).toBe(1040)
    expect(results).toEqual([timeout])
  })

  test('is prolonged up to twice its length', async () => {
    const { clock, results } = start()
    for (let i = 0; i < 6; i++) {
      await clock.block(300)
      await clock.advance(20)
    }
    expect(results).toEqual([])
    await clock.advance(80)
    expect([results, clock.pendingTimers]).toEqual([[busy], 0])
  })

  test.each<[UpstreamResult]>([[{ kind: 'unreachable', problem: 'ECONNRESET' }], [timeout]])(
    'makes %j of a busy machine local: more than a quarter of the time late',
    async (result) => {
      const { clock, results, end } = start()
      await clock.advance(300)
      await clock.block(200)
      end(result)
      await nextTick()
      expect(results).toEqual([busy])
    },
  )

  test('leaves a failure as it is where the event loop was late for less than a quarter', async () => {
    const { clock, results, end } = start()
    await clock.advance(700)
    await clock.block(200)
    end({ kind: 'unreachable', problem: 'ECONNRESET' })
    await nextTick()
    expect(results).toEqual([{ kind: 'unreachable', problem: 'ECONNRESET' }])
  })

  test.each<[UpstreamResult]>([
    [{ kind: 'sdk_result', result: { CaptchaCode: 21 } }],
    [{ kind: 'http_status', status: 502 }],
    [{ kind: 'local', problem: 'EMFILE' }],
  ])('leaves %j as it is on any machine', async (result) => {
    const { clock, results, end } = start()
    await clock.block(900)
    end(result)
    await nextTick()
    expect(results).toEqual([result])
  })

  test('ends with the call, and leaves no timer', async () => {
    const { clock, results, giveUp } = start()
    await clock.advance(120)
    giveUp()
    await clock.advance(5000)
    expect([results, clock.pendingTimers]).toEqual([[{ kind: 'aborted' }], 0])
  })
})

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
