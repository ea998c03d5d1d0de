import { describe, expect, test } from '@jest/globals'
import type { CaptchaChannel, CaptchaReason, DegradationCause } from '../../lib/index.js'
import type { ApiFault, ApiFaultName, MintTicketOptions } from '../../lib/simulator/index.js'
import { startHeldFlow } from './held-api.js'
import { expressVersions, type Reply, startFlow, until } from './support.js'

/** What a reply of Tencent must come to, as an application and a caller see it. */
interface Row {
  readonly passed: boolean
  readonly degraded: boolean
  readonly reason: CaptchaReason
  readonly cause?: DegradationCause
  readonly status: number
  readonly code?: string
  readonly retryAfter: boolean
}

const verified: Row = { passed: true, degraded: false, reason: 'verified', status: 200, retryAfter: false }

function degradedPass(cause: DegradationCause): Row {
  return { passed: true, degraded: true, reason: cause, cause, status: 200, retryAfter: false }
}

function refused(reason: CaptchaReason, code = 'captcha_invalid'): Row {
  return { passed: false, degraded: false, reason, status: 403, code, retryAfter: false }
}

const misconfigured: Row = {
  passed: false,
  degraded: true,
  reason: 'misconfigured',
  cause: 'misconfigured',
  status: 503,
  code: 'captcha_unavailable',
  retryAfter: false,
}

function rowOf({ captcha, status, body, headers }: Reply): Row {
  if (captcha === undefined) throw new Error('no req.captcha')
  const { passed, degraded, reason, cause } = captcha
  const retryAfter = headers['retry-after'] !== undefined
  return {
    passed,
    degraded,
    reason,
    ...(cause !== undefined && { cause }),
    status,
    ...(typeof body.code === 'string' && { code: body.code }),
    retryAfter,
  }
}

const faultRows = {
  hang: degradedPass('timeout'),
  hang_body: degradedPass('timeout'),
  slow: degradedPass('timeout'),
  reset: degradedPass('unreachable'),
  refuse: degradedPass('unreachable'),
  cut_body: degradedPass('unreachable'),
  http_500_html: degradedPass('http_error'),
  http_502_html: degradedPass('http_error'),
  http_503_html: degradedPass('http_error'),
  http_500_json: degradedPass('http_error'),
  http_502_json: degradedPass('http_error'),
  http_503_json: degradedPass('http_error'),
  redirect: degradedPass('http_error'),
  truncated_json: degradedPass('bad_response'),
  not_json: degradedPass('bad_response'),
  empty_object: degradedPass('bad_response'),
  null_response: degradedPass('bad_response'),
  string_code: degradedPass('bad_response'),
  event_stream: degradedPass('bad_response'),
  oversized: degradedPass('bad_response'),
  internal_error: degradedPass('internal_error'),
  internal_server_error: degradedPass('internal_error'),
  system_busy: degradedPass('system_busy'),
  request_limit_exceeded: degradedPass('throttled'),
  auth_failure: misconfigured,
  unauthorized_operation: misconfigured,
} satisfies Record<ApiFaultName, Row>

const apiErrorRows: ReadonlyArray<readonly [string, Row]> = [
  ['InternalError.CaptchaBackend', degradedPass('internal_error')],
  ['ServiceUnavailable', degradedPass('internal_error')],
  ['ResourceUnavailable', degradedPass('internal_error')],
  ['RequestLimitExceeded.UinLimitExceeded', degradedPass('throttled')],
  ['LimitExceeded', degradedPass('throttled')],
  ['AuthFailure.SecretIdNotFound', misconfigured],
  ['AuthFailure.SignatureExpire', misconfigured],
  ['UnauthorizedOperation', misconfigured],
  ['InvalidAction', misconfigured],
  ['NoSuchVersion', misconfigured],
  ['MissingParameter', refused('rejected')],
  ['InvalidParameter', refused('rejected')],
  ['InvalidParameterValue.UserIp', refused('rejected')],
  ['UnknownParameter', refused('rejected')],
  ['InternalErrorOfMyOwn', refused('rejected')],
  ['Whatever.Nobody.Knows', refused('rejected')],
]

const codeRows: Readonly<Record<CaptchaChannel, ReadonlyArray<readonly [number, Row]>>> = {
  web: [
    [1, verified],
    [6, refused('rejected')],
    [7, refused('randstr_mismatch')],
    [8, refused('ticket_expired', 'captcha_expired')],
    [9, refused('ticket_reused', 'captcha_expired')],
    [10, refused('rejected')],
    [11, refused('rejected')],
    [12, refused('rejected')],
    [13, refused('rejected')],
    [15, refused('ticket_invalid')],
    [16, refused('app_mismatch')],
    [17, refused('rejected')],
    [18, refused('rejected')],
    [19, refused('rejected')],
    [20, refused('rejected')],
    [21, refused('risk_rejected')],
    [22, refused('rejected')],
    [23, refused('rejected')],
    [24, refused('rejected')],
    [25, refused('rejected')],
    [26, degradedPass('system_busy')],
    [31, refused('rejected')],
    [100, refused('app_mismatch')],
    [104, refused('rejected')],
    [0, refused('rejected')],
    [-1, refused('rejected')],
    [424242, refused('rejected')],
  ],
  mini_program: [
    [1, verified],
    [7, refused('app_mismatch')],
    [8, refused('ticket_expired', 'captcha_expired')],
    [9, refused('ticket_reused', 'captcha_expired')],
    [10, refused('ticket_invalid')],
    [15, refused('ticket_invalid')],
    [16, refused('app_mismatch')],
    [21, refused('risk_rejected')],
    [25, refused('ticket_invalid')],
    [26, degradedPass('system_busy')],
    [31, misconfigured],
    [100, refused('app_mismatch')],
    [0, refused('rejected')],
    [424242, refused('rejected')],
  ],
}

const ticketRows: ReadonlyArray<readonly [string, MintTicketOptions, Row]> = [
  ['a fresh ticket', {}, verified],
  ['an expired ticket', { ageMs: 300_000 }, refused('ticket_expired', 'captcha_expired')],
  ['a ticket for another app', { captchaAppId: 190000099 }, refused('app_mismatch')],
  ['a mini-program ticket', { channel: 'mini_program' }, refused('ticket_invalid')],
  ['a malicious visitor', { evilLevel: 100 }, refused('risk_rejected')],
  ['a suspicious visitor', { evilLevel: 99, score: 100 }, verified],
]

describe.each(expressVersions)('on %s', (_name, express) => {
  async function rowForFault(fault: ApiFault): Promise<Row> {
    // So short that no canary fails before.
    const flow = await startFlow({ express, options: { timeoutMs: 150 } })
    flow.simulator.setFault(fault)
    const reply = await flow.turnFor(flow.send(flow.mint()))
    expect(flow.simulator.redirectHits).toBe(0)
    return rowOf(reply)
  }

  test.each(Object.entries(faultRows) as [ApiFaultName, Row][])(
    'the fault %s has the outcome of its row',
    async (fault, row) => {
      expect(await rowForFault(fault)).toEqual(row)
    },
  )

  test('a slow answer within the deadline is an answer', async () => {
    const flow = await startHeldFlow({ express, options: { timeoutMs: 2000 } })
    const answer = flow.send(flow.mint())
    await until(() => flow.asked === 1)
    await flow.turn(1900)
    flow.letGo()
    expect(rowOf(await answer)).toEqual(verified)
  })

  test.each(apiErrorRows)('the API error %j has the outcome of its row', async (code, row) => {
    expect(await rowForFault({ kind: 'api_error', code })).toEqual(row)
  })

  describe.each(['web', 'mini_program'] as const)('channel %s', (channel) => {
    test.each(codeRows[channel])('CaptchaCode %i has the outcome of its row', async (code, row) => {
      const flow = await startFlow({ express, options: { channel } })
      const { ticket, randstr } = flow.mint({ channel, code })
      const reply = await flow.send(channel === 'web' ? { ticket, randstr } : { ticket })
      expect(rowOf(reply)).toEqual(row)
      expect(reply.captcha).toMatchObject({ captchaCode: code, captchaMsg: expect.any(String) })
    })
  })

  test.each(ticketRows)('%s has the outcome of its row', async (_what, mint, row) => {
    const flow = await startFlow({ express })
    expect(rowOf(await flow.send(flow.mint(mint)))).toEqual(row)
  })

  test('a ticket with the randstr of another is refused', async () => {
    const flow = await startFlow({ express })
    const token = { ...flow.mint(), randstr: flow.mint().randstr }
    expect(rowOf(await flow.send(token))).toEqual(refused('randstr_mismatch'))
  })

  test('everything that Tencent said is on a frozen req.captcha', async () => {
    const flow = await startFlow({ express })
    const { captcha } = await flow.send(flow.mint({ evilLevel: 7, score: 42 }))
    expect(captcha).toEqual({
      passed: true,
      degraded: false,
      reason: 'verified',
      captchaCode: 1,
      captchaMsg: 'OK',
      evilLevel: 7,
      score: 42,
      getCaptchaTime: 0,
      submitCaptchaTime: expect.any(Number),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      durationMs: expect.any(Number),
    })
    expect(Object.isFrozen(captcha)).toBe(true)
    expect('cause' in (captcha as object)).toBe(false)
  })

  test('an API error is on req.captcha too', async () => {
    const flow = await startFlow({ express })
    flow.simulator.setFault('internal_error')
    expect((await flow.turnFor(flow.send(flow.mint()))).captcha).toMatchObject({
      cause: 'internal_error',
      errorCode: 'InternalError',
      requestId: expect.any(String),
    })
  })

  test('Tencent is told the ticket, the app id and the unmapped address of the user', async () => {
    const flow = await startFlow({ express })
    const token = flow.mint()
    await flow.send(token, { ip: '::ffff:203.0.113.9' })
    expect(flow.simulator.calls).toMatchObject([
      { action: 'DescribeCaptchaResult', ticket: token.ticket, userIp: '203.0.113.9', captchaAppId: 190000001 },
    ])
  })

  test('the channel may depend on the request', async () => {
    const channel = (req: { path: string }) => (req.path === '/mini' ? 'mini_program' : 'web')
    const flow = await startFlow({ express, options: { channel } })
    const { ticket } = flow.mint({ channel: 'mini_program' })
    expect((await flow.send({ ticket }, { path: '/mini' })).captcha?.reason).toBe('verified')
    expect((await flow.send(flow.mint(), { path: '/web' })).captcha?.reason).toBe('verified')
    expect(flow.simulator.calls.map(({ action }) => action)).toEqual([
      'DescribeCaptchaMiniResult',
      'DescribeCaptchaResult',
    ])
  })
})
