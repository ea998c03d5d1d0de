import { describe, expect, test } from '@jest/globals'
import { causeTable, refusalTable } from '../../lib/admission/cause-table.js'
import { refusalProblem } from '../../lib/admission/problem.js'
import {
  availabilityCauses,
  captchaReasons,
  degradationCauses,
  degradedRefusals,
  inputRefusals,
} from '../../lib/types.js'

/** Restated by hand: reason, degraded, HTTP status, public code, Retry-After. */
const refusals = [
  ['ticket_missing', 'no', 400, 'captcha_required', 'no'],
  ['ticket_malformed', 'no', 400, 'captcha_invalid', 'no'],
  ['ticket_expired', 'no', 403, 'captcha_expired', 'no'],
  ['ticket_reused', 'no', 403, 'captcha_expired', 'no'],
  ['randstr_mismatch', 'no', 403, 'captcha_invalid', 'no'],
  ['ticket_invalid', 'no', 403, 'captcha_invalid', 'no'],
  ['app_mismatch', 'no', 403, 'captcha_invalid', 'no'],
  ['risk_rejected', 'no', 403, 'captcha_invalid', 'no'],
  ['rejected', 'no', 403, 'captcha_invalid', 'no'],
  ['rate_limited', 'no', 429, 'captcha_invalid', '30'],
  ['fallback_stale', 'yes', 403, 'captcha_invalid', 'no'],
  ['fallback_replayed', 'yes', 403, 'captcha_invalid', 'no'],
  ['misconfigured', 'yes', 503, 'captcha_unavailable', 'no'],
  ['degradation_refused', 'yes', 503, 'captcha_unavailable', '30'],
  ['budget_exhausted', 'yes', 503, 'captcha_unavailable', '30'],
] as const

/** Restated by hand: cause, default rule, purse, reason of a refusal. */
const causes = [
  ['timeout', 'pass', 'by_evidence', 'degradation_refused'],
  ['unreachable', 'pass', 'by_evidence', 'degradation_refused'],
  ['http_error', 'pass', 'by_evidence', 'degradation_refused'],
  ['bad_response', 'pass', 'by_evidence', 'degradation_refused'],
  ['internal_error', 'pass', 'by_evidence', 'degradation_refused'],
  ['system_busy', 'pass', 'by_evidence', 'degradation_refused'],
  ['circuit_open', 'pass', 'by_evidence', 'degradation_refused'],
  ['overloaded', 'pass', 'by_evidence', 'degradation_refused'],
  ['throttled', 'pass', 'by_evidence', 'degradation_refused'],
  ['client_fallback', 'pass', 'by_evidence', 'degradation_refused'],
  ['misconfigured', 'refuse', 'by_evidence', 'misconfigured'],
  ['override', 'pass', 'outage', 'degradation_refused'],
] as const

describe('the refusal table', () => {
  test.each(refusals)('%s: degraded %s, HTTP %i, %s, Retry-After %s', (reason, degraded, status, code, retryAfter) => {
    expect(refusalTable[reason]).toEqual({
      degraded: degraded === 'yes',
      status,
      code,
      retryAfter: retryAfter !== 'no',
    })
    const problem = refusalProblem(reason)
    expect(problem.status).toBe(status)
    expect(problem.headers['Retry-After']).toBe(retryAfter === 'no' ? undefined : retryAfter)
    expect(JSON.parse(problem.body)).toMatchObject({ status, code })
  })

  test('is restated completely', () => {
    const restated = refusals.map(([reason]) => reason)
    expect([...restated].sort()).toEqual(Object.keys(refusalTable).sort())
    expect([...restated].sort()).toEqual([...inputRefusals, ...degradedRefusals].sort())
  })

  test('calls the same refusals degraded that the types do', () => {
    const degraded = refusals.filter(([, isDegraded]) => isDegraded === 'yes').map(([reason]) => reason)
    expect(degraded).toEqual([...degradedRefusals])
  })
})

describe('the cause table', () => {
  test.each(causes)('%s: %s by default, purse %s, else %s', (cause, defaultRule, purse, refusal) => {
    expect(causeTable[cause]).toEqual({ defaultRule, purse, refusal })
  })

  test('is restated completely', () => {
    const restated = causes.map(([cause]) => cause)
    expect([...restated].sort()).toEqual(Object.keys(causeTable).sort())
    expect(restated).toEqual([...degradationCauses])
  })

  test('starts with the six causes that speak of availability', () => {
    expect(causes.slice(0, 6).map(([cause]) => cause)).toEqual([...availabilityCauses])
  })
})

test('the list of reasons has every reason once', () => {
  const restated = ['verified', ...causes.map(([cause]) => cause), ...refusals.map(([reason]) => reason)]
  expect([...captchaReasons].sort()).toEqual([...new Set(restated)].sort())
})
