import { describe, expect, test } from '@jest/globals'
import { LineSampler, type SuppressedLines } from '../../lib/report/line-sampler.js'

function admitMany(sampler: LineSampler, event: string, times: number, nowMs: number): (SuppressedLines | undefined)[] {
  return Array.from({ length: times }, () => sampler.admit(event, 'ticket_invalid', nowMs))
}

describe('the line sampler', () => {
  test('writes every line of an ordinary day', () => {
    const sampler = new LineSampler()
    for (let nowMs = 0; nowMs < 600_000; nowMs += 100)
      expect(sampler.admit('captcha_refused', 'ticket_invalid', nowMs)).toEqual({})
  })

  test('writes a burst of 200, then none until time passes', () => {
    const sampler = new LineSampler()
    const admitted = admitMany(sampler, 'e', 10_000, 0)
    expect(admitted.filter((suppressed) => suppressed !== undefined)).toHaveLength(200)
    expect(admitted.slice(0, 200)).toEqual(Array.from({ length: 200 }, () => ({})))
  })

  test('tells with the next line how many were suppressed and for which reason, and starts over', () => {
    const sampler = new LineSampler()
    admitMany(sampler, 'e', 1200, 0)
    for (let i = 0; i < 7; i++) sampler.admit('e', 'randstr_mismatch', 0)
    expect(sampler.admit('e', 'ticket_reused', 60_000)).toEqual({
      suppressed: 1007,
      suppressedByReason: { ticket_invalid: 1000, randstr_mismatch: 7 },
    })
    expect(sampler.admit('e', 'ticket_reused', 60_000)).toEqual({})
  })

  test('loses count of no line under an endless flood', () => {
    const sampler = new LineSampler()
    let [written, suppressed, pending] = [0, 0, 0]
    for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
      const told = sampler.admit('e', 'ticket_invalid', nowMs)
      if (told === undefined) pending++
      else [written, suppressed, pending] = [written + 1, suppressed + (told.suppressed ?? 0), 0]
    }
    expect(written + suppressed + pending).toBe(12_000)
    expect(written).toBeGreaterThan(1200)
    expect(written).toBeLessThanOrEqual(1400)
  })

  test('keeps events apart', () => {
    const sampler = new LineSampler()
    admitMany(sampler, 'flood', 1000, 0)
    expect(sampler.admit('calm', 'ticket_invalid', 0)).toEqual({})
  })
})
