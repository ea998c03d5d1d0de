import { expect, test } from '@jest/globals'
import { captchaReasons } from '../../lib/admission/cause-table.js'
import { createCounters } from '../../lib/report/counters.js'

test('every reason has a counter from the start, and each guard its own', () => {
  const counters = createCounters()
  expect(Object.keys(counters).sort()).toEqual([...captchaReasons].sort())
  expect(new Set(Object.values(counters))).toEqual(new Set([0]))
  counters.verified++
  expect(createCounters().verified).toBe(0)
})
