import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RollingCounts } from '../../lib/structures/rolling-counts.js'

const nothing = { success: 0, failure: 0, throttled: 0, neutral: 0 }

describe('the outcomes of the last ten seconds', () => {
  test('are nothing before the first call', () => {
    expect(new RollingCounts(10_000).totals(0)).toEqual(nothing)
  })

  test('are told apart', () => {
    const counts = new RollingCounts(10_000)
    counts.add('success', 0)
    counts.add('failure', 1)
    counts.add('failure', 1500)
    counts.add('throttled', 2000)
    counts.add('neutral', 9000)
    expect(counts.totals(9000)).toEqual({ success: 1, failure: 2, throttled: 1, neutral: 1 })
  })

  test('are forgotten when the window has passed, with no timer', () => {
    const counts = new RollingCounts(10_000)
    counts.add('failure', 0)
    expect(counts.totals(9999).failure).toBe(1)
    expect(counts.totals(10_000)).toEqual(nothing)
  })

  test('are forgotten after a pause of any length', () => {
    const counts = new RollingCounts(10_000)
    counts.add('failure', 500)
    counts.add('success', 7_200_000)
    expect(counts.totals(7_200_000)).toEqual({ ...nothing, success: 1 })
  })

  test('are gone at once when cleared', () => {
    const counts = new RollingCounts(10_000)
    counts.add('failure', 500)
    counts.clear()
    expect(counts.totals(500)).toEqual(nothing)
  })

  test('hold no call older than the window, and every call younger than nine tenths of it', () => {
    const windowLengths = fc.constantFrom(10, 1000, 10_000, 10_007)
    const pauses = fc.array(fc.nat(4000), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(windowLengths, pauses, (windowMs, gapsMs) => {
        const counts = new RollingCounts(windowMs)
        const addedMs: number[] = []
        let nowMs = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          counts.add('failure', nowMs)
          addedMs.push(nowMs)
          const { failure } = counts.totals(nowMs)
          const youngerThan = (ageMs: number) => addedMs.filter((atMs) => nowMs - atMs < ageMs).length
          expect(failure).toBeLessThanOrEqual(youngerThan(windowMs))
          expect(failure).toBeGreaterThanOrEqual(youngerThan(windowMs * 0.9 - 1e-6))
        }
      }),
    )
  })
})
