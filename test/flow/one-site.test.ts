import { describe, expect, test } from '@jest/globals'
import {
  type CaptchaGuard,
  type CaptchaGuardOptions,
  type CaptchaStore,
  captchaGuard,
  memoryStore,
} from '../../lib/index.js'
import { breakApi, clientIp, expressVersions, type Flow, quickCircuit, startFlow } from './support.js'

const slowCanary = { consecutiveFailures: 1, canaryIntervalMs: 60_000, canaryMaxIntervalMs: 60_000 }

/** A guard of the flow's site at a path of its own, beside the flow's guard everywhere else. */
function startWithRoutes(
  routes: Readonly<Record<string, Partial<CaptchaGuardOptions>>>,
  setup: Parameters<typeof startFlow>[0] = {},
): Promise<Flow> {
  return startFlow({
    ...setup,
    route: (guard, flow) => {
      const others = Object.entries(routes).map(
        ([path, options]) => [path, flow.newGuard({ ...flow.options, ...options })] as const,
      )
      const watched = new Map(others.map(([path, other]) => [path, flow.watch(other)]))
      const first = flow.watch(guard)
      return [(req, res, next) => (watched.get(req.path) ?? first)(req, res, next)]
    },
  })
}

test('a guard that joins with other endpoints than its site runs with is refused, and both guards are named', async () => {
  const options = { captchaAppId: 190_000_077, appSecretKey: 'key', credential: { secretId: 'id', secretKey: 'key' } }
  const first = captchaGuard({ ...options, logger: false })
  const second = () => captchaGuard({ ...options, logger: false, endpoint: 'https://captcha.tencentcloudapi.com' })
  expect(second).toThrow(
    /`endpoint` is https:.*\.com\/ in guard `.*one-site.* runs with .*\.cn\/ .* since guard `.*one-site/,
  )
  await first.close()
  const alone = second()
  expect(alone.snapshot().endpoints).toHaveLength(1)
  await alone.close()
})

describe.each(expressVersions)('guards of one app id and upstream on %s', (_name, express) => {
  test('six guards send one canary', async () => {
    const paths = ['/1', '/2', '/3', '/4', '/5'] as const
    const degradation = { circuit: slowCanary }
    const flow = await startWithRoutes(Object.fromEntries(paths.map((path) => [path, {}])), {
      express,
      options: { degradation },
    })
    flow.simulator.setFault('internal_error')
    for (const [index, path] of ['/', ...paths].entries())
      await flow.turnFor(flow.send(flow.mint(), { path, ip: clientIp(index) }))
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'open')
    expect(flow.simulator.calls.filter(({ ticketKind }) => ticketKind === 'fallback')).toHaveLength(1)
  })

  test('the circuit that opened at one guard is open at the other', async () => {
    const flow = await startWithRoutes(
      { '/signup': {} },
      { express, options: { degradation: { circuit: quickCircuit } } },
    )
    await breakApi(flow)
    const asked = flow.asked
    const { captcha } = await flow.send(flow.mint(), { path: '/signup', ip: clientIp(1) })
    expect(captcha).toMatchObject({ passed: true, cause: 'circuit_open' })
    expect(flow.asked).toBe(asked)
  })

  test('a ticket that passed degraded at one guard passes at none on another request, and Tencent is not asked', async () => {
    const flow = await startWithRoutes({ '/signup': {} }, { express })
    const token = flow.mint({ fault: 'internal_error' })
    expect((await flow.turnFor(flow.send(token))).captcha).toMatchObject({ passed: true, degraded: true })
    expect((await flow.send(token, { path: '/signup' })).captcha?.reason).toBe('ticket_reused')
    expect(flow.asked).toBe(1)
  })

  test('guards with the same purse setting share one purse', async () => {
    const flow = await startWithRoutes({ '/signup': {} }, { express })
    const passed = []
    for (let index = 0; index < 6; index++) {
      const path = index % 2 ? '/signup' : '/login'
      passed.push((await flow.send(flow.fallback({ randstr: `@${index}` }), { path })).captcha?.passed)
    }
    expect(passed).toEqual([true, true, true, false, false, false])
  })

  test('guards with different purse settings give no more passes than the largest of them', async () => {
    const doubt = (limit: number) => ({ degradation: { doubt: { perClient: { limit } } } })
    const flow = await startWithRoutes({ '/signup': doubt(5) }, { express, options: doubt(3) })
    const passes = { '/login': 0, '/signup': 0 }
    for (let index = 0; index < 16; index++) {
      const path = index < 8 ? '/login' : '/signup'
      const { captcha } = await flow.send(flow.fallback({ randstr: `@${index}` }), { path })
      if (captcha?.passed) passes[path]++
    }
    expect(passes).toEqual({ '/login': 3, '/signup': 2 })
  })

  test('an override that is set at one guard holds at the other', async () => {
    const guards: CaptchaGuard[] = []
    const flow = await startFlow({
      express,
      route: (guard, { options, watch, newGuard }) => {
        guards.push(newGuard(options))
        return [watch(guard)]
      },
    })
    guards[0]?.override('verify_only', { by: 'test' })
    expect(flow.guard.snapshot().override).toMatchObject({ mode: 'verify_only', by: 'test' })
    expect(await flow.send(flow.fallback())).toMatchObject({ status: 503 })
    await guards[0]?.close()
  })

  test('the site ends with its last guard, and a new guard begins anew', async () => {
    const flow = await startFlow({ express, route: (guard, { watch }) => [watch(guard)] })
    const token = flow.fallback()
    expect((await flow.send(token)).captcha?.passed).toBe(true)
    const second = flow.newGuard(flow.options)
    await flow.guard.close()
    const check = (guard: typeof second) => guard.check({ ...token, userIp: '203.0.113.7' })
    expect((await check(second)).reason).toBe('fallback_replayed')
    await second.close()
    const third = flow.newGuard(flow.options)
    expect((await check(third)).reason).toBe('client_fallback')
    await third.close()
  })

  test('guards of another app id have a site of their own', async () => {
    const flow = await startWithRoutes(
      { '/other': { captchaAppId: 190000099, degradation: { lateVerification: false } } },
      { express, options: { degradation: { lateVerification: false } } },
    )
    const token = flow.mint({ fault: 'internal_error' })
    await flow.send(token)
    await flow.send(token, { path: '/other' })
    expect(flow.asked).toBe(2)
  })

  describe('on one request', () => {
    const startPair = (first: Partial<CaptchaGuardOptions>, second: Partial<CaptchaGuardOptions>) =>
      startFlow({
        express,
        options: first,
        route: (guard, flow) => [
          flow.watch(guard),
          flow.watch(flow.newGuard({ ...flow.options, mode: 'enforce', ...second })),
        ],
      })
    const doubtTaken = (flow: Flow) => flow.guard.snapshot().purses.doubt.taken

    test('a junk ticket that observe and enforce let pass passes once, and one client has one limit', async () => {
      const flow = await startPair({ mode: 'observe', degradation: { circuit: quickCircuit } }, { mode: 'enforce' })
      await breakApi(flow)
      const junk = { ticket: 'tr03junk', randstr: '@j' }
      expect((await flow.send(junk)).status).toBe(200)
      expect((await flow.send(junk)).status).toBe(403)
      let passed = 1
      for (let index = 0; index < 40; index++) {
        if ((await flow.send({ ticket: `tr03junk${index}`, randstr: '@j' })).status === 200) passed++
      }
      expect(passed).toBe(20)
    })

    test('a purse with limit 0 passes no request, whichever guard drew before, and what was drawn is given back', async () => {
      const flow = await startPair({ mode: 'observe' }, { degradation: { doubt: { perClient: { limit: 0 } } } })
      expect(await flow.send(flow.fallback())).toMatchObject({ status: 503, captcha: { reason: 'budget_exhausted' } })
      expect(doubtTaken(flow)).toBe(0)
    })

    test('a guard that refuses by its rule gives back what the first one drew', async () => {
      const flow = await startPair({ mode: 'observe' }, { degradation: { rules: { client_fallback: 'refuse' } } })
      const token = flow.fallback()
      for (let attempt = 0; attempt < 5; attempt++) {
        expect(await flow.send(token)).toMatchObject({ status: 503, captcha: { reason: 'degradation_refused' } })
      }
      expect(doubtTaken(flow)).toBe(0)
    })

    test('a guard that only observes takes nothing back from the one that passed the request', async () => {
      const flow = await startPair({}, { mode: 'observe', degradation: { rules: { client_fallback: 'refuse' } } })
      const token = flow.fallback()
      expect((await flow.send(token)).status).toBe(200)
      expect(doubtTaken(flow)).toBe(1)
      expect((await flow.send(token)).captcha?.reason).toBe('fallback_replayed')
    })
  })

  describe('a clientKey of the application', () => {
    test('never equals an address', async () => {
      const clientKey = (req: { headers: Record<string, unknown> }) => req.headers['x-device'] as string | undefined
      const flow = await startFlow({ express, options: { clientKey } })
      const send = (index: number, device?: string) =>
        flow.send(flow.fallback({ randstr: `@${index}` }), device ? { headers: { 'x-device': device } } : {})
      for (let index = 0; index < 4; index++) await send(index, '203.0.113.7')
      expect(flow.guard.snapshot().purses.doubt.refusedByClientLimit).toBe(1)
      expect((await send(9)).captcha?.passed).toBe(true)
    })

    test('may be a number', async () => {
      const flow = await startFlow({ express, options: { clientKey: (req) => Number(req.get('x-user')) } })
      const send = (index: number, user: string) =>
        flow.send(flow.fallback({ randstr: `@${index}` }), { headers: { 'x-user': user } })
      for (let index = 0; index < 3; index++) expect((await send(index, '7')).captcha?.passed).toBe(true)
      expect((await send(3, '7')).captcha?.passed).toBe(false)
      expect((await send(4, '8')).captcha?.passed).toBe(true)
    })
  })
})

describe('options of the site', () => {
  test('that two guards give differently are an error that names both guards', async () => {
    const flow = await startFlow({ time: 'system', options: { degradation: { expectedPerMinute: 100 } } })
    const conflicting = { ...flow.options, degradation: { ...flow.options.degradation, expectedPerMinute: 200 } }
    const thrown = (() => {
      try {
        captchaGuard(conflicting)
      } catch (error) {
        return error as Error & { code: string; option: string }
      }
      throw new Error('it was made')
    })()
    expect(thrown).toMatchObject({ code: 'ERR_CAPTCHA_CONFIG', option: 'degradation.expectedPerMinute' })
    expect(thrown.message).toMatch(/support\.ts:\d+.*one-site\.test\.ts:\d+/s)
    expect(thrown.message).toMatch(/100.*200/s)
  })

  test('a secret that differs is not shown', async () => {
    const flow = await startFlow({ time: 'system' })
    const message = (() => {
      try {
        captchaGuard({ ...flow.options, appSecretKey: 'another-secret-key' })
      } catch (error) {
        return (error as Error).message
      }
      return 'it was made'
    })()
    expect(message).toContain('appSecretKey')
    expect(message).not.toContain('another-secret-key')
    expect(message).not.toContain(flow.simulator.appSecretKey)
  })

  test('that only one guard gives hold for all', async () => {
    const flow = await startFlow({
      route: (guard, { options, watch, newGuard }) => [
        watch(guard),
        watch(newGuard({ ...options, degradation: { ...options.degradation, expectedPerMinute: 3000 } })),
      ],
    })
    expect(flow.guard.snapshot().purses.outage.perMinute).toBe(9000)
  })

  test('of a guard whose store fails to connect change nothing, and the next guard joins', async () => {
    const flow = await startFlow()
    const connect = () => {
      throw new Error('no such store')
    }
    const join = (options: Partial<CaptchaGuardOptions>) => flow.newGuard({ ...flow.options, ...options })
    expect(() => join({ store: { kind: 'broken', connect }, maxInFlight: 64 })).toThrow('no such store')
    expect(flow.guard.snapshot().store.kind).toBe('memory')
    const next = join({ maxInFlight: 128, store: { ...memoryStore(), kind: 'sound' } })
    expect(next.snapshot().store.kind).toBe('sound')
    await next.close()
  })

  test('of a guard that has left end where another guard gives its own: calls of the store go to the new one', async () => {
    const flow = await startFlow()
    const claims: string[] = []
    const store = (kind: string): CaptchaStore => {
      const memory = memoryStore()
      return {
        kind,
        connect(context) {
          const session = memory.connect(context)
          const claim: typeof session.claim = (asked) => {
            claims.push(kind)
            return session.claim(asked)
          }
          return { ...session, claim }
        },
      }
    }
    for (const kind of ['first', 'second']) {
      const guard = flow.newGuard({ ...flow.options, store: store(kind) })
      await flow.turnUntil(() => guard.snapshot().store.state === 'up')
      guard.override('pass', { forMs: 60_000 })
      await guard.check({ ...flow.mint(), userIp: clientIp(1) })
      await guard.close()
    }
    expect(claims).toEqual(['first', 'second'])
    expect(flow.guard.snapshot().store.kind).toBe('second')
  })

  test('of a guard that was refused change nothing', async () => {
    const flow = await startFlow({ options: { maxInFlight: 64 } })
    expect(() => flow.newGuard({ ...flow.options, maxInFlight: 32 })).toThrow('maxInFlight')
    await flow.guard.close()
    expect(() => flow.newGuard({ ...flow.options, maxInFlight: 32 })).not.toThrow()
  })
})
