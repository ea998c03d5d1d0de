import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { verdict } from '../../lib/admission/verdict.js'
import { Reporter, verdictChannelName } from '../../lib/report/reporter.js'
import {
  type CaptchaVerdict,
  degradationCauses,
  degradedRefusals,
  inputRefusals,
  type TencentFacts,
} from '../../lib/types.js'
import { ManualClock } from '../support/manual-clock.js'
import { type Line, recordingLogger } from './lines.js'

const req = {} as IncomingMessage
const trace = { circuit: 'closed' } as const

function details(facts: TencentFacts = {}) {
  return { facts, durationMs: 1 }
}

function setUp(mode: 'enforce' | 'observe' = 'enforce') {
  const [clock, logger] = [new ManualClock(), recordingLogger()]
  const reporter = new Reporter({ captchaAppId: 190000001, logger, mode }, clock)
  const tell = (made: CaptchaVerdict) => reporter.verdict(req, made, trace)
  const linesOf = (event: string): Line[] => logger.lines.filter(({ message }) => message === event)
  return { clock, logger, reporter, tell, linesOf }
}

describe('a decision leaves one line', () => {
  test.each<[string, string, CaptchaVerdict]>([
    ['debug', 'captcha_verified', verdict.verified(details())],
    ...inputRefusals.map((reason): [string, string, CaptchaVerdict] => [
      'info',
      'captcha_refused',
      verdict.refused(reason, details()),
    ]),
    ...degradationCauses.map((cause): [string, string, CaptchaVerdict] => [
      'warn',
      'captcha_degraded',
      verdict.degradedPass(cause, details()),
    ]),
    ...degradedRefusals.map((reason): [string, string, CaptchaVerdict] => [
      'warn',
      'captcha_degraded',
      verdict.degradedRefusal(reason, 'timeout', details()),
    ]),
  ])('at %s, %s: %j', (level, event, made) => {
    const { tell, logger } = setUp()
    tell(made)
    const [line, ...others] = logger.lines
    expect(line).toMatchObject({
      level,
      message: event,
      fields: { event, reason: made.reason, captchaAppId: 190000001 },
    })
    expect(others.map(({ message }) => message)).toEqual(
      made.cause === 'misconfigured' ? ['captcha_misconfigured'] : [],
    )
  })

  test('at debug where a missing ticket is only observed', () => {
    const { tell, logger } = setUp('observe')
    tell(verdict.refused('ticket_missing', details()))
    tell(verdict.refused('ticket_malformed', details()))
    expect(logger.lines.map(({ level }) => level)).toEqual(['debug', 'info'])
  })

  test('in the request’s own log, where there is one', () => {
    const reqLog = recordingLogger()
    const reporter = new Reporter({ captchaAppId: 1, logger: undefined, mode: 'enforce' }, new ManualClock())
    reporter.verdict({ log: reqLog } as unknown as IncomingMessage, verdict.verified(details()), trace)
    expect(reqLog.lines).toHaveLength(1)
  })
})

describe('under a flood', () => {
  test('refusals are sampled and counters stay exact', async () => {
    const { tell, linesOf, reporter, clock } = setUp()
    for (let i = 0; i < 5000; i++) tell(verdict.refused('ticket_invalid', details()))
    expect(linesOf('captcha_refused')).toHaveLength(200)
    expect(reporter.counters).toMatchObject({ ticket_invalid: 5000, verified: 0 })
    await clock.advance(1000)
    tell(verdict.refused('ticket_invalid', details()))
    expect(linesOf('captcha_refused').at(-1)?.fields).toMatchObject({ suppressed: 4800 })
  })

  test('degraded passes are never sampled: each leaves its line', () => {
    const { tell, linesOf, reporter } = setUp()
    for (let i = 0; i < 1000; i++) {
      tell(verdict.degradedRefusal('budget_exhausted', 'timeout', details()))
      tell(verdict.degradedPass('timeout', details()))
    }
    const lines = linesOf('captcha_degraded')
    expect(lines.filter(({ fields }) => fields.passed === true)).toHaveLength(1000)
    expect(lines.filter(({ fields }) => fields.passed === false)).toHaveLength(200)
    expect(reporter.counters).toMatchObject({ timeout: 1000, budget_exhausted: 1000 })
  })
})

describe('captcha_misconfigured', () => {
  const misconfigured = verdict.degradedRefusal(
    'misconfigured',
    'misconfigured',
    details({ errorCode: 'AuthFailure.X', requestId: 'r' }),
  )

  test('is an error line with what to check', () => {
    const { tell, linesOf } = setUp()
    tell(misconfigured)
    expect(linesOf('captcha_misconfigured')).toEqual([
      {
        level: 'error',
        message: 'captcha_misconfigured',
        fields: {
          event: 'captcha_misconfigured',
          captchaAppId: 190000001,
          errorCode: 'AuthFailure.X',
          requestId: 'r',
          hint: 'Check the credential, its permissions, the package and the bill.',
        },
      },
    ])
  })

  test('comes at most once a minute, passed or not', async () => {
    const { tell, linesOf, clock } = setUp()
    const count = () => linesOf('captcha_misconfigured').length
    tell(misconfigured)
    tell(verdict.degradedPass('misconfigured', details()))
    await clock.advance(59_999)
    tell(misconfigured)
    expect(count()).toBe(1)
    await clock.advance(1)
    tell(misconfigured)
    tell(misconfigured)
    expect(count()).toBe(2)
  })

  test.each([15, 16, 100])('comes when each of the first five tickets is answered with %i', (captchaCode) => {
    const { tell, linesOf } = setUp()
    for (let i = 0; i < 4; i++) tell(verdict.refused('app_mismatch', details({ captchaCode })))
    expect(linesOf('captcha_misconfigured')).toEqual([])
    tell(verdict.refused('app_mismatch', details({ captchaCode })))
    expect(linesOf('captcha_misconfigured')).toMatchObject([
      {
        level: 'error',
        fields: { captchaCode, hint: expect.stringContaining('Do captchaAppId and appSecretKey belong together') },
      },
    ])
  })

  test.each([1, 7, 8, 9, 21])('does not come when one of the first five was answered with %i', (captchaCode) => {
    const { tell, linesOf } = setUp()
    for (const code of [15, 16, captchaCode, 100, 15, 15, 15, 15, 15])
      tell(verdict.refused('rejected', details({ captchaCode: code })))
    expect(linesOf('captcha_misconfigured')).toEqual([])
  })

  test('counts only tickets that Tencent answered', () => {
    const { tell, linesOf } = setUp()
    for (let i = 0; i < 10; i++) tell(verdict.refused('ticket_missing', details()))
    for (let i = 0; i < 5; i++) tell(verdict.refused('ticket_invalid', details({ captchaCode: 15 })))
    expect(linesOf('captcha_misconfigured')).toHaveLength(1)
  })
})

describe('a canary that cannot fly', () => {
  test('for want of keys is misconfigured, and says what failed', () => {
    const { reporter, linesOf } = setUp()
    reporter.canary({ kind: 'misconfigured', facts: {}, problem: 'getCredential() rejected' })
    expect(linesOf('captcha_misconfigured')).toMatchObject([
      { level: 'error', fields: { hint: 'getCredential() rejected' } },
    ])
  })

  test('for a bug is misconfigured, and quotes nothing of the error', () => {
    const { reporter, linesOf } = setUp()
    reporter.canary({ kind: 'bug', error: new RangeError('KEY-hidden') })
    expect(linesOf('captcha_misconfigured')).toMatchObject([{ fields: { hint: 'the canary failed with RangeError' } }])
    expect(JSON.stringify(linesOf('captcha_misconfigured'))).not.toContain('KEY-hidden')
  })

  test('because Tencent is down is no line of its own', () => {
    const { reporter, logger } = setUp()
    reporter.canary({ kind: 'unavailable', cause: 'timeout', facts: {}, isEvidence: true })
    reporter.canary({ kind: 'refused', reason: 'risk_rejected', facts: { captchaCode: 21 } })
    expect(logger.lines).toEqual([])
  })
})

describe('other lines', () => {
  test('an override is a warning that says who, why and until when', () => {
    const { reporter, logger } = setUp()
    reporter.override({ mode: 'pass', by: 'ops', untilMs: Date.UTC(2026, 0, 1) }, 'set')
    reporter.override({ mode: 'none', by: '', untilMs: Number.POSITIVE_INFINITY }, 'expired')
    expect(logger.lines).toMatchObject([
      {
        level: 'warn',
        message: 'captcha_override',
        fields: { event: 'captcha_override', mode: 'pass', by: 'ops', why: 'set', until: '2026-01-01T00:00:00.000Z' },
      },
      { level: 'warn', message: 'captcha_override', fields: { mode: 'none', why: 'expired' } },
    ])
    expect(logger.lines[1]?.fields).not.toHaveProperty('until')
  })

  test('a late verdict is information, a refused one a warning; neither has the ticket', () => {
    const { reporter, logger } = setUp()
    const passed = verdict.degradedPass('timeout', details())
    reporter.late(passed, { outcome: 'genuine', captchaCode: 1 }, '0123456789ab')
    reporter.late(passed, { outcome: 'refused', reason: 'ticket_invalid', captchaCode: 15 }, '0123456789ab')
    reporter.late(passed, { outcome: 'inconclusive' }, undefined)
    expect(logger.lines.map(({ level, fields }) => [level, fields.outcome, fields.ticketHash])).toEqual([
      ['info', 'genuine', '0123456789ab'],
      ['warn', 'refused', '0123456789ab'],
      ['info', 'inconclusive', undefined],
    ])
    expect(logger.lines[0]?.fields).toEqual({
      event: 'captcha_late_verdict',
      captchaAppId: 190000001,
      cause: 'timeout',
      outcome: 'genuine',
      captchaCode: 1,
      ticketHash: '0123456789ab',
    })
  })

  test('are silent without a logger', () => {
    const reporter = new Reporter({ captchaAppId: 1, logger: false, mode: 'enforce' }, new ManualClock())
    expect(reporter.isSilent).toBe(true)
    reporter.verdict(req, verdict.verified(details()), trace)
    expect(reporter.counters.verified).toBe(1)
  })

  test('that the logger throws over change nothing', () => {
    const fail = () => {
      throw new Error('disk full')
    }
    const logger = { debug: fail, info: fail, warn: fail, error: fail }
    const reporter = new Reporter({ captchaAppId: 1, logger, mode: 'enforce' }, new ManualClock())
    reporter.verdict(req, verdict.degradedPass('misconfigured', details()), trace)
    reporter.hint(req, 'captcha_proxy_hint', {})
    reporter.event('error', 'captcha_store_down', {})
    expect(reporter.counters.misconfigured).toBe(1)
  })
})

describe('the diagnostics channel', () => {
  test('is told every verdict', () => {
    const heard: unknown[] = []
    const listen = (message: unknown) => heard.push(message)
    subscribe(verdictChannelName, listen)
    try {
      const made = verdict.verified(details())
      setUp().tell(made)
      expect(heard).toEqual([{ verdict: made, captchaAppId: 190000001 }])
    } finally {
      unsubscribe(verdictChannelName, listen)
    }
  })
})
