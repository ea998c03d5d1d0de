import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BotNet } from '../../bench/outage-simulation/bot-net.js'
import { RandomDraws } from '../../bench/outage-simulation/random-draws.js'
import { simulatedConfig } from '../../bench/outage-simulation/simulated-config.js'
import { TokenBucket } from '../../lib/structures/token-bucket.js'

const config = simulatedConfig({})

describe('what the bots skip', () => {
  test('would have been refused by the total: every request is run here, and none that would be skipped passes', () => {
    const bots = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(
      fc.property(bots, fc.integer({ min: 1, max: 20_000 }), fc.integer(), (perMinute, tokensPerMinute, seed) => {
        const draws = new RandomDraws(seed)
        const net = new BotNet({ addresses: 10_000, perMinute, config, draws })
        const bucket = new TokenBucket(tokensPerMinute, 5, 0)
        const tokenMs = 60_000 / tokensPerMinute
        const wrong: number[] = []
        let nowMs = 0
        for (let request = 0; request < 2000; request++) {
          nowMs = net.nextMs(nowMs)
          // Others draw on the same total, too.
          if (draws.chance(0.05) && bucket.available(nowMs) >= 1) bucket.take()
          const isSkipped = net.emptyUntilMs('outage', nowMs) > nowMs
          const passes = bucket.available(nowMs) >= 1
          if (isSkipped && passes) wrong.push(nowMs)
          if (isSkipped) continue
          if (passes) {
            bucket.take()
            net.notePass(request % 10_000, 'outage', nowMs, tokenMs)
          } else {
            net.noteRefused('outage', nowMs, tokenMs)
          }
        }
        expect(wrong).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('an address has its limit in any window, and not one pass less', () => {
    const net = new BotNet({ addresses: 2, perMinute: 60, config, draws: new RandomDraws(1) })
    const { limit, windowMs } = config.outage.perClient
    for (let pass = 0; pass < limit; pass++) {
      expect(net.isAtLimit(0, 'outage', pass)).toBe(false)
      net.notePass(0, 'outage', pass, 1)
    }
    expect(net.isAtLimit(0, 'outage', windowMs - 1)).toBe(true)
    expect(net.isAtLimit(1, 'outage', windowMs - 1)).toBe(false)
    expect(net.isAtLimit(0, 'outage', windowMs)).toBe(false)
  })
})
