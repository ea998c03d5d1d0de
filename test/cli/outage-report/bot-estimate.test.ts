import { describe, expect, test } from '@jest/globals'
import { estimateBots } from '../../../lib/cli/outage-report/bot-estimate.js'

describe('the bots among passes', () => {
  test('are estimated from late verdicts, with the Wilson interval', () => {
    // 10 of 100: 0.0552 to 0.1744, as published tables have it.
    const estimate = estimateBots({ genuine: 90, refused: 10, inconclusive: 0 }, 10_000, 7)
    expect(estimate).toMatchObject({ checked: 100, share: 0.1, bots: 1000, uncheckedPasses: 7, ordinaryPasses: 10_000 })
    expect(estimate?.shareLow).toBeCloseTo(0.0552, 3)
    expect(estimate?.shareHigh).toBeCloseTo(0.1744, 3)
    expect([estimate?.botsLow, estimate?.botsHigh]).toEqual([552, 1744])
  })

  test('may be any share of what was inconclusive', () => {
    const sure = estimateBots({ genuine: 50, refused: 50, inconclusive: 0 }, 1000, 0)
    const unsure = estimateBots({ genuine: 50, refused: 50, inconclusive: 100 }, 1000, 0)
    expect(unsure?.share).toBe(sure?.share)
    expect(unsure?.shareLow).toBeLessThan(0.25)
    expect(unsure?.shareHigh).toBeGreaterThan(0.75)
  })

  test('are never fewer than were refused, nor more than were not found genuine', () => {
    const all = estimateBots({ genuine: 40, refused: 60, inconclusive: 0 }, 100, 0)
    expect([all?.botsLow, all?.bots, all?.botsHigh]).toEqual([60, 60, 60])
  })

  test('are unknown without a verdict that tells', () => {
    expect(estimateBots({ genuine: 0, refused: 0, inconclusive: 9 }, 100, 0)).toBeNull()
    expect(estimateBots({ genuine: 1, refused: 0, inconclusive: 0 }, 0, 5)).toBeNull()
  })
})
