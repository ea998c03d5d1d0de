import { expect, test } from '@jest/globals'
import { callReport } from '../../lib/admission/call-report.js'
import type { CallReport } from '../../lib/site/circuit.js'
import { availabilityFailures, replies } from '../site/replies.js'

test.each<[keyof typeof replies, CallReport]>([
  ['code 1', 'success'],
  ['code 1, EvilLevel 100', 'success'],
  ['code 7', 'neutral'],
  ['code 8', 'neutral'],
  ['code 9', 'neutral'],
  ['code 15', 'neutral'],
  ['code 16', 'neutral'],
  ['code 21', 'neutral'],
  ['code 4711', 'neutral'],
  ['InvalidParameter', 'neutral'],
  ['RequestLimitExceeded', 'throttled'],
  ['AuthFailure.SecretIdNotFound', 'neutral'],
  ['no credential', 'neutral'],
  ['aborted', 'neutral'],
  ['bug', 'neutral'],
  ['timeout, event loop blocked', 'neutral'],
])('%s is to the circuit a %s', (name, report) => {
  expect(callReport(replies[name])).toBe(report)
})

test('what is missing for want of Tencent is a failure, and a deadline one without an answer', () => {
  expect(availabilityFailures.map((reply) => [reply.cause, callReport(reply)])).toEqual([
    ['timeout', 'unanswered'],
    ['unreachable', 'failure'],
    ['http_error', 'failure'],
    ['bad_response', 'failure'],
    ['internal_error', 'failure'],
    ['system_busy', 'failure'],
  ])
})
