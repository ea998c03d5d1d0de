import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { degraded } from '../../lib/admission/outcome.js'
import type { CaptchaVerdict } from '../../lib/admission/verdict.js'
import type { LineTrace } from '../../lib/report/log-fields.js'
import { Reporter } from '../../lib/report/reporter.js'
import {
  causes,
  degradedPass,
  degradedRefusal,
  degradedRefusals,
  inputRefusals,
  refused,
  verified,
} from '../admission/verdicts.js'
import { ManualClock } from '../support/manual-clock.js'
import { type Line, loggerThat, recordingLogger, unhandledRejectionsDuring } from './lines.js'

const req = {} as IncomingMessage
const trace = (): LineTrace => ({ stage: 'resolve', circuit: 'closed' })

function setUp(mode: 'enforce' | 'observe' = 'enforce') {
  const [clock, logger] = [new ManualClock(), recordingLogger()]
  const reporter = new Reporter({ captchaAppId: 190000001, logger, mode }, clock)
  const tell = (made: CaptchaVerdict) => reporter.verdict(req, made, trace)
  const linesOf = (event: string): Line[] => logger.lines.filter(({ message }) => message === event)
  return { clock, logger, reporter, tell, linesOf }
}

describe('a decision leaves one line', () => {
  test.each<[string, string, CaptchaVerdict]>([
    ['debug', 'captcha_verified', verified()],
    ...inputRefusals.map((reason): [string, string, CaptchaVerdict] => ['info', 'captcha_refused', refused(reason)]),
    ...causes.map((cause): [string, string, CaptchaVerdict] => ['warn', 'captcha_degraded', degradedPass(cause)]),
    ...degradedRefusals.map((reason): [string, string, CaptchaVerdict] => [
      'warn',
      'captcha_degraded',
      degradedRefusal(reason, 'timeout'),
    ]),
  ])('at %s, with the event %s, for the verdict %j', (level, event, made) => {
    const { tell, logger } = setUp()
    tell(made)
    const [line, ...others] = logger.lines
    expect(line).toMatchObject({
      level,
      message: event,
      fields: { event, reason: made.reason, captchaAppId: 190000001, circuit: 'closed' },
    })
    expect(others.map(({ message }) => message)).toEqual(
      ['misconfigured', 'credential_unavailable'].includes(made.cause ?? '') ? ['captcha_misconfigured'] : [],
    )
  })

  test('at debug where a missing ticket is only observed', () => {
    const { tell, logger } = setUp('observe')
    tell(refused('ticket_missing'))
    tell(refused('ticket_malformed'))
    expect(logger.lines.map(({ level }) => level)).toEqual(['debug', 'info'])
  })

  test('in the request’s own log, where there is one', () => {
    const reqLog = recordingLogger()
    const reporter = new Reporter({ captchaAppId: 1, logger: undefined, mode: 'enforce' }, new ManualClock())
    reporter.verdict({ log: reqLog } as unknown as IncomingMessage, verified(), trace)
    expect(reqLog.lines).toHaveLength(1)
  })
})

describe('the trace of a decision', () => {
  test('is in its line', () => {
    const { reporter, logger } = setUp()
    const whole: LineTrace = {
      guardId: 'a1b2c3d4',
      ticketHash: '0123456789ab',
      userIp: '203.0.113.0/24',
      clientKnown: false,
      stage: 'resolve',
      rule: 'pass',
      ruleFrom: 'function',
      evidence: 'none',
      evidenceWhy: 'the API answers',
      purse: 'doubt',
      purseUsed: 3,
      purseLimit: 3,
      purseRemaining: 7,
      exhaustedBy: 'client',
      circuit: 'suspect',
    }
    reporter.verdict(req, degradedRefusal('budget_exhausted', 'timeout'), () => whole)
    expect(logger.lines).toMatchObject([{ message: 'captcha_degraded', fields: whole }])
  })

  test('is not put together for a line that the logger leaves out', () => {
    const logger = { ...recordingLogger(), isLevelEnabled: (level: string) => level !== 'debug' }
    const reporter = new Reporter({ captchaAppId: 1, logger, mode: 'enforce' }, new ManualClock())
    const traced: string[] = []
    const tell = (made: CaptchaVerdict) =>
      reporter.verdict(req, made, () => {
        traced.push(made.reason)
        return trace()
      })
    tell(verified())
    tell(refused('ticket_reused'))
    expect(traced).toEqual(['ticket_reused'])
    expect(logger.lines.map(({ message }) => message)).toEqual(['captcha_refused'])
    expect(reporter.counters).toMatchObject({ verified: 1, ticket_reused: 1 })
  })
})

describe('under a flood', () => {
  test('refusals are sampled and counters stay exact', async () => {
    const { tell, linesOf, reporter, clock } = setUp()
    for (let i = 0; i < 5000; i++) tell(refused('ticket_invalid'))
    expect(linesOf('captcha_refused')).toHaveLength(200)
    expect(reporter.counters).toMatchObject({ ticket_invalid: 5000, verified: 0 })
    await clock.advance(1000)
    tell(refused('ticket_invalid'))
    expect(linesOf('captcha_refused').at(-1)?.fields).toMatchObject({
      suppressed: 4800,
      suppressedByReason: { ticket_invalid: 4800 },
    })
  })

  test('degraded passes are never sampled: each leaves its line', () => {
    const { tell, linesOf, reporter } = setUp()
    for (let i = 0; i < 1000; i++) {
      tell(degradedRefusal('budget_exhausted', 'timeout'))
      tell(degradedPass('timeout'))
    }
    const lines = linesOf('captcha_degraded')
    expect(lines.filter(({ fields }) => fields.passed === true)).toHaveLength(1000)
    expect(lines.filter(({ fields }) => fields.passed === false)).toHaveLength(200)
    expect(reporter.counters).toMatchObject({ timeout: 1000, budget_exhausted: 1000 })
  })
})

describe('captcha_misconfigured', () => {
  const misconfigured = degradedRefusal('misconfigured', 'misconfigured', {
    errorCode: 'AuthFailure.X',
    requestId: 'r',
  })

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
    tell(degradedPass('misconfigured'))
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
    for (let i = 0; i < 4; i++) tell(refused('app_mismatch', { captchaCode }))
    expect(linesOf('captcha_misconfigured')).toEqual([])
    tell(refused('app_mismatch', { captchaCode }))
    expect(linesOf('captcha_misconfigured')).toMatchObject([
      {
        level: 'error',
        fields: { captchaCode, hint: expect.stringContaining('Do captchaAppId and appSecretKey belong together') },
      },
    ])
  })

  test.each([1, 7, 8, 9, 21])('does not come when one of the first five was answered with %i', (captchaCode) => {
    const { tell, linesOf } = setUp()
    for (const code of [15, 16, captchaCode, 100, 15, 15, 15, 15, 15]) tell(refused('rejected', { captchaCode: code }))
    expect(linesOf('captcha_misconfigured')).toEqual([])
  })

  test('counts only tickets that Tencent answered', () => {
    const { tell, linesOf } = setUp()
    for (let i = 0; i < 10; i++) tell(refused('ticket_missing'))
    for (let i = 0; i < 5; i++) tell(refused('ticket_invalid', { captchaCode: 15 }))
    expect(linesOf('captcha_misconfigured')).toHaveLength(1)
  })
})

describe('a canary that could not be sent', () => {
  test('for want of keys is misconfigured, and says what failed', () => {
    const { reporter, linesOf } = setUp()
    reporter.canary(
      degraded('misconfigured', { problem: 'getCredential() rejected', wasSent: false, isEvidence: false }),
    )
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

  test('differs from one that Tencent failed, which has no line of its own', () => {
    const { reporter, logger } = setUp()
    for (const cause of causes) if (cause !== 'misconfigured') reporter.canary(degraded(cause))
    reporter.canary({ kind: 'refused', reason: 'risk_rejected', facts: { captchaCode: 21 } })
    expect(logger.lines).toEqual([])
  })
})

describe('a provider of keys that fails', () => {
  test('is an error that says what failed, at most once a minute', async () => {
    const { reporter, linesOf, clock } = setUp()
    for (let second = 0; second < 90; second++) {
      reporter.credential('getCredential() rejected')
      await clock.advance(1000)
    }
    const line = { level: 'error', fields: { hint: 'The provider of the credential fails: getCredential() rejected.' } }
    expect(linesOf('captcha_misconfigured')).toMatchObject([line, line])
  })
})

describe('other lines', () => {
  test('an override is a warning that says who, why and until when', () => {
    const { reporter, logger } = setUp()
    reporter.override({ mode: 'pass', by: 'ops', leftMs: 60_000 }, 'set')
    reporter.override({ mode: 'none', by: '', leftMs: Number.POSITIVE_INFINITY }, 'expired')
    expect(logger.lines).toMatchObject([
      {
        level: 'warn',
        message: 'captcha_override',
        fields: { event: 'captcha_override', mode: 'pass', by: 'ops', why: 'set', until: '2026-01-01T00:01:00.000Z' },
      },
      { level: 'warn', message: 'captcha_override', fields: { mode: 'none', why: 'expired' } },
    ])
    expect(logger.lines[1]?.fields).not.toHaveProperty('until')
  })

  test('a late verdict is information, a refused one a warning', () => {
    const { reporter, logger } = setUp()
    const fields = { event: 'captcha_late_verdict' }
    reporter.late({ outcome: 'genuine', captchaCode: 1 }, fields)
    reporter.late({ outcome: 'refused', reason: 'ticket_invalid', captchaCode: 15 }, fields)
    reporter.late({ outcome: 'inconclusive' }, fields)
    const line = { message: 'captcha_late_verdict', fields }
    expect(logger.lines).toEqual([
      { level: 'info', ...line },
      { level: 'warn', ...line },
      { level: 'info', ...line },
    ])
  })

  test('are silent without a logger', () => {
    const reporter = new Reporter({ captchaAppId: 1, logger: false, mode: 'enforce' }, new ManualClock())
    expect(reporter.isSilent).toBe(true)
    reporter.verdict(req, verified(), trace)
    expect(reporter.counters.verified).toBe(1)
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('disk full')
      },
    ],
  ])('that the logger %s over change nothing, and end no process', async (_, act) => {
    const reporter = new Reporter({ captchaAppId: 1, logger: loggerThat(act), mode: 'enforce' }, new ManualClock())
    const unhandled = await unhandledRejectionsDuring(() => {
      reporter.verdict(req, verified(), trace)
      reporter.verdict(req, refused('ticket_missing'), trace)
      reporter.verdict(req, degradedPass('misconfigured'), trace)
      reporter.hint(req, 'captcha_proxy_hint', {})
      reporter.event('error', 'captcha_store_down', {})
      reporter.override({ mode: 'none', by: '', leftMs: Number.POSITIVE_INFINITY }, 'set')
      reporter.late({ outcome: 'inconclusive' }, {})
      reporter.canary(degraded('misconfigured'))
    })
    expect(unhandled).toEqual([])
    expect(reporter.counters).toMatchObject({ verified: 1, ticket_missing: 1, misconfigured: 1 })
  })
})
