import { expect, test } from '@jest/globals'
import { labelsOf, verdictSeries } from '../../lib/prometheus/verdict-series.js'
import { causes, degradedPass, degradedRefusal, inputRefusals, refused, verified } from '../admission/verdicts.js'

const known = new Set(verdictSeries().map((labels) => JSON.stringify(labels)))

test.each([
  verified(),
  ...causes.map((cause) => degradedPass(cause)),
  ...inputRefusals.map((reason) => refused(reason)),
  ...causes.map((cause) => degradedRefusal('budget_exhausted', cause)),
  ...causes.map((cause) => degradedRefusal('degradation_refused', cause)),
  degradedRefusal('misconfigured', 'misconfigured'),
  degradedRefusal('fallback_stale', 'client_fallback'),
  degradedRefusal('fallback_replayed', 'client_fallback'),
])('the verdict $reason has a series that begins at zero: cause $cause', (verdict) => {
  expect(known).toContain(JSON.stringify(labelsOf(verdict)))
})

test('the series are few, and each is there once', () => {
  expect(known.size).toBe(verdictSeries().length)
  expect(known.size).toBeLessThan(60)
})
