import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { healthyWorld, honestGapMs, unverifiedRequests, type World } from '../support/unverified-requests.js'

const totals = ({ process }: World) => {
  const { outage, doubt } = process.degradation.ledger.snapshot()
  return [outage.perMinute, doubt.perMinute, process.degradation.baselinePerMinute]
}

const remaining = ({ process }: World) => {
  const { outage, doubt } = process.degradation.ledger.snapshot()
  return [outage.remaining, doubt.remaining] as const
}

test('no sequence of unverified requests raises a total: it is what verified passes alone have taught', () => {
  fc.assert(
    fc.property(honestGapMs, unverifiedRequests, (gapMs, requests) => {
      const attacked = healthyWorld(gapMs)
      const alone = healthyWorld(gapMs)
      for (const request of requests) {
        attacked.send(request)
        for (const world of [attacked, alone]) world.advance(request.afterMs + 3000)
        expect(totals(attacked)).toEqual(totals(alone))
        const [outage, doubt] = remaining(attacked)
        expect(outage).toBeLessThanOrEqual(remaining(alone)[0])
        expect(doubt).toBeLessThanOrEqual(remaining(alone)[1])
      }
      for (const { process } of [attacked, alone]) process.close()
    }),
    { numRuns: 100 },
  )
})

test('a refused attempt consumes nothing: what is left is left to the next', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 200 }), (attempts) => {
      const world = healthyWorld(3000)
      const claim = (clientKey: string, ticketKey: string) =>
        world.process.degradation.ledger.claimPass({ purse: 'doubt', clientKey, ticketKey, isFallback: false })
      for (let attempt = 0; attempt < 3; attempt++) claim('greedy', `first ${attempt}`)
      const before = remaining(world)
      for (let attempt = 0; attempt < attempts; attempt++) {
        expect(claim('greedy', `again ${attempt}`)).toMatchObject({ kind: 'exhausted' })
      }
      expect(remaining(world)).toEqual(before)
      expect(claim('modest', 'own')).toMatchObject({ kind: 'granted' })
      world.process.close()
    }),
    { numRuns: 30 },
  )
})
