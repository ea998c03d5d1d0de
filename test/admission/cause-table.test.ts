import { describe, expect, test } from '@jest/globals'
import {
  type CauseRow,
  captchaReasons,
  causeTable,
  type DegradationCause,
  type DegradedRefusal,
  degradationCauses,
  type InputRefusal,
  type RefusalAnswer,
  refusalTable,
} from '../../lib/admission/cause-table.js'
import { refusalProblem } from '../../lib/guard/problem.js'
import { expectRetryAfter } from '../support/retry-after.js'
import { availabilityCauses, causes, degradedRefusals, inputRefusals } from './verdicts.js'

/** Restated by hand: cause, rule, purse, circuit, canary, may the ticket be spent, reason, HTTP status, public code, Retry-After. */
// biome-ignore format: a table is read by its columns
const causeRows = [
  ['timeout',         'pass',   'by_evidence', 'unanswered', 'failed',  true,  'degradation_refused', 503, 'captcha_unavailable', true],
  ['unreachable',     'pass',   'by_evidence', 'failure',    'failed',  true,  'degradation_refused', 503, 'captcha_unavailable', true],
  ['http_error',      'pass',   'by_evidence', 'failure',    'failed',  true,  'degradation_refused', 503, 'captcha_unavailable', true],
  ['bad_response',    'pass',   'by_evidence', 'failure',    'failed',  true,  'degradation_refused', 503, 'captcha_unavailable', true],
  ['internal_error',  'pass',   'by_evidence', 'failure',    'failed',  false, 'degradation_refused', 503, 'captcha_unavailable', true],
  ['system_busy',     'pass',   'by_evidence', 'failure',    'failed',  false, 'degradation_refused', 503, 'captcha_unavailable', true],
  ['circuit_open',    'pass',   'by_evidence', 'neutral',    'unknown', true,  'degradation_refused', 503, 'captcha_unavailable', true],
  ['overloaded',      'pass',   'by_evidence', 'neutral',    'unknown', false, 'degradation_refused', 503, 'captcha_unavailable', true],
  ['throttled',       'pass',   'by_evidence', 'throttled',  'healthy', false, 'degradation_refused', 503, 'captcha_unavailable', true],
  ['credential_unavailable', 'pass',   'by_evidence', 'neutral',    'unknown', false, 'degradation_refused', 503, 'captcha_unavailable', true],
  ['client_fallback', 'pass',   'by_evidence', 'neutral',    'unknown', false, 'degradation_refused', 503, 'captcha_unavailable', true],
  ['misconfigured',   'refuse', 'by_evidence', 'neutral',    'healthy', false, 'misconfigured',       503, 'captcha_unavailable', false],
  ['override',        'pass',   'outage',      'neutral',    'unknown', false, 'degradation_refused', 503, 'captcha_unavailable', true],
] as const

/** Restated by hand: reason, degraded, HTTP status, public code, whether Retry-After is sent. */
// biome-ignore format: a table is read by its columns
const refusalRows = [
  ['ticket_missing',      false, 400, 'captcha_required',    false],
  ['ticket_malformed',    false, 400, 'captcha_invalid',     false],
  ['ticket_expired',      false, 403, 'captcha_expired',     false],
  ['ticket_reused',       false, 403, 'captcha_expired',     false],
  ['randstr_mismatch',    false, 403, 'captcha_invalid',     false],
  ['ticket_invalid',      false, 403, 'captcha_invalid',     false],
  ['app_mismatch',        false, 403, 'captcha_invalid',     false],
  ['risk_rejected',       false, 403, 'captcha_invalid',     false],
  ['rejected',            false, 403, 'captcha_invalid',     false],
  ['rate_limited',        false, 429, 'captcha_invalid',     true],
  ['fallback_stale',      true,  403, 'captcha_invalid',     false],
  ['fallback_replayed',   true,  403, 'captcha_invalid',     false],
  ['misconfigured',       true,  503, 'captcha_unavailable', false],
  ['degradation_refused', true,  503, 'captcha_unavailable', true],
  ['budget_exhausted',    true,  503, 'captcha_unavailable', true],
] as const

describe('the cause table', () => {
  test.each(causeRows)(
    'gives %s the rule %s, purse %s, circuit %s, canary %s, may be spent %p, else %s with %i %s, Retry-After %p',
    (cause, rule, purse, circuit, canary, maySpend, refusal, status, code, retryAfter) => {
      const row = { rule, purse, circuit, canary, maySpend, refusal, http: { status, code, retryAfter } }
      expect(causeTable[cause]).toEqual(row)
    },
  )

  test('is restated completely', () => {
    expect(causeRows.map(([cause]) => cause)).toEqual(Object.keys(causeTable))
  })

  test('starts with the six causes that speak of availability: these alone make circuit and canary fail', () => {
    const failing = degradationCauses.filter((cause) => causeTable[cause].canary === 'failed')
    const isFailure = (cause: DegradationCause) => ['failure', 'unanswered'].includes(causeTable[cause].circuit)
    expect(failing).toEqual(availabilityCauses)
    expect(degradationCauses.filter(isFailure)).toEqual(availabilityCauses)
  })

  test.each(causes)('%s is refused with the answer of the reason in its row', (cause) => {
    const { refusal, http } = causeTable[cause]
    expect(refusalTable[refusal]).toEqual({ degraded: true, ...http })
  })
})

describe('the refusal table', () => {
  test.each(refusalRows)(
    'answers %s with degraded %p, HTTP %i, %s, Retry-After %p',
    (reason, degraded, status, code, retryAfter) => {
      expect(refusalTable[reason]).toEqual({ degraded, status, code, retryAfter })
      const problem = refusalProblem(reason)
      expect(problem.status).toBe(status)
      expectRetryAfter(problem.headers['Retry-After'], retryAfter)
      expect(JSON.parse(problem.body)).toMatchObject({ status, code })
    },
  )

  test('is restated completely', () => {
    expect(refusalRows.map(([reason]) => reason)).toEqual(Object.keys(refusalTable))
  })

  test('calls the same refusals degraded that the types do', () => {
    const reasonsWith = (isDegraded: boolean) =>
      refusalRows.filter(([, degraded]) => degraded === isDegraded).map(([reason]) => reason)
    expect(reasonsWith(true)).toEqual(degradedRefusals)
    expect(reasonsWith(false)).toEqual(inputRefusals)
  })
})

describe('the lists', () => {
  test('of causes are the rows of the table, in their order', () => {
    expect(degradationCauses).toEqual(causes)
    expect(degradationCauses).toEqual(causeRows.map(([cause]) => cause))
  })

  test('of reasons have every reason once', () => {
    const restated = ['verified', ...causeRows.map(([cause]) => cause), ...refusalRows.map(([reason]) => reason)]
    expect([...captchaReasons].sort()).toEqual([...new Set(restated)].sort())
    expect(captchaReasons).toHaveLength(1 + 13 + 15 - 1)
  })
})

/** `true` where both types have the same members. */
type Same<A, B> = [A, B] extends [B, A] ? true : false

describe('the compiler', () => {
  const http = { status: 503, code: 'captcha_unavailable', retryAfter: true } as const
  const whole = {
    rule: 'pass',
    purse: 'by_evidence',
    circuit: 'failure',
    canary: 'failed',
    maySpend: true,
    refusal: 'degradation_refused',
    http,
  } as const satisfies CauseRow

  test('accepts no row of the cause table without one of its columns', () => {
    const { rule, purse, circuit, canary, maySpend, refusal } = whole
    const incomplete = [
      // @ts-expect-error without `rule`
      { purse, circuit, canary, maySpend, refusal, http } satisfies CauseRow,
      // @ts-expect-error without `purse`
      { rule, circuit, canary, maySpend, refusal, http } satisfies CauseRow,
      // @ts-expect-error without `circuit`
      { rule, purse, canary, maySpend, refusal, http } satisfies CauseRow,
      // @ts-expect-error without `canary`
      { rule, purse, circuit, maySpend, refusal, http } satisfies CauseRow,
      // @ts-expect-error without `maySpend`
      { rule, purse, circuit, canary, refusal, http } satisfies CauseRow,
      // @ts-expect-error without `refusal`
      { rule, purse, circuit, canary, maySpend, http } satisfies CauseRow,
      // @ts-expect-error without `http`
      { rule, purse, circuit, canary, maySpend, refusal } satisfies CauseRow,
    ]
    const columns = Object.keys(whole)
    expect(incomplete.map((row) => columns.filter((column) => !(column in row)))).toEqual(
      columns.map((column) => [column]),
    )
    for (const cause of degradationCauses) expect(Object.keys(causeTable[cause])).toEqual(columns)
  })

  test('accepts no row of the refusal table without one of its columns', () => {
    const incomplete = [
      // @ts-expect-error without `status`
      { code: 'captcha_invalid', retryAfter: false } satisfies RefusalAnswer,
      // @ts-expect-error without `code`
      { status: 403, retryAfter: false } satisfies RefusalAnswer,
      // @ts-expect-error without `retryAfter`
      { status: 403, code: 'captcha_invalid' } satisfies RefusalAnswer,
    ]
    expect(incomplete.map((row) => Object.keys(row).length)).toEqual([2, 2, 2])
  })

  test('derives the types of causes and refusals from the rows', () => {
    const isDerived: [
      Same<DegradationCause, (typeof causeRows)[number][0]>,
      Same<DegradedRefusal | InputRefusal, (typeof refusalRows)[number][0]>,
      Same<DegradedRefusal, (typeof degradedRefusals)[number]>,
      Same<InputRefusal, (typeof inputRefusals)[number]>,
    ] = [true, true, true, true]
    expect(isDerived).not.toContain(false)
  })
})
