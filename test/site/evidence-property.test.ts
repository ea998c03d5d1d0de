import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { healthyWorld, honestGapMs, unverifiedRequests } from '../support/unverified-requests.js'

test('no sequence of unverified requests makes evidence of an outage while Tencent is well', () => {
  fc.assert(
    fc.property(honestGapMs, unverifiedRequests, (gapMs, requests) => {
      const { process, advance, send } = healthyWorld(gapMs)
      for (const request of requests) {
        send(request)
        for (const waitMs of [0, 100, 2500, request.afterMs]) {
          advance(waitMs)
          expect(process.degradation.evidenceFor('ordinary')).toBe('none')
          expect(process.degradation.evidenceFor('fallback')).toBe('none')
          expect(process.degradation.circuit.state).not.toBe('open')
        }
      }
      process.close()
    }),
    { numRuns: 150 },
  )
})
