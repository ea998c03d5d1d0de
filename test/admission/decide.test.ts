import { describe, expect, jest, test } from '@jest/globals'
import { type DegradedDecision, decide, type Evidence, type OverrideMode } from '../../lib/admission/decide.js'
import type { RuleAction } from '../../lib/options/options.js'
import { type DegradationCause, degradationCauses } from '../../lib/types.js'

/** Restated by hand: cause, evidence, client code 1014 or another, purse. */
const purses = [
  ['timeout', 'outage', 1001, 'outage'],
  ['timeout', 'outage', 1014, 'doubt'],
  ['timeout', 'none', 1001, 'doubt'],
  ['timeout', 'none', 1014, 'doubt'],
  ['unreachable', 'outage', 1001, 'outage'],
  ['unreachable', 'outage', 1014, 'doubt'],
  ['unreachable', 'none', 1001, 'doubt'],
  ['unreachable', 'none', 1014, 'doubt'],
  ['http_error', 'outage', 1001, 'outage'],
  ['http_error', 'outage', 1014, 'doubt'],
  ['http_error', 'none', 1001, 'doubt'],
  ['http_error', 'none', 1014, 'doubt'],
  ['bad_response', 'outage', 1001, 'outage'],
  ['bad_response', 'outage', 1014, 'doubt'],
  ['bad_response', 'none', 1001, 'doubt'],
  ['bad_response', 'none', 1014, 'doubt'],
  ['internal_error', 'outage', 1001, 'outage'],
  ['internal_error', 'outage', 1014, 'doubt'],
  ['internal_error', 'none', 1001, 'doubt'],
  ['internal_error', 'none', 1014, 'doubt'],
  ['system_busy', 'outage', 1001, 'outage'],
  ['system_busy', 'outage', 1014, 'doubt'],
  ['system_busy', 'none', 1001, 'doubt'],
  ['system_busy', 'none', 1014, 'doubt'],
  ['circuit_open', 'outage', 1001, 'outage'],
  ['circuit_open', 'outage', 1014, 'doubt'],
  ['circuit_open', 'none', 1001, 'doubt'],
  ['circuit_open', 'none', 1014, 'doubt'],
  ['overloaded', 'outage', 1001, 'outage'],
  ['overloaded', 'outage', 1014, 'doubt'],
  ['overloaded', 'none', 1001, 'doubt'],
  ['overloaded', 'none', 1014, 'doubt'],
  ['throttled', 'outage', 1001, 'outage'],
  ['throttled', 'outage', 1014, 'doubt'],
  ['throttled', 'none', 1001, 'doubt'],
  ['throttled', 'none', 1014, 'doubt'],
  ['client_fallback', 'outage', 1001, 'outage'],
  ['client_fallback', 'outage', 1014, 'doubt'],
  ['client_fallback', 'none', 1001, 'doubt'],
  ['client_fallback', 'none', 1014, 'doubt'],
  ['misconfigured', 'outage', 1001, 'outage'],
  ['misconfigured', 'outage', 1014, 'doubt'],
  ['misconfigured', 'none', 1001, 'doubt'],
  ['misconfigured', 'none', 1014, 'doubt'],
  ['override', 'outage', 1001, 'outage'],
  ['override', 'outage', 1014, 'outage'],
  ['override', 'none', 1001, 'outage'],
  ['override', 'none', 1014, 'outage'],
] as const satisfies readonly (readonly [DegradationCause, Evidence, number, string])[]

/** Restated by hand: override, rule, whether a purse is asked at all. */
const gates = [
  ['none', 'pass', true],
  ['none', 'refuse', false],
  ['pass', 'pass', true],
  ['pass', 'refuse', false],
  ['verify_only', 'pass', false],
  ['verify_only', 'refuse', false],
] as const satisfies readonly (readonly [OverrideMode, RuleAction, boolean])[]

/** Restated by hand: what a refusal of this cause is called, where its rule says no, and where the override alone does. */
const refusalOf = (cause: DegradationCause, rule: RuleAction) =>
  cause === 'misconfigured' && rule === 'refuse' ? 'misconfigured' : 'degradation_refused'

describe('a decision about a missing verdict', () => {
  test.each(purses)('%s with evidence %s and client code %i', (cause, evidence, clientErrorCode, purse) => {
    for (const [override, rule, draws] of gates) {
      const expected: DegradedDecision = draws
        ? { kind: 'draw', purse }
        : { kind: 'refuse', reason: refusalOf(cause, rule) }
      expect(decide({ cause, evidence, override, clientErrorCode }, () => rule)).toEqual(expected)
    }
  })

  test.each(degradationCauses)('%s without a client code is as with any code but 1014', (cause) => {
    for (const evidence of ['outage', 'none'] as const) {
      const situation = { cause, evidence, override: 'none' as const }
      expect(decide(situation, () => 'pass')).toEqual(decide({ ...situation, clientErrorCode: 1006 }, () => 'pass'))
    }
  })

  test('is restated for every cause', () => {
    expect([...new Set(purses.map(([cause]) => cause))]).toEqual([...degradationCauses])
    expect(purses).toHaveLength(degradationCauses.length * 4)
  })

  test('does not ask the rule when the override has already refused', () => {
    const rule = jest.fn<() => RuleAction>(() => 'pass')
    decide({ cause: 'timeout', evidence: 'none', override: 'verify_only' }, rule)
    expect(rule).not.toHaveBeenCalled()
  })

  test('asks the rule once', () => {
    const rule = jest.fn<() => RuleAction>(() => 'pass')
    decide({ cause: 'timeout', evidence: 'none', override: 'none' }, rule)
    expect(rule).toHaveBeenCalledTimes(1)
  })

  test('lets a rule’s exception through: it is a bug, never a pass', () => {
    const rule = () => {
      throw new RangeError('rule')
    }
    expect(() => decide({ cause: 'timeout', evidence: 'none', override: 'none' }, rule)).toThrow(RangeError)
  })
})
