import { describe, expect, test } from '@jest/globals'
import { captchaReasons } from '../../../lib/admission/cause-table.js'
import { columnKeys, verdictColumnKey, verdictColumns } from '../../../lib/status/recording/columns.js'

describe('the columns', () => {
  test('have names of their own', () => {
    expect(new Set(columnKeys).size).toBe(columnKeys.length)
  })

  test('count every reason, and misconfigured apart where it passed', () => {
    for (const reason of captchaReasons) {
      expect(columnKeys).toContain(verdictColumnKey(reason, false))
      expect(columnKeys).toContain(verdictColumnKey(reason, true))
    }
    expect(verdictColumnKey('misconfigured', true)).not.toBe(verdictColumnKey('misconfigured', false))
  })

  test('say how a verdict ended', () => {
    const family = (key: string) => verdictColumns.find((column) => column.key === key)?.family
    expect([
      family('verified'),
      family('timeout'),
      family('misconfigured_passed'),
      family('misconfigured'),
      family('budget_exhausted'),
      family('fallback_stale'),
      family('ticket_expired'),
    ]).toEqual([
      'verified',
      'degraded_pass',
      'degraded_pass',
      'degraded_refusal',
      'degraded_refusal',
      'degraded_refusal',
      'refusal',
    ])
  })
})
