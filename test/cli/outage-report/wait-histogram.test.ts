import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { WaitHistogram } from '../../../lib/cli/outage-report/wait-histogram.js'

function histogramOf(values: readonly number[]): WaitHistogram {
  const histogram = new WaitHistogram()
  for (const value of values) histogram.add(value)
  return histogram
}

test('quantiles are at most 1.6 % too high and never too low; counts, sum and maximum are exact', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 200 }), (values) => {
      const sorted = [...values].sort((a, b) => a - b)
      const waits = histogramOf(values).summary()
      if (waits === null) throw new Error('nothing was measured')
      for (const [share, ms] of [
        [0.5, waits.p50Ms],
        [0.9, waits.p90Ms],
        [0.99, waits.p99Ms],
      ] as const) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1] as number
        expect(ms).toBeGreaterThanOrEqual(exact)
        expect(ms).toBeLessThanOrEqual(exact * 1.016)
      }
      expect(waits).toMatchObject({
        requests: values.length,
        maxMs: sorted.at(-1),
        totalMs: values.reduce((sum, value) => sum + value, 0),
        over100Ms: values.filter((value) => value > 100).length,
        over1000Ms: values.filter((value) => value > 1000).length,
      })
    }),
  )
})

test('two histograms together are one of all values', () => {
  const values = Array.from({ length: 500 }, (_, index) => index * index)
  const first = histogramOf(values.slice(0, 200))
  first.merge(histogramOf(values.slice(200)))
  expect(first.summary()).toEqual(histogramOf(values).summary())
})

test('nothing measured is null', () => {
  expect(new WaitHistogram().summary()).toBeNull()
})
