import { describe, expect, test } from '@jest/globals'
import { verdict } from '../../lib/admission/verdict.js'
import { degradationCauses, degradedRefusals, inputRefusals } from '../../lib/types.js'

const facts = {
  captchaCode: 1,
  captchaMsg: 'OK',
  evilLevel: 0,
  score: 3,
  errorCode: 'X',
  requestId: 'r',
  clientErrorCode: 1001,
}
const details = { facts, durationMs: 12 }

const notDegraded = [verdict.verified(details), ...inputRefusals.map((reason) => verdict.refused(reason, details))]
const degraded = [
  ...degradationCauses.map((cause) => verdict.degradedPass(cause, details)),
  ...degradedRefusals.flatMap((reason) =>
    degradationCauses.map((cause) => verdict.degradedRefusal(reason, cause, details)),
  ),
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
    expect(verdict.verified(details)).toMatchObject({ passed: true, degraded: false, reason: 'verified' })
  })

  test.each(degradationCauses)('that passed degraded has its cause as its reason: %s', (cause) => {
    expect(verdict.degradedPass(cause, details)).toMatchObject({ passed: true, degraded: true, reason: cause, cause })
  })

  test.each(inputRefusals)('that was refused for its input says so: %s', (reason) => {
    expect(verdict.refused(reason, details)).toMatchObject({ passed: false, degraded: false, reason })
  })

  test.each(degradedRefusals)('that was refused degraded keeps its cause: %s', (reason) => {
    const made = verdict.degradedRefusal(reason, 'timeout', details)
    expect(made).toMatchObject({ passed: false, degraded: true, reason, cause: 'timeout' })
  })

  test('has no facts that nobody said', () => {
    const made = verdict.verified({ facts: {}, durationMs: 0 })
    expect(Object.keys(made).sort()).toEqual(['degraded', 'durationMs', 'passed', 'reason'])
  })

  test('does not hold on to the facts object', () => {
    const own = { captchaCode: 1 }
    const made = verdict.verified({ facts: own, durationMs: 0 })
    own.captchaCode = 26
    expect(made.captchaCode).toBe(1)
  })
})
