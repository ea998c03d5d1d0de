import { describe, expect, test } from '@jest/globals'
import type { RefusalReason } from '../../lib/admission/cause-table.js'
import { makeVerdict } from '../../lib/admission/verdict.js'
import {
  causes,
  degradedPass,
  degradedRefusal,
  degradedRefusals,
  inputRefusals,
  refused,
  verified,
} from './verdicts.js'

const facts = {
  captchaCode: 1,
  captchaMsg: 'OK',
  evilLevel: 0,
  score: 3,
  errorCode: 'X',
  requestId: 'r',
  clientErrorCode: 1001,
}

const notDegraded = [verified(facts, 12), ...inputRefusals.map((reason) => refused(reason, facts, 12))]
const degraded = [
  ...causes.map((cause) => degradedPass(cause, facts, 12)),
  ...degradedRefusals.flatMap((reason) => causes.map((cause) => degradedRefusal(reason, cause, facts, 12))),
]

describe('a verdict', () => {
  test.each([...notDegraded, ...degraded])('is frozen and carries the facts: $reason $cause', (made) => {
    expect(Object.isFrozen(made)).toBe(true)
    expect(made).toMatchObject({ ...facts, durationMs: 12 })
  })

  test('has a cause of its own exactly when it is degraded', () => {
    for (const made of notDegraded) expect([made.degraded, Object.hasOwn(made, 'cause')]).toEqual([false, false])
    for (const made of degraded) expect([made.degraded, Object.hasOwn(made, 'cause')]).toEqual([true, true])
  })

  test('that passed and is not degraded is verified', () => {
    expect(verified()).toEqual({ passed: true, degraded: false, reason: 'verified', durationMs: 1 })
  })

  test.each(causes)('that passed degraded has its cause as its reason: %s', (cause) => {
    expect(degradedPass(cause)).toEqual({ passed: true, degraded: true, reason: cause, cause, durationMs: 1 })
  })

  test.each(inputRefusals)('that was refused for its input says so: %s', (reason) => {
    expect(refused(reason)).toEqual({ passed: false, degraded: false, reason, durationMs: 1 })
  })

  test.each(inputRefusals)('that was refused for its input has no cause, whichever is given: %s', (reason) => {
    expect(makeVerdict({ kind: 'refused', reason, cause: 'timeout' }, {}, 1)).toEqual(refused(reason))
  })

  test.each(degradedRefusals)('that was refused degraded keeps its cause: %s', (reason) => {
    const expected = { passed: false, degraded: true, reason, cause: 'timeout', durationMs: 1 }
    expect(degradedRefusal(reason, 'timeout')).toEqual(expected)
  })

  test.each<RefusalReason>(['fallback_stale', 'fallback_replayed'])(
    'about a fallback ticket that was never decided on has its kind as its cause: %s',
    (reason) => {
      const made = makeVerdict({ kind: 'refused', reason, cause: undefined }, {}, 1)
      expect(made).toEqual({ passed: false, degraded: true, reason, cause: 'client_fallback', durationMs: 1 })
    },
  )

  test('has no facts that were not said', () => {
    expect(Object.keys(verified()).sort()).toEqual(['degraded', 'durationMs', 'passed', 'reason'])
  })

  test('does not hold on to the facts object', () => {
    const own = { captchaCode: 1 }
    const made = verified(own)
    own.captchaCode = 26
    expect(made.captchaCode).toBe(1)
  })
})
