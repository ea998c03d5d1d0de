import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { PurseName } from '../../lib/admission/question.js'
import { type Decided, honestGapMs, requestsWhile, unverifiedRequests, World } from '../support/unverified-requests.js'

const minuteMs = 60_000

const totals = ({ process }: World) => {
  const { outage, doubt } = process.pursesNow()
  return [outage.perMinute, doubt.perMinute, process.services.site.baselinePerMinute]
}

const remaining = ({ process }: World) => {
  const { outage, doubt } = process.pursesNow()
  return [outage.remaining, doubt.remaining] as const
}

test('no sequence of unverified requests raises a total: only verified passes set it', () => {
  fc.assert(
    fc.property(honestGapMs, unverifiedRequests, (gapMs, requests) => {
      const attacked = new World(gapMs)
      const alone = new World(gapMs)
      for (const request of requests) {
        attacked.send(request)
        for (const world of [attacked, alone]) world.advance(request.afterMs + 3000)
        expect(totals(attacked)).toEqual(totals(alone))
        const [outage, doubt] = remaining(attacked)
        expect(outage).toBeLessThanOrEqual(remaining(alone)[0])
        expect(doubt).toBeLessThanOrEqual(remaining(alone)[1])
      }
      for (const world of [attacked, alone]) world.close()
    }),
    { numRuns: 60 },
  )
})

/** Most of these passes within any window. They are in the order of their time. */
function mostWithin(windowMs: number, passes: readonly Decided[]): number {
  let first = 0
  let most = 0
  for (const [index, { endedMs }] of passes.entries()) {
    while (endedMs - (passes[first] as Decided).endedMs >= windowMs) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

test('degraded passes exceed no total in any minute, and no client exceeds its limit in any window', () => {
  fc.assert(
    fc.property(honestGapMs, requestsWhile('well', 'errors', 'hangs', 'throttles'), (gapMs, steps) => {
      const world = new World(gapMs)
      for (const { request, tencent } of steps) {
        world.tencent = tencent
        world.isScriptServed = tencent !== 'hangs'
        world.send(request)
        world.advance(request.afterMs)
      }
      const drawn = (purse: PurseName) => world.passes.filter(({ decision }) => decision.trace.purse === purse)
      // Every other honest user is the regular one, who counts once a minute. A minute may begin on one more of either.
      const mostVerified = minuteMs / (2 * gapMs) + 2
      const outageTotal = Math.max(120, 3 * mostVerified)
      const doubtTotal = Math.max(10, 0.05 * mostVerified)
      const atMost = (perMinute: number, least: number) => Math.ceil(perMinute + Math.max(least, perMinute / 6))
      expect(mostWithin(minuteMs, drawn('outage'))).toBeLessThanOrEqual(atMost(outageTotal, 10))
      expect(mostWithin(minuteMs, drawn('doubt'))).toBeLessThanOrEqual(atMost(doubtTotal, 10))
      const isFallback = ({ request }: Decided) => request.ticket === 'fallback'
      expect(mostWithin(minuteMs, drawn('doubt').filter(isFallback))).toBeLessThanOrEqual(atMost(doubtTotal / 2, 5))
      for (const client of ['regular', 'stranger 1', 'stranger 2', 'stranger 3']) {
        const isTheirs = ({ request }: Decided) => request.clientKey === client
        // Late verdicts of an outage come within minutes and lift the smoothed rate by less than 1.7.
        const ownRate = client === 'regular' ? (1.7 * minuteMs) / (2 * gapMs) : 0
        expect(mostWithin(minuteMs, drawn('outage').filter(isTheirs))).toBeLessThanOrEqual(
          Math.max(20, Math.ceil(3 * ownRate)),
        )
        expect(mostWithin(10 * minuteMs, drawn('doubt').filter(isTheirs))).toBeLessThanOrEqual(3)
      }
      world.close()
    }),
    { numRuns: 40 },
  )
})

test('a refused attempt takes nothing that the next client could have', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 200 }), (attempts) => {
      const world = new World(3000)
      const { services, policy } = world.process
      const claim = (clientKey: string, ticketKey: string) =>
        services.site.ledger.claimPass({
          purse: 'doubt',
          setting: policy.purses.doubt,
          clientKey,
          ticketKey,
          isFallback: false,
          isParentDrawn: false,
        })
      for (let attempt = 0; attempt < 3; attempt++) claim('greedy', `first ${attempt}`)
      const before = remaining(world)
      for (let attempt = 0; attempt < attempts; attempt++) {
        expect(claim('greedy', `again ${attempt}`)).toMatchObject({ kind: 'exhausted' })
      }
      expect(remaining(world)).toEqual(before)
      expect(claim('modest', 'own')).toMatchObject({ kind: 'granted' })
      world.close()
    }),
    { numRuns: 30 },
  )
})
