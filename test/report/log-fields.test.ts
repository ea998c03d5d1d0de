import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { CaptchaVerdict } from '../../lib/admission/verdict.js'
import {
  decisionFields,
  type LateTrace,
  type LineTrace,
  lateFields,
  ticketHashOf,
} from '../../lib/report/log-fields.js'
import { degradedPass, degradedRefusal, refused, verified } from '../admission/verdicts.js'

const facts = {
  captchaCode: 21,
  captchaMsg: 'quotes the ticket tr03abc*',
  evilLevel: 100,
  score: 99,
  errorCode: 'InternalError',
  requestId: 'r-1',
  clientErrorCode: 1006,
}
const trace: LineTrace = {
  guardId: 'a1b2c3d4',
  ticketHash: '0123456789ab',
  userIp: '203.0.113.0/24',
  clientKnown: true,
  stage: 'resolve',
  rule: 'pass',
  ruleFrom: 'option',
  evidence: 'outage',
  evidenceWhy: 'circuit open: canary_failed',
  purse: 'outage',
  purseUsed: 20,
  purseLimit: 20,
  purseRemaining: 7,
  exhaustedBy: 'client',
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
  req: {},
  clientKey: 'k',
  limitKey: 'key:k',
  ticketKey: 'digest',
  address: { ip: '203.0.113.7' },
}

/** Restated by hand: every name that a line may have beside the event and the app id. */
const allowed = [
  ...['event', 'captchaAppId', 'reason', 'cause', 'passed', 'captchaCode', 'errorCode', 'requestId'],
  ...['clientErrorCode', 'durationMs', 'ticketHash', 'userIp', 'stage', 'rule', 'ruleFrom', 'evidence', 'evidenceWhy'],
  ...['purse', 'purseUsed', 'purseLimit', 'purseRemaining', 'exhaustedBy', 'circuit', 'guardId', 'clientKnown'],
]

describe('the fields of a decision', () => {
  test('are these and no others', () => {
    const made = { ...degradedRefusal('budget_exhausted', 'timeout', facts, 12), ...forbidden }
    const fields = decisionFields('captcha_degraded', 190000001, made, { ...trace, ...forbidden })
    expect(fields).toEqual({
      event: 'captcha_degraded',
      captchaAppId: 190000001,
      reason: 'budget_exhausted',
      cause: 'timeout',
      passed: false,
      captchaCode: 21,
      errorCode: 'InternalError',
      requestId: 'r-1',
      clientErrorCode: 1006,
      durationMs: 12,
      ...trace,
    })
    expect(Object.keys(fields).sort()).toEqual([...allowed].sort())
  })

  test('have no ticket, randstr or secret in any value', () => {
    const made = { ...degradedPass('timeout', facts), ...forbidden }
    const text = JSON.stringify(decisionFields('captcha_degraded', 1, made, { ...trace, ...forbidden }))
    for (const secret of ['tr03abc*', '@abc', '"S"', '203.0.113.7', 'digest']) expect(text).not.toContain(secret)
  })

  test('stay within the list whatever else verdict and trace hold', () => {
    const extras = fc.dictionary(fc.string(), fc.anything())
    fc.assert(
      fc.property(extras, extras, (onVerdict, onTrace) => {
        const made = { ...onVerdict, ...degradedPass('timeout') } as CaptchaVerdict
        const fields = decisionFields('captcha_degraded', 1, made, { ...onTrace, ...trace })
        for (const name of Object.keys(fields)) expect(allowed).toContain(name)
      }),
    )
  })

  test('are left out where they are not known', () => {
    const fields = decisionFields('captcha_refused', 1, refused('ticket_missing'), {
      stage: 'precheck',
      ticketHash: undefined,
      circuit: 'closed',
    })
    expect(Object.keys(fields)).toEqual([
      ...['event', 'captchaAppId', 'reason', 'passed', 'durationMs', 'stage', 'circuit'],
    ])
    expect(fields).toEqual({
      event: 'captcha_refused',
      captchaAppId: 1,
      reason: 'ticket_missing',
      passed: false,
      durationMs: 1,
      stage: 'precheck',
      circuit: 'closed',
    })
  })

  test('name no stage for a verified ticket: the reason says that Tencent decided', () => {
    expect(decisionFields('captcha_verified', 1, verified(), { stage: 'ask', circuit: 'closed' })).toEqual({
      event: 'captcha_verified',
      captchaAppId: 1,
      reason: 'verified',
      passed: true,
      durationMs: 1,
      circuit: 'closed',
    })
  })

  test.each(['precheck', 'ask', 'resolve'] as const)('name the stage that refused: %s', (stage) => {
    const fields = decisionFields('captcha_refused', 1, refused('ticket_reused'), { stage, circuit: 'closed' })
    expect(fields).toMatchObject({ stage })
  })

  test('survive zero: code 0, nothing used, nothing allowed, nothing left', () => {
    const made = refused('rejected', { captchaCode: 0 }, 0)
    const zeros = { purseUsed: 0, purseLimit: 0, purseRemaining: 0 }
    expect(decisionFields('e', 1, made, { stage: 'resolve', ...zeros, circuit: 'closed' })).toMatchObject({
      captchaCode: 0,
      durationMs: 0,
      passed: false,
      ...zeros,
    })
  })
})

test('the hash of a ticket is the first 12 hex digits of its SHA-256', () => {
  expect(ticketHashOf('tr03abc*')).toBe('9a2521665144')
})

describe('the fields of a late verdict', () => {
  const lateTrace: LateTrace = {
    guardId: 'a1b2c3d4',
    ticketHash: '0123456789ab',
    userIp: '203.0.113.0/24',
    purse: 'outage',
    passedAt: '2026-01-01T00:00:00.000Z',
  }

  test('say what Tencent said, and which pass it is about', () => {
    const refusal = { outcome: 'refused', reason: 'ticket_invalid', captchaCode: 15 } as const
    expect(lateFields(1, degradedPass('timeout', facts), refusal, { ...lateTrace, ...forbidden })).toEqual({
      event: 'captcha_late_verdict',
      captchaAppId: 1,
      cause: 'timeout',
      ...refusal,
      ...lateTrace,
    })
  })

  test('are left out where they are not known', () => {
    const unknown = { ...lateTrace, userIp: undefined, purse: undefined }
    expect(Object.keys(lateFields(1, degradedPass('timeout'), { outcome: 'inconclusive' }, unknown))).toEqual([
      ...['event', 'captchaAppId', 'guardId', 'cause', 'outcome', 'ticketHash', 'passedAt'],
    ])
  })
})
