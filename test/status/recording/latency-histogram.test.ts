import { describe, expect, test } from '@jest/globals'
import {
  addLatencies,
  LatencyHistogram,
  latencyPercentileMs,
  latencyTotal,
} from '../../../lib/status/recording/latency-histogram.js'

describe('the latency histogram', () => {
  test('knows percentiles within ten percent, from above', () => {
    const histogram = new LatencyHistogram()
    for (let ms = 1; ms <= 1000; ms++) histogram.note(ms, 0)
    const counts = histogram.read(0)
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const exactMs = share * 1000
      const foundMs = latencyPercentileMs(counts, share) ?? 0
      expect(foundMs).toBeGreaterThanOrEqual(exactMs - 1)
      expect(foundMs).toBeLessThanOrEqual(exactMs * 1.1 + 1)
    }
    expect(latencyTotal(counts)).toBe(1000)
  })

  test('takes durations of any length', () => {
    const histogram = new LatencyHistogram()
    for (const ms of [0, 0.2, 1e9, Number.POSITIVE_INFINITY]) histogram.note(ms, 0)
    expect(latencyTotal(histogram.read(0))).toBe(4)
    expect(latencyPercentileMs(histogram.read(0), 0.5)).toBe(1)
  })

  test('forgets after five to ten minutes', () => {
    const histogram = new LatencyHistogram()
    histogram.note(50, 0)
    histogram.note(70, 299_000)
    expect(latencyTotal(histogram.read(599_000))).toBe(2)
    histogram.note(90, 599_000)
    expect(latencyTotal(histogram.read(600_000))).toBe(1)
    expect(latencyTotal(histogram.read(5_000_000))).toBe(0)
  })

  test('has no percentile without a duration', () => {
    expect(latencyPercentileMs({}, 0.5)).toBeNull()
  })

  test('adds up with those of other processes', () => {
    const a = new LatencyHistogram()
    const b = new LatencyHistogram()
    for (let index = 0; index < 90; index++) a.note(10, 0)
    for (let index = 0; index < 10; index++) b.note(1000, 0)
    const sum = addLatencies([a.read(0), b.read(0)])
    expect(latencyTotal(sum)).toBe(100)
    expect(latencyPercentileMs(sum, 0.5)).toBeLessThan(12)
    expect(latencyPercentileMs(sum, 0.99)).toBeGreaterThanOrEqual(1000)
  })
})
