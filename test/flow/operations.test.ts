import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { CaptchaConfigError, type CaptchaGuard, captchaGuard } from '../../lib/index.js'
import { breakApi, clientIp, expressVersions, guardOptions, quickCircuit, startFlow, until } from './support.js'

describe.each(expressVersions)('on %s', (_name, express) => {
  describe("override('pass')", () => {
    test('lets requests in from the outage purse without asking Tencent', async () => {
      const flow = await startFlow({ express })
      flow.guard.override('pass', { forMs: 60_000, by: 'ops' })
      const replies = [
        await flow.send(flow.mint(), { ip: clientIp(1) }),
        await flow.send(flow.fallback({ code: 1014 }), { ip: clientIp(2) }),
        await flow.send({}, { ip: clientIp(3) }),
        await flow.send(undefined, { ip: clientIp(4) }),
        await flow.send({ ticket: 'tr03x*' }, { ip: clientIp(5) }),
      ]
      for (const { captcha, status } of replies) {
        expect(captcha).toMatchObject({ passed: true, degraded: true, reason: 'override', cause: 'override' })
        expect(status).toBe(200)
      }
      expect(flow.simulator.calls).toEqual([])
      expect(flow.guard.snapshot()).toMatchObject({
        override: { mode: 'pass', by: 'ops', until: expect.stringMatching(/^\d{4}-.*Z$/) },
        purses: { outage: { taken: 5 }, doubt: { taken: 0 } },
        counters: { override: 5 },
      })
    })

    test('is bounded by the purse', async () => {
      const flow = await startFlow({ express })
      flow.guard.override('pass', { forMs: 60_000 })
      const reasons = []
      for (let n = 0; n < 22; n++) reasons.push((await flow.send({})).captcha?.reason)
      expect(reasons.slice(0, 20).every((reason) => reason === 'override')).toBe(true)
      expect(reasons.slice(20)).toEqual(['budget_exhausted', 'budget_exhausted'])
    })

    test('ends by itself, to the millisecond', async () => {
      const flow = await startFlow({ express })
      const { clock } = flow
      flow.guard.override('pass', { forMs: 80 })
      await clock.advance(79)
      expect((await flow.send({})).status).toBe(200)
      await clock.advance(1)
      expect(flow.guard.snapshot().override).toEqual({ mode: 'none' })
      expect((await flow.send({})).status).toBe(400)
      expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
    })
  })

  test("override('verify_only') goes on verifying and refuses every degraded pass", async () => {
    const flow = await startFlow({
      express,
      options: { degradation: { circuit: quickCircuit, lateVerification: false } },
    })
    flow.guard.override('verify_only', { by: 'ops' })
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
    const refused = [
      await flow.send(flow.fallback()),
      await flow.turnFor(flow.send(flow.mint({ fault: 'reset' }))),
      await flow.send(flow.mint({ fault: 'request_limit_exceeded' })),
    ]
    await breakApi(flow)
    refused.push(await flow.send(flow.mint()))
    for (const { captcha, status } of refused) {
      expect(captcha).toMatchObject({ passed: false, degraded: true, reason: 'degradation_refused' })
      expect(status).toBe(503)
    }
    expect(refused.map(({ captcha }) => captcha?.cause)).toEqual([
      'client_fallback',
      'unreachable',
      'throttled',
      'circuit_open',
    ])
    expect((await flow.send({})).status).toBe(400)
    const { outage, doubt } = flow.guard.snapshot().purses
    expect([outage.taken, doubt.taken]).toEqual([0, 0])
    expect(flow.guard.snapshot().override).toEqual({ mode: 'verify_only', by: 'ops' })
  })

  test("override('none') ends either", async () => {
    const flow = await startFlow({ express })
    flow.guard.override('pass', { forMs: 60_000 })
    flow.guard.override('none')
    expect((await flow.send({})).status).toBe(400)
    flow.guard.override('verify_only')
    flow.guard.override('none', { by: 'ops' })
    expect((await flow.send(flow.fallback())).status).toBe(200)
  })

  describe('checkHealth', () => {
    test('says that an API that answers is reachable, and moves no circuit', async () => {
      const flow = await startFlow({ express })
      expect(await flow.guard.checkHealth()).toEqual({
        status: 'reachable',
        captchaCode: 21,
        durationMs: expect.any(Number),
      })
      expect(flow.simulator.calls).toMatchObject([{ ticketKind: 'fallback', outcome: 'code:21' }])
      expect(flow.guard.snapshot().circuit.state).toBe('closed')
    })

    test.each([
      ['a wrong secret key of the account', { credential: { secretId: 'AKIDsimulator', secretKey: 'wrong' } }],
      ['a wrong secret id', { credential: { secretId: 'AKIDother', secretKey: 'simulatorSecretKey' } }],
      ['a wrong app id', { captchaAppId: 190000002 }],
      ['a wrong app secret key', { appSecretKey: 'wrong' }],
    ])('%s is misconfigured', async (_what, options) => {
      const flow = await startFlow({ express, options })
      const report = await flow.guard.checkHealth()
      expect(report).toMatchObject({ status: 'misconfigured', durationMs: expect.any(Number) })
      expect(report.captchaCode ?? report.errorCode).toBeDefined()
    })

    test.each([
      ['refuse', 'unreachable'],
      ['reset', 'unreachable'],
      ['http_502_html', 'http_error'],
      ['not_json', 'bad_response'],
      ['internal_error', 'internal_error'],
      ['system_busy', 'system_busy'],
    ] as const)('an API with the fault %s is unreachable, and moves no circuit', async (fault, cause) => {
      const flow = await startFlow({ express })
      flow.simulator.setFault(fault)
      expect(await flow.turnFor(flow.guard.checkHealth())).toMatchObject({ status: 'unreachable', cause })
      expect(flow.guard.snapshot().circuit.state).toBe('closed')
    })

    test('an API that hangs is unreachable within timeoutMs', async () => {
      const flow = await startFlow({ express, options: { timeoutMs: 200 } })
      flow.simulator.setFault('hang')
      const report = flow.guard.checkHealth()
      await until(() => flow.simulator.calls.length === 1)
      await flow.clock.advance(200)
      expect(await report).toMatchObject({ status: 'unreachable', cause: 'timeout', durationMs: 200 })
    })

    test('of a mini program asks the API of mini programs', async () => {
      const flow = await startFlow({ express, options: { channel: 'mini_program' } })
      expect(await flow.guard.checkHealth()).toMatchObject({ status: 'reachable', captchaCode: 21 })
      expect(flow.simulator.calls).toMatchObject([{ action: 'DescribeCaptchaMiniResult' }])
    })
  })

  test('snapshot() is plain JSON with every field', async () => {
    const flow = await startFlow({ express, options: { degradation: { circuit: quickCircuit } } })
    const startedMs = flow.clock.epochMs()
    const fresh = flow.guard.snapshot()
    expect(JSON.parse(JSON.stringify(fresh))).toEqual(fresh)
    expect(fresh).toMatchObject({
      override: { mode: 'none' },
      api: { state: 'healthy', since: expect.any(String), why: expect.any(String) },
      clientPath: { state: 'healthy', since: expect.any(String), why: expect.any(String) },
      circuit: { state: 'closed' },
      purses: {
        outage: { perMinute: 600, taken: 0 },
        doubt: { perMinute: 10, taken: 0 },
      },
      late: { waiting: 0, genuine: 0, refused: 0, inconclusive: 0 },
      store: { kind: 'memory', state: 'up' },
    })
    expect(fresh).toHaveProperty('baselinePerMinute')
    expect(Object.values(fresh.counters).every((count) => count === 0)).toBe(true)
    expect(Object.keys(fresh.counters)).toEqual(expect.arrayContaining(['verified', 'timeout', 'budget_exhausted']))

    await flow.send(flow.mint())
    await flow.send(flow.fallback())
    await flow.send({})
    await breakApi(flow)
    flow.guard.override('verify_only', { forMs: 1000, by: 'ops' })
    const busy = flow.guard.snapshot()
    expect(JSON.parse(JSON.stringify(busy))).toEqual(busy)
    expect(busy).toMatchObject({
      api: { state: 'outage' },
      circuit: { state: 'open' },
      counters: { verified: 1, client_fallback: 1, ticket_missing: 1, internal_error: 1 },
    })
    expect(Date.parse(busy.api.since)).toBeGreaterThanOrEqual(startedMs)
    expect(Date.parse(busy.api.since)).toBeLessThanOrEqual(flow.clock.epochMs())
    expect(JSON.stringify(busy)).not.toContain(flow.simulator.appSecretKey)
  })

  test('a snapshot is a copy', async () => {
    const flow = await startFlow({ express })
    const before = flow.guard.snapshot()
    await flow.send(flow.mint())
    expect(before.counters.verified).toBe(0)
    expect(flow.guard.snapshot().counters.verified).toBe(1)
  })

  test('close() frees sockets and timers, also with a canary hanging', async () => {
    const flow = await startFlow({ express, options: { timeoutMs: 60_000, degradation: { circuit: quickCircuit } } })
    flow.simulator.setFault('hang', { only: 'canary' })
    // It is held for the canary's verdict.
    const held = flow.send(flow.mint({ fault: 'internal_error' }))
    await until(() => flow.simulator.calls.some(({ ticketKind }) => ticketKind === 'fallback'))
    await flow.guard.close()
    expect((await held).captcha?.reason).toBe('internal_error')
    await until(() => flow.simulator.calls.every(({ ticketKind, aborted }) => ticketKind === 'ordinary' || aborted))
    const calls = flow.simulator.calls.length
    await flow.turn(1000)
    expect(flow.simulator.calls).toHaveLength(calls)
    expect(flow.clock.pendingTimers).toBe(0)
    await flow.guard.close()
  })
})

describe('without Express', () => {
  test.each([
    ['an unknown mode', (guard: CaptchaGuard) => guard.override('open' as never), /'pass', 'verify_only' or 'none'/],
    ['no mode', (guard: CaptchaGuard) => guard.override(undefined as never), /'pass', 'verify_only' or 'none'/],
    ['pass without an end', (guard: CaptchaGuard) => guard.override('pass'), /forMs/],
    ['pass for ever', (guard: CaptchaGuard) => guard.override('pass', { forMs: Number.POSITIVE_INFINITY }), /forMs/],
    ['pass for no time', (guard: CaptchaGuard) => guard.override('pass', { forMs: 0 }), /forMs/],
    ['pass for a negative time', (guard: CaptchaGuard) => guard.override('pass', { forMs: -1 }), /forMs/],
    ['pass for two days', (guard: CaptchaGuard) => guard.override('pass', { forMs: 172_800_000 }), /forMs/],
    ['a time in a string', (guard: CaptchaGuard) => guard.override('pass', { forMs: '60000' as never }), /forMs/],
    ['by a number', (guard: CaptchaGuard) => guard.override('pass', { forMs: 1, by: 7 as never }), /`by`/],
    ['null for options', (guard: CaptchaGuard) => guard.override('pass', null as never), /forMs|options/],
    ['an unknown option', (guard: CaptchaGuard) => guard.override('pass', { forMs: 9, for: 1 } as never), /`for`/],
  ])('override with %s throws and changes nothing', async (_what, set, message) => {
    const flow = await startFlow()
    expect(() => set(flow.guard)).toThrow(CaptchaConfigError)
    expect(() => set(flow.guard)).toThrow(message)
    expect(flow.guard.snapshot().override).toEqual({ mode: 'none' })
  })

  test('a guard that only exists leaves the process free to end', async () => {
    const flow = await startFlow()
    const before = activeHandles()
    const idle = captchaGuard(guardOptions(flow.simulator))
    expect(activeHandles()).toEqual(before)
    await idle.close()
  })

  test('close() leaves no handle of the guard behind', async () => {
    const sockets = new Set<unknown>()
    const api = createServer((_req, res) => res.end('{"Response":{"CaptchaCode":21,"RequestId":"1"}}'))
    api.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    const { port } = api.address() as { port: number }
    const guard = captchaGuard({
      captchaAppId: 1,
      appSecretKey: 'x',
      credential: { secretId: 'a', secretKey: 'b' },
      endpoint: `http://127.0.0.1:${port}`,
      logger: false,
    })
    expect((await guard.checkHealth()).status).toBe('reachable')
    expect(sockets.size).toBe(1)
    await guard.close()
    await until(() => sockets.size === 0)
    api.close()
  })
})

function activeHandles(): string[] {
  return process.getActiveResourcesInfo().sort()
}
