import { describe, expect, test } from '@jest/globals'
import { verdict } from '../../lib/admission/verdict.js'
import { type DecisionTrace, decisionFields } from '../../lib/report/log-fields.js'

const facts = {
  captchaCode: 21,
  captchaMsg: 'quotes the ticket tr03abc*',
  evilLevel: 100,
  score: 99,
  errorCode: 'InternalError',
  requestId: 'r-1',
  clientErrorCode: 1006,
}
const trace: DecisionTrace = {
  ticketHash: '0123456789ab',
  userIp: '203.0.113.0/24',
  evidence: 'outage',
  purse: 'outage',
  purseRemaining: 7,
  circuit: 'open',
}
/** Things that must not come into a line, wherever a caller of this function might leave them. */
const forbidden = {
  ticket: 'tr03abc*',
  randstr: '@abc',
  appSecretKey: 'S',
  credential: {},
  body: {},
  request: {},
  clientKey: 'k',
}

describe('the fields of a decision', () => {
  test('are these and no others', () => {
    const made = { ...verdict.degradedPass('timeout', { facts, durationMs: 12 }), ...forbidden }
    expect(decisionFields('captcha_degraded', 190000001, made, { ...trace, ...forbidden })).toEqual({
      event: 'captcha_degraded',
      captchaAppId: 190000001,
      reason: 'timeout',
      cause: 'timeout',
      passed: true,
      captchaCode: 21,
      errorCode: 'InternalError',
      requestId: 'r-1',
      clientErrorCode: 1006,
      durationMs: 12,
      ...trace,
    })
  })

  test('are left out where nobody knows them', () => {
    const fields = decisionFields('captcha_verified', 1, verdict.verified({ facts: {}, durationMs: 0 }), {
      circuit: 'closed',
    })
    expect(fields).toEqual({
      event: 'captcha_verified',
      captchaAppId: 1,
      reason: 'verified',
      passed: true,
      durationMs: 0,
      circuit: 'closed',
    })
  })

  test('survive zero: code 0, nothing left in the purse', () => {
    const made = verdict.refused('rejected', { facts: { captchaCode: 0 }, durationMs: 0 })
    expect(decisionFields('e', 1, made, { purseRemaining: 0, circuit: 'closed' })).toMatchObject({
      captchaCode: 0,
      purseRemaining: 0,
      passed: false,
    })
  })
})
