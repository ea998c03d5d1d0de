import { describe, expect, test } from '@jest/globals'
import type { CanaryReport } from '../../lib/admission/outcome.js'
import { EndpointReturn } from '../../lib/tencent/endpoint-return.js'
import { ManualClock } from '../support/manual-clock.js'

/** A preferred endpoint that calls have left; each background canary takes 10 ms. */
class Away {
  readonly clock = new ManualClock()
  report: CanaryReport = 'healthy'
  readonly askedMs: number[] = []
  readonly returnedMs: number[] = []
  givenUp = 0
  readonly plan = new EndpointReturn(
    this.clock,
    (done) => {
      this.askedMs.push(this.clock.nowMs())
      const timer = this.clock.after(10, () => done(this.report))
      return () => {
        this.givenUp++
        timer.cancel()
        done('unknown')
      }
    },
    () => {
      this.returnedMs.push(this.clock.nowMs())
      this.plan.returned()
    },
  )

  /** Leaves, and returns how long calls stay away. */
  async stay(): Promise<number> {
    const leftMs = this.clock.nowMs()
    const before = this.returnedMs.length
    this.plan.left()
    while (this.returnedMs.length === before) await this.clock.advance(1000)
    return Math.round((this.clock.nowMs() - leftMs) / 1000)
  }
}

describe('the return to the preferred endpoint', () => {
  test('takes three healthy canaries in a row, spread over 30 seconds', async () => {
    const away = new Away()
    away.plan.left()
    await away.clock.advance(30_030)
    expect(away.askedMs).toEqual([10_000, 20_010, 30_020])
    expect(away.returnedMs).toEqual([30_030])
  })

  test('begins to count again after a canary that failed, but not after one that says nothing', async () => {
    const away = new Away()
    away.plan.left()
    await away.clock.advance(25_000)
    away.report = 'unknown'
    await away.clock.advance(10_000)
    away.report = 'failed'
    await away.clock.advance(10_000)
    away.report = 'healthy'
    await away.clock.advance(24_000)
    expect(away.returnedMs).toEqual([])
    await away.clock.advance(2000)
    expect(away.returnedMs).toHaveLength(1)
  })

  test('takes twice as long each time that the endpoint fails within ten minutes, up to 15 minutes', async () => {
    const away = new Away()
    const holds = []
    for (let time = 0; time < 8; time++) {
      holds.push(await away.stay())
      await away.clock.advance(599_000)
    }
    expect(holds).toEqual([31, 61, 121, 241, 481, 901, 901, 901])
  })

  test('takes 30 seconds again once the endpoint has stood for ten minutes', async () => {
    const away = new Away()
    await away.stay()
    await away.stay()
    await away.clock.advance(601_000)
    expect(await away.stay()).toBe(31)
  })

  test('is spread over a fleet: no process asks sooner, and none more than a quarter later', async () => {
    const away = new Away()
    away.clock.chance = 0.999
    away.plan.left()
    await away.clock.advance(12_400)
    expect(away.askedMs).toEqual([])
    await away.clock.advance(100)
    expect(away.askedMs).toHaveLength(1)
  })

  test('is not put off by a move from one sibling to another', async () => {
    const away = new Away()
    away.plan.left()
    await away.clock.advance(15_000)
    away.plan.left()
    await away.clock.advance(15_030)
    expect(away.returnedMs).toHaveLength(1)
    expect(away.clock.pendingTimers).toBe(0)
  })

  test('leaves no timer and gives up its canary when it is closed', async () => {
    const away = new Away()
    away.plan.left()
    await away.clock.advance(10_005)
    away.plan.close()
    expect([away.givenUp, away.clock.pendingTimers]).toEqual([1, 0])
    await away.clock.advance(100_000)
    expect([away.askedMs.length, away.returnedMs]).toEqual([1, []])
  })
})
