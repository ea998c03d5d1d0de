import { describe, expect, test } from '@jest/globals'
import { outcomeOfReply } from '../../lib/admission/outcome.js'
import type { Reply } from '../../lib/tencent/classify-reply.js'
import { availabilityCauses } from '../../lib/types.js'

const facts = { captchaCode: 5, requestId: 'r' }

describe('a reply means for the request that waited for it', () => {
  test.each<[Reply, unknown]>([
    [
      { kind: 'verified', facts },
      { kind: 'verified', facts },
    ],
    [
      { kind: 'refused', reason: 'ticket_invalid', facts },
      { kind: 'refused', reason: 'ticket_invalid', facts },
    ],
    [
      { kind: 'throttled', facts },
      { kind: 'degraded', cause: 'throttled', facts },
    ],
    [
      { kind: 'misconfigured', facts, problem: 'p' },
      { kind: 'degraded', cause: 'misconfigured', facts },
    ],
    [{ kind: 'aborted' }, { kind: 'degraded', cause: 'circuit_open', facts: {} }],
  ])('%j: %j', (reply, outcome) => {
    expect(outcomeOfReply(reply)).toEqual(outcome)
  })

  test.each(availabilityCauses)('%s: degraded, evidence or not', (cause) => {
    for (const isEvidence of [true, false]) {
      expect(outcomeOfReply({ kind: 'unavailable', cause, facts, isEvidence })).toEqual({
        kind: 'degraded',
        cause,
        facts,
      })
    }
  })

  test('a bug: an exception', () => {
    const error = new RangeError('x')
    expect(() => outcomeOfReply({ kind: 'bug', error })).toThrow(error)
  })
})
