import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { pinoHttp } from 'pino-http'
import { apiFaults } from '../../lib/simulator/index.js'
import { breakApi, clientIp, expressVersions, type LogLine, logBook, quickCircuit, startFlow } from './support.js'

const [debug, info, warn, error] = [20, 30, 40, 50]

const pinoFields = ['level', 'time', 'pid', 'hostname', 'msg']

const decisionFields = [
  'event',
  'reason',
  'cause',
  'passed',
  'captchaAppId',
  'captchaCode',
  'errorCode',
  'requestId',
  'clientErrorCode',
  'ticketHash',
  'userIp',
  'stage',
  'rule',
  'ruleFrom',
  'evidence',
  'evidenceWhy',
  'exhaustedBy',
  'purse',
  'purseUsed',
  'purseLimit',
  'purseRemaining',
  'circuit',
  'durationMs',
  'suppressed',
  'suppressedByReason',
  'guardId',
  'clientKnown',
]

const decisionEvents = ['captcha_degraded', 'captcha_refused', 'captcha_verified']

function of(lines: readonly LogLine[], event: string): LogLine[] {
  return lines.filter((line) => line.event === event)
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex').slice(0, 12)
}

describe.each(expressVersions)('on %s', (_name, express) => {
  test('a verified pass is logged at debug, with these fields and no others', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    const token = flow.mint()
    const { captcha } = await flow.send(token)
    expect(lines).toEqual([
      {
        level: debug,
        time: expect.any(Number),
        pid: expect.any(Number),
        hostname: expect.any(String),
        msg: 'captcha_verified',
        event: 'captcha_verified',
        captchaAppId: 190000001,
        reason: 'verified',
        passed: true,
        captchaCode: 1,
        requestId: captcha?.requestId,
        ticketHash: hashOf(token.ticket),
        userIp: '203.0.113.0/24',
        guardId: flow.guard.snapshot().guardId,
        clientKnown: false,
        circuit: 'closed',
        durationMs: captcha?.durationMs,
      },
    ])
  })

  test('a refusal is logged at info', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    await flow.send({})
    await flow.send({ ticket: 1, randstr: 1 })
    await flow.send(flow.mint({ code: 21 }))
    expect(lines).toMatchObject(
      [
        { level: info, event: 'captcha_refused', msg: 'captcha_refused', reason: 'ticket_missing', passed: false },
        { level: info, event: 'captcha_refused', msg: 'captcha_refused', reason: 'ticket_malformed' },
        {
          level: info,
          event: 'captcha_refused',
          reason: 'risk_rejected',
          captchaCode: 21,
          ticketHash: /^[0-9a-f]{12}$/,
        },
      ].map((line) => ({
        ...line,
        ...('ticketHash' in line && { ticketHash: expect.stringMatching(line.ticketHash) }),
      })),
    )
    expect(lines).toHaveLength(3)
  })

  test('a degraded decision is logged at warn, passed or not', async () => {
    const { logger, lines } = logBook()
    const rules = { throttled: 'refuse' } as const
    const flow = await startFlow({ express, options: { logger, degradation: { rules } } })
    const token = flow.fallback({ code: 1006 })
    await flow.send(token)
    await flow.send(token)
    await flow.turnFor(flow.send(flow.mint({ fault: 'internal_error' })))
    await flow.send(flow.mint({ fault: 'request_limit_exceeded' }))
    const common = { level: warn, event: 'captcha_degraded', msg: 'captcha_degraded', captchaAppId: 190000001 }
    expect(of(lines, 'captcha_degraded')).toMatchObject([
      {
        ...common,
        passed: true,
        reason: 'client_fallback',
        cause: 'client_fallback',
        clientErrorCode: 1006,
        ticketHash: hashOf(token.ticket),
        evidence: 'none',
        purse: 'doubt',
        purseRemaining: 9,
        circuit: 'closed',
      },
      { ...common, passed: false, reason: 'fallback_replayed', cause: 'client_fallback' },
      {
        ...common,
        passed: true,
        cause: 'internal_error',
        errorCode: 'InternalError',
        purse: 'doubt',
        purseRemaining: 8,
      },
      { ...common, passed: false, reason: 'degradation_refused', cause: 'throttled' },
    ])
    expect(of(lines, 'captcha_degraded')).toHaveLength(4)
  })

  test('every degraded pass leaves exactly one line', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger, degradation: { circuit: quickCircuit } } })
    await breakApi(flow)
    let passes = 1
    for (let n = 0; n < 60; n++) {
      if ((await flow.send(flow.mint(), { ip: clientIp(n % 3) })).captcha?.passed) passes++
    }
    const passLines = of(lines, 'captcha_degraded').filter(({ passed }) => passed)
    expect(passLines).toHaveLength(passes)
    expect(new Set(passLines.map(({ ticketHash }) => ticketHash)).size).toBe(passes)
  })

  test('captcha_misconfigured is logged at error, at most once a minute', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    flow.simulator.setFault('auth_failure')
    for (let n = 0; n < 5; n++) {
      await flow.send(flow.mint())
      await flow.clock.advance(20_000)
    }
    // At the first, and at the one that came when a minute had passed.
    expect(of(lines, 'captcha_misconfigured')).toHaveLength(2)
    expect(of(lines, 'captcha_misconfigured').slice(0, 1)).toMatchObject([
      {
        level: error,
        msg: 'captcha_misconfigured',
        captchaAppId: 190000001,
        errorCode: 'AuthFailure.SignatureFailure',
      },
    ])
    expect(of(lines, 'captcha_degraded')).toHaveLength(5)
  })

  test.each([15, 16, 100])('captcha_misconfigured is logged when every early ticket answers %i', async (code) => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    for (let n = 0; n < 10; n++) await flow.send(flow.mint({ code }), { ip: clientIp(n) })
    expect(of(lines, 'captcha_misconfigured')).toMatchObject([{ level: error }])
  })

  test('captcha_misconfigured is not logged where one early ticket was good', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    await flow.send(flow.mint())
    for (let n = 0; n < 10; n++) await flow.send(flow.mint({ code: 15 }), { ip: clientIp(n) })
    expect(of(lines, 'captcha_misconfigured')).toEqual([])
  })

  test('captcha_outage_started is logged at warn and captcha_outage_ended at info, with duration and counts', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger, degradation: { circuit: quickCircuit } } })
    await breakApi(flow)
    await flow.send(flow.mint(), { ip: clientIp(1) })
    await flow.send(flow.mint(), { ip: clientIp(2) })
    expect(of(lines, 'captcha_outage_started')).toMatchObject([{ level: warn, msg: 'captcha_outage_started' }])
    expect(of(lines, 'captcha_outage_ended')).toEqual([])
    flow.simulator.setFault(null)
    await flow.turnUntil(() => of(lines, 'captcha_outage_ended').length > 0)
    const [ended] = of(lines, 'captcha_outage_ended')
    expect(ended).toMatchObject({ level: info, msg: 'captcha_outage_ended', durationMs: expect.any(Number) })
    expect(ended?.durationMs).toBeGreaterThan(0)
    expect(Object.values(ended ?? {})).toContainEqual(expect.objectContaining({ circuit_open: 2 }))
    expect(of(lines, 'captcha_outage_started')).toHaveLength(1)
  })

  test('captcha_override is logged whenever the override changes, also at its end', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    flow.guard.override('pass', { forMs: 60, by: 'ops' })
    await flow.clock.advance(60)
    flow.guard.override('verify_only', { by: 'ops' })
    flow.guard.override('none')
    const shown = of(lines, 'captcha_override')
    expect(shown[0]).toMatchObject({ mode: 'pass', by: 'ops', msg: 'captcha_override', captchaAppId: 190000001 })
    expect(shown.map(({ mode, why }) => [mode, why])).toEqual([
      ['pass', 'set'],
      ['pass', 'expired'],
      ['verify_only', 'set'],
      ['none', 'set'],
    ])
  })

  test.each([
    ['full', '203.0.113.77', '203.0.113.77'],
    ['masked', '203.0.113.77', '203.0.113.0/24'],
    [undefined, '203.0.113.77', '203.0.113.0/24'],
    [false, '203.0.113.77', undefined],
    ['full', '2001:db8:1:2::3', '2001:db8:1:2::3'],
    ['masked', '2001:db8:1:2::3', '2001:db8:1::/48'],
    ['masked', '::ffff:203.0.113.77', '203.0.113.0/24'],
  ] as const)('logUserIp %s of %s is %s', async (logUserIp, ip, shown) => {
    const { logger, lines, raw } = logBook()
    const flow = await startFlow({ express, options: { logger, logUserIp } })
    await flow.send(flow.mint(), { ip })
    await flow.send(flow.fallback(), { ip })
    await flow.send({}, { ip })
    expect(lines.slice(0, 2).map(({ userIp }) => userIp)).toEqual([shown, shown])
    if (shown !== ip) expect(raw.join('')).not.toContain('203.0.113.77')
    if (shown === undefined) expect(raw.join('')).not.toContain('203.0.113')
  })

  test('req.log of pino-http is used where present, with its request id', async () => {
    const lines: LogLine[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const http = pinoHttp({ level: 'debug', autoLogging: false, genReqId: () => 'request-1' }, stream)
    const flow = await startFlow({ express, options: { logger: undefined }, before: [http] })
    await flow.send(flow.fallback())
    await flow.send({})
    expect(lines).toMatchObject([
      { event: 'captcha_degraded', req: { id: 'request-1' } },
      { event: 'captcha_refused', req: { id: 'request-1' } },
    ])
  })

  test('a logger of the options is used even where req.log is present', async () => {
    const lines: LogLine[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const { logger, lines: own } = logBook()
    const flow = await startFlow({ express, options: { logger }, before: [pinoHttp({ autoLogging: false }, stream)] })
    await flow.send(flow.fallback())
    expect([own.length, lines.length]).toEqual([1, 0])
  })

  test('logger false writes nothing, anywhere', async () => {
    const lines: LogLine[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const flow = await startFlow({ express, before: [pinoHttp({ autoLogging: false }, stream)] })
    await flow.send(flow.fallback())
    await flow.send({})
    expect(lines).toEqual([])
  })

  test('a logger that throws changes nothing', async () => {
    const broken = () => {
      throw new Error('disk full')
    }
    const flow = await startFlow({
      express,
      options: { logger: { debug: broken, info: broken, warn: broken, error: broken } },
    })
    expect((await flow.send(flow.mint())).status).toBe(200)
    expect((await flow.send(flow.fallback())).status).toBe(200)
    expect((await flow.send({})).status).toBe(400)
    expect(flow.errors).toEqual([])
  })

  test('a flood of refusals is sampled, and counted exactly', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    const flood = 400
    for (let n = 0; n < flood; n += 20) await Promise.all(Array.from({ length: 20 }, () => flow.send({})))
    await flow.clock.advance(60_000)
    await flow.send({})
    const shown = of(lines, 'captcha_refused')
    const suppressed = shown.reduce((sum, line) => sum + Number(line.suppressed ?? 0), 0)
    expect(shown.length).toBeLessThan(flood)
    expect(suppressed).toBeGreaterThan(0)
    expect(shown.length + suppressed).toBe(flood + 1)
    expect(flow.guard.snapshot().counters.ticket_missing).toBe(flood + 1)
    await flow.send(flow.fallback())
    expect(of(lines, 'captcha_degraded')).toHaveLength(1)
  })

  test('over a run with everything, no line holds a ticket, a randstr or a secret; messages are constant', async () => {
    const { logger, lines, raw } = logBook()
    const secrets = { secretId: 'AKIDlooksLikeAnId', secretKey: 'looksLikeASecretKey' }
    const appSecretKey = 'looksLikeAnAppSecretKey'
    const flow = await startFlow({
      express,
      simulator: { credential: secrets, appSecretKey },
      options: { logger, logUserIp: 'full', timeoutMs: 200, degradation: { circuit: quickCircuit } },
    })
    // Another address of the same simulator is another site, which may have another key.
    const endpoint = flow.simulator.url.replace('127.0.0.1', 'localhost')
    const wrong = flow.newGuard({ ...flow.options, endpoint, logger, appSecretKey: 'anotherAppSecretKey' })
    await wrong.checkHealth()
    await wrong.close()
    const sent: { ticket: unknown; randstr: unknown }[] = []
    let client = 0
    const send = async (token: { ticket: unknown; randstr: unknown }) => {
      sent.push(token)
      await flow.turnFor(flow.send(token, { ip: clientIp(client++) }))
    }
    const randstr = () => `@randstr-${client}`
    for (const fault of apiFaults) if (fault !== 'refuse') await send(flow.mint({ fault }))
    for (const code of [1, 7, 8, 9, 15, 16, 21, 26, 99, 100]) await send({ ...flow.mint({ code }), randstr: randstr() })
    await send({ ticket: 'trerror_1001_unusable', randstr: randstr() })
    await send({ ticket: 'x'.repeat(3000), randstr: randstr() })
    await send({ ticket: ['tr03inAnArray*'], randstr: randstr() })
    await send({ ticket: 'tr03"quoted\\n*', randstr: '@"quoted' })
    await send(flow.fallback({ randstr: randstr() }))
    await send(flow.fallback({ ageMs: 400_000, randstr: randstr() }))
    flow.simulator.setFault('internal_error')
    await send(flow.mint())
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'open')
    await send(flow.mint())
    flow.guard.override('pass', { forMs: 60_000, by: 'ops' })
    await send(flow.mint())
    flow.guard.override('none')
    flow.simulator.setFault(null)
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'closed')
    await send(flow.mint())
    // The end of an outage is told when its tickets have been verified late.
    await flow.turnUntil(() => of(lines, 'captcha_outage_ended').length > 0)

    const text = raw.join('')
    for (const { ticket, randstr: rand } of sent) {
      for (const value of [ticket, rand].flat()) {
        if (String(value).length > 4) expect(text).not.toContain(String(value))
      }
    }
    for (const secret of [...Object.values(secrets), appSecretKey, 'anotherAppSecretKey'])
      expect(text).not.toContain(secret)
    expect(lines.length).toBeGreaterThan(sent.length)
    for (const line of lines) expect(line.msg).toBe(line.event)
    for (const line of lines.filter(({ event }) => decisionEvents.includes(event))) {
      expect([...pinoFields, ...decisionFields]).toEqual(expect.arrayContaining(Object.keys(line)))
    }
    expect(new Set(lines.map(({ event }) => event))).toEqual(
      new Set([
        ...decisionEvents,
        'captcha_misconfigured',
        'captcha_outage_started',
        'captcha_outage_ended',
        'captcha_override',
        ...of(lines, 'captcha_late_verdict').map(({ event }) => event),
      ]),
    )
  })
})
