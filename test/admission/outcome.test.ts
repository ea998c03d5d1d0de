import { describe, expect, test } from '@jest/globals'
import type { CauseRow } from '../../lib/admission/cause-table.js'
import { canaryReport, circuitReport, degraded, mayHaveSpent, noFacts } from '../../lib/admission/outcome.js'
import { availabilityFailures, type OutcomeName, outcomes } from './outcomes.js'
import { causes } from './verdicts.js'

type CircuitReport = ReturnType<typeof circuitReport>

/** Restated by hand: outcome of a call, what the circuit learns, what a canary says, whether the ticket may be spent. */
const reports = [
  ['code 1', 'success', 'healthy', false],
  ['code 1, EvilLevel 100', 'success', 'healthy', false],
  ['code 7', 'refused', 'healthy', false],
  ['code 8', 'refused', 'healthy', false],
  ['code 9', 'refused', 'healthy', false],
  ['code 15', 'refused', 'healthy', false],
  ['code 16', 'refused', 'healthy', false],
  ['code 21', 'refused', 'healthy', false],
  ['code 4711', 'refused', 'healthy', false],
  ['InvalidParameter', 'neutral', 'healthy', false],
  ['RequestLimitExceeded', 'throttled', 'healthy', false],
  ['AuthFailure.SecretIdNotFound', 'neutral', 'healthy', false],
  ['no credential', 'neutral', 'unknown', false],
  ['no credential now', 'neutral', 'unknown', false],
  ['a call given up', 'neutral', 'unknown', true],
  ['a bug', 'neutral', 'unknown', false],
  ['timeout, event loop blocked', 'neutral', 'unknown', true],
] as const satisfies readonly (readonly [OutcomeName, CircuitReport, CauseRow['canary'], boolean])[]

describe('the outcome of a call', () => {
  test.each(reports)(
    'that is %s teaches the circuit %s and the canary %s, and the ticket may be spent: %p',
    (name, circuit, canary, maySpend) => {
      expect(circuitReport(outcomes[name])).toBe(circuit)
      expect(canaryReport(outcomes[name])).toBe(canary)
      expect(mayHaveSpent(outcomes[name])).toBe(maySpend)
    },
  )

  test('is a success where Tencent verified, whatever else it said', () => {
    expect(circuitReport({ kind: 'verified', facts: noFacts })).toBe('success')
  })

  test('is neutral where a refusal says neither a code nor an error', () => {
    expect(circuitReport({ kind: 'refused', reason: 'rejected', facts: noFacts })).toBe('neutral')
  })

  test('is restated for every name', () => {
    expect(reports.map(([name]) => name)).toEqual(Object.keys(outcomes))
  })

  test('is a failure to the circuit where Tencent failed, and a deadline one without an answer', () => {
    expect(availabilityFailures.map(({ cause, outcome }) => [cause, circuitReport(outcome)])).toEqual([
      ['timeout', 'unanswered'],
      ['unreachable', 'failure'],
      ['http_error', 'failure'],
      ['bad_response', 'failure'],
      ['internal_error', 'failure'],
      ['system_busy', 'failure'],
    ])
  })

  test('makes a canary fail where Tencent failed', () => {
    for (const { outcome } of availabilityFailures) expect(canaryReport(outcome)).toBe('failed')
  })

  test('may have spent the ticket where the answer was lost, and not where Tencent answered', () => {
    expect(availabilityFailures.map(({ cause, outcome }) => [cause, mayHaveSpent(outcome)])).toEqual([
      ['timeout', true],
      ['unreachable', true],
      ['http_error', true],
      ['bad_response', true],
      ['internal_error', false],
      ['system_busy', false],
    ])
  })
})

describe('a missing verdict', () => {
  test.each(causes)('that is no evidence says nothing to the circuit and the canary: %s', (cause) => {
    const outcome = degraded(cause, { isEvidence: false })
    expect([circuitReport(outcome), canaryReport(outcome)]).toEqual(['neutral', 'unknown'])
  })

  test.each(causes)('without a call has spent no ticket: %s', (cause) => {
    expect(mayHaveSpent(degraded(cause, { wasSent: false }))).toBe(false)
  })

  test.each(causes)('is that of a call Tencent failed unless something else is said: %s', (cause) => {
    expect(degraded(cause)).toEqual({ kind: 'degraded', cause, facts: {}, isEvidence: true, wasSent: true })
  })

  test('carries facts and problem where there are any', () => {
    const facts = { errorCode: 'X' }
    expect(degraded('misconfigured', { facts, problem: 'p' })).toMatchObject({ facts, problem: 'p' })
    expect(degraded('misconfigured')).not.toHaveProperty('problem')
  })

  test('without facts shares a frozen object, so that no holder can write on it', () => {
    expect(degraded('timeout').facts).toBe(noFacts)
    expect(Object.isFrozen(noFacts)).toBe(true)
  })
})

test('an API error beside a CaptchaCode says nothing to the circuit: it is no verdict', () => {
  const refused = (facts: object) => circuitReport({ kind: 'refused', reason: 'rejected', facts })
  expect(refused({ captchaCode: 1, errorCode: 'MissingParameter' })).toBe('neutral')
  expect(refused({ captchaCode: 15, errorCode: 'MissingParameter' })).toBe('neutral')
  expect([refused({ captchaCode: 15 }), refused({ captchaCode: 1 })]).toEqual(['refused', 'success'])
})
