import { expect } from '@jest/globals'
import fc from 'fast-check'
import { causeTable } from '../../lib/admission/cause-table.js'
import { canaryReport, circuitReport, type Outcome } from '../../lib/admission/outcome.js'
import { classifyReply } from '../../lib/tencent/classify-reply.js'
import { sdkFailure } from '../../lib/tencent/sdk-client-sender.js'
import { fuzz } from './fuzz-cases.js'
import { hostileText, hostileValue } from './hostile-values.js'
import { isVerification, isVerificationBody, responseObject, thrownBySdk, wireBody } from './tencent-answers.js'

const channel = fc.constantFrom('web' as const, 'mini_program' as const)

/** One meaning, of known parts; what the circuit learns follows from it. */
function expectSound(reply: Outcome, isVerified: boolean): void {
  expect(reply.kind === 'verified').toBe(isVerified)
  expect(circuitReport(reply) === 'success').toBe(isVerified || isSuccess(reply))
  expect(['healthy', 'failed', 'unknown']).toContain(canaryReport(reply))
  if (reply.kind === 'degraded') expect(Object.keys(causeTable)).toContain(reply.cause)
  if (!('facts' in reply)) return
  for (const [name, fact] of Object.entries(reply.facts)) {
    expect(['string', 'number']).toContain(typeof fact)
    if (typeof fact === 'number') expect([name, Number.isNaN(fact)]).toEqual([name, false])
  }
}

/** Code 1 with `EvilLevel` 100: the API answered, and refused the user. */
function isSuccess(reply: Outcome): boolean {
  return reply.kind === 'refused' && reply.reason === 'risk_rejected' && reply.facts.captchaCode === 1
}

const replies = fc.record({
  channel,
  status: fc.oneof(
    { weight: 5, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.constantFrom(0, 100, 204, 302, 403, 500, 999) },
  ),
  contentType: fc.oneof(
    fc.constantFrom('application/json', '', 'text/event-stream', 'TEXT/EVENT-STREAM; x'),
    hostileText,
  ),
  body: wireBody,
})

fuzz(
  'replies',
  'whatever bytes come back, only a whole 200 with code 1 and no malicious level verifies',
  replies,
  (one) => {
    const reply = classifyReply({ kind: 'response', ...one }, one.channel)
    const isJson = one.status === 200 && !/^text\/event-stream\b/i.test(one.contentType)
    expectSound(reply, isJson && isVerificationBody(one.body))
    if (one.status !== 200) expect(reply).toMatchObject({ kind: 'degraded', cause: 'http_error' })
  },
)

const results = fc.record({
  channel,
  response: responseObject,
  thrown: fc.oneof(thrownBySdk, hostileValue),
  throws: fc.boolean(),
})

fuzz(
  'SDK results',
  'whatever an SDK client resolves to or throws has one meaning',
  results,
  ({ channel, response, thrown, throws }) => {
    if (!throws)
      return expectSound(classifyReply({ kind: 'sdk_result', result: response }, channel), isVerification(response))
    const reply = classifyReply(sdkFailure(thrown), channel)
    expectSound(reply, false)
    // What is no error of the SDK's, of Node's or of `fetch` is a bug: it is thrown on and passes no request.
    if (!(thrown instanceof Error)) expect(reply.kind).toBe('bug')
  },
)
