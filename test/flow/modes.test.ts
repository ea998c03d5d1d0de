import { describe, expect, test } from '@jest/globals'
import type { DegradationCause, DegradationSituation } from '../../lib/index.js'
import { startHeldFlow } from './held-api.js'
import { breakApi, clientIp, expressVersions, logBook, quickCircuit, startFlow, until } from './support.js'

const failing = () => {
  throw new Error('a bug of the application')
}
const rejecting = async () => {
  throw new Error('a bug of the application')
}
const error = expect.objectContaining({ message: 'a bug of the application' })

describe.each(expressVersions)('on %s', (_name, express) => {
  describe('observe', () => {
    test('lets every request through the whole application and attaches the verdict', async () => {
      const flow = await startFlow({ express, options: { mode: 'observe' } })
      const replies = [
        await flow.send({}),
        await flow.send({ ticket: 1, randstr: 1 }),
        await flow.send(flow.mint({ code: 15 })),
        await flow.send(flow.fallback({ ageMs: 400_000 })),
        await flow.send(flow.mint({ fault: 'auth_failure' })),
        await flow.send(flow.mint()),
        await flow.send(undefined, { method: 'get', path: '/anywhere' }),
      ]
      expect(replies.map(({ status, body }) => [status, body])).toEqual(replies.map(() => [200, { ok: true }]))
      expect(replies.map(({ captcha }) => captcha?.reason)).toEqual([
        'ticket_missing',
        'ticket_malformed',
        'ticket_invalid',
        'fallback_stale',
        'misconfigured',
        'verified',
        'ticket_missing',
      ])
      expect(flow.handled).toBe(replies.length)
    })

    test('refusals are logged at info, a missing ticket only at debug', async () => {
      const { logger, lines } = logBook()
      const flow = await startFlow({ express, options: { mode: 'observe', logger } })
      await flow.send({})
      await flow.send(flow.mint({ code: 15 }))
      expect(lines.map(({ event, level, reason }) => [event, level, reason])).toEqual([
        ['captcha_refused', 20, 'ticket_missing'],
        ['captcha_refused', 30, 'ticket_invalid'],
      ])
    })

    test('a rate limit is attached, too', async () => {
      const flow = await startFlow({ express, options: { mode: 'observe' } })
      for (let n = 0; n < 10; n++) await flow.send(flow.mint({ code: 15 }))
      expect(await flow.send(flow.mint())).toMatchObject({ status: 200, captcha: { reason: 'rate_limited' } })
    })

    test('a bug is still an error', async () => {
      const flow = await startFlow({ express, options: { mode: 'observe', readToken: failing } })
      expect((await flow.send(flow.mint())).status).toBe(500)
    })
  })

  describe('skip', () => {
    test.each([
      ['true', () => true],
      ['a promise of true', async () => true],
    ])('that returns %s gives no verdict and lets the handler run', async (_what, skip) => {
      const flow = await startFlow({ express, options: { skip } })
      expect(await flow.send({})).toMatchObject({ status: 200, captcha: undefined })
      expect(flow.visits[0]?.req && 'captcha' in flow.visits[0].req).toBe(false)
    })

    test.each([
      ['false', () => false],
      ['a promise of false', async () => false],
    ])('that returns %s leaves the request guarded', async (_what, skip) => {
      const flow = await startFlow({ express, options: { skip } })
      expect((await flow.send({})).status).toBe(400)
    })

    test.each([
      ['throws', failing],
      ['rejects', rejecting],
    ])('that %s goes to next(error), and passes no request', async (_what, skip) => {
      const flow = await startFlow({ express, options: { skip } })
      expect(await flow.send(flow.mint())).toMatchObject({ status: 500, captcha: undefined })
      expect(flow.errors).toEqual([error])
      expect(flow.handled).toBe(0)
    })

    test('gets the request', async () => {
      const skip = (req: { path: string }) => req.path === '/free'
      const flow = await startFlow({ express, options: { skip } })
      expect((await flow.send({}, { path: '/free' })).status).toBe(200)
      expect((await flow.send({}, { path: '/guarded' })).status).toBe(400)
    })

    test('a CORS preflight is skipped and the option is not called', async () => {
      const flow = await startFlow({ express, options: { skip: failing } })
      const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
      expect(await flow.send(undefined, { method: 'options', headers })).toMatchObject({
        status: 200,
        captcha: undefined,
      })
    })

    test.each<[string, Record<string, string>]>([
      ['without Origin', { 'access-control-request-method': 'POST' }],
      ['without Access-Control-Request-Method', { origin: 'https://shop.example' }],
      ['without either', {}],
    ])('any other OPTIONS is a request like others: %s', async (_what, headers) => {
      const flow = await startFlow({ express })
      expect(await flow.send(undefined, { method: 'options', headers })).toMatchObject({
        status: 400,
        captcha: { reason: 'ticket_missing' },
      })
    })
  })

  describe('onRefused', () => {
    test('answers instead, and sees request and verdict', async () => {
      const flow = await startFlow({
        express,
        options: {
          onRefused: (req, res, _next, verdict) => {
            res.status(418).json({ reason: verdict.reason, same: req.captcha === verdict, path: req.path })
          },
        },
      })
      expect(await flow.send({}, { path: '/tea' })).toMatchObject({
        status: 418,
        body: { reason: 'ticket_missing', same: true, path: '/tea' },
      })
    })

    test('may go on instead', async () => {
      const flow = await startFlow({ express, options: { onRefused: (_req, _res, next) => next() } })
      expect(await flow.send({})).toMatchObject({ status: 200, captcha: { passed: false } })
    })

    test.each([
      ['throws', failing],
      ['rejects', rejecting],
    ])(
      'that %s goes to next(error), and ends no process',
      async (_what, onRefused) => {
        const flow = await startFlow({ express, options: { onRefused: onRefused as () => void } })
        expect((await flow.send({})).status).toBe(500)
        expect(flow.errors).toEqual([error])
        expect((await flow.send(flow.mint())).status).toBe(200)
      },
      2000,
    )

    test('is not asked about what passes', async () => {
      const flow = await startFlow({ express, options: { onRefused: failing } })
      expect((await flow.send(flow.mint())).status).toBe(200)
      expect((await flow.send(flow.fallback())).status).toBe(200)
    })
  })

  describe('onVerdict', () => {
    test('is told every verdict once, with its request', async () => {
      const told: unknown[] = []
      const onVerdict = (verdict: { reason: string }, req: { captcha?: unknown; path: string }) =>
        told.push([verdict.reason, req.captcha === verdict, req.path])
      const flow = await startFlow({ express, options: { onVerdict } })
      await flow.send({}, { path: '/1' })
      await flow.send(flow.mint(), { path: '/2' })
      await flow.send(flow.fallback(), { path: '/3' })
      expect(told).toEqual([
        ['ticket_missing', true, '/1'],
        ['verified', true, '/2'],
        ['client_fallback', true, '/3'],
      ])
    })

    test.each([
      ['throws', failing],
      ['rejects', rejecting],
    ])('that %s changes nothing', async (_what, onVerdict) => {
      const flow = await startFlow({ express, options: { onVerdict } })
      expect((await flow.send(flow.mint())).status).toBe(200)
      expect((await flow.send({})).status).toBe(400)
      expect(flow.errors).toEqual([])
    })
  })

  test.each(['readToken', 'userIp', 'clientKey', 'channel'] as const)(
    'a throwing %s is next(error), never a pass',
    async (option) => {
      const flow = await startFlow({ express, options: { [option]: failing } })
      expect(await flow.send(flow.mint())).toMatchObject({ status: 500, captcha: undefined })
      expect(flow.errors).toEqual([error])
      expect(flow.simulator.calls).toEqual([])
    },
  )

  test('a channel function that returns nonsense is next(error)', async () => {
    const flow = await startFlow({ express, options: { channel: () => 'app' as never } })
    expect((await flow.send(flow.mint())).status).toBe(500)
    expect(flow.errors).toEqual([expect.objectContaining({ message: expect.stringContaining('channel') })])
  })

  describe('rules', () => {
    test('a function gets the situation, frozen', async () => {
      const seen: DegradationSituation[] = []
      const rule = (situation: DegradationSituation) => {
        seen.push(situation)
        return 'pass' as const
      }
      const rules = { client_fallback: rule, internal_error: rule, circuit_open: rule }
      const flow = await startFlow({
        express,
        options: { degradation: { rules, circuit: quickCircuit, lateVerification: false } },
      })
      await flow.send(flow.fallback({ code: 1006 }))
      await breakApi(flow, clientIp(1))
      await flow.send(flow.mint(), { ip: clientIp(2) })
      expect(seen).toMatchObject([
        {
          cause: 'client_fallback',
          evidence: 'none',
          ticketKind: 'fallback',
          clientErrorCode: 1006,
          clientKey: '203.0.113.7',
        },
        { cause: 'internal_error', evidence: 'outage', ticketKind: 'ordinary', clientKey: clientIp(1) },
        { cause: 'circuit_open', evidence: 'outage', ticketKind: 'ordinary', clientKey: clientIp(2) },
      ])
      expect(seen.map(({ request }) => request)).toEqual(flow.visits.map(({ req }) => req))
      expect(seen.every((situation) => Object.isFrozen(situation))).toBe(true)
    })

    test.each([
      ['throws', failing],
      ['returns nothing', () => undefined],
      ['returns true', () => true],
      ['returns a promise', async () => 'pass'],
      ['returns PASS', () => 'PASS'],
    ])('a function that %s is next(error), never a pass', async (_what, rule) => {
      const rules = { client_fallback: rule as () => 'pass', internal_error: rule as () => 'pass' }
      const flow = await startFlow({ express, options: { degradation: { rules } } })
      expect((await flow.send(flow.fallback())).status).toBe(500)
      expect((await flow.send(flow.mint({ fault: 'internal_error' }))).status).toBe(500)
      expect(flow.errors).toHaveLength(2)
      expect(flow.handled).toBe(0)
      expect(flow.guard.snapshot().purses.doubt.taken).toBe(0)
    })

    test.each([
      ['timeout', 'hang'],
      ['unreachable', 'reset'],
      ['http_error', 'http_502_html'],
      ['bad_response', 'not_json'],
      ['internal_error', 'internal_error'],
      ['system_busy', 'system_busy'],
      ['throttled', 'request_limit_exceeded'],
    ] as const)('refuse the cause %s where they say so', async (cause, fault) => {
      const flow = await startFlow({
        express,
        options: { degradation: { rules: { [cause]: 'refuse' } } },
      })
      expect(await flow.turnFor(flow.send(flow.mint({ fault })))).toMatchObject({
        status: 503,
        captcha: { passed: false, degraded: true, reason: 'degradation_refused', cause },
      })
    })

    test.each(['circuit_open', 'client_fallback', 'override', 'overloaded'] as const)(
      'refuse the cause %s where they say so',
      async (cause) => {
        const flow = await startHeldFlow({
          express,
          options: { maxInFlight: 1, degradation: { rules: { [cause]: 'refuse' }, circuit: quickCircuit } },
        })
        if (cause !== 'overloaded') flow.letGo()
        let underWay: Promise<unknown> = Promise.resolve()
        const provoke: Partial<Record<DegradationCause, () => Promise<unknown>>> = {
          circuit_open: () => breakApi(flow, clientIp(1)),
          override: async () => flow.guard.override('pass', { forMs: 60_000 }),
          overloaded: async () => {
            underWay = flow.send(flow.mint(), { ip: clientIp(1) })
            await until(() => flow.asked === 1)
          },
        }
        await provoke[cause]?.()
        const token = cause === 'client_fallback' ? flow.fallback() : flow.mint()
        expect(await flow.send(token)).toMatchObject({
          status: 503,
          captcha: { reason: 'degradation_refused', cause },
        })
        flow.letGo()
        await underWay
      },
    )
  })

  describe('misconfigured', () => {
    test.each(['auth_failure', 'unauthorized_operation'] as const)('%s is refused by default', async (fault) => {
      const flow = await startFlow({ express })
      flow.simulator.setFault(fault)
      expect(await flow.send(flow.mint())).toMatchObject({
        status: 503,
        captcha: { reason: 'misconfigured', cause: 'misconfigured', degraded: true, passed: false },
      })
      expect(flow.guard.snapshot().purses.doubt.taken).toBe(0)
    })

    test('a real wrong secret key is found out', async () => {
      const flow = await startFlow({
        express,
        options: { credential: { secretId: 'AKIDsimulator', secretKey: 'wrong' } },
      })
      expect((await flow.send(flow.mint())).captcha).toMatchObject({
        reason: 'misconfigured',
        errorCode: 'AuthFailure.SignatureFailure',
      })
    })

    test.each([
      ['rejects', rejecting],
      ['has no keys', async () => ({})],
    ])('a credential that %s is misconfigured', async (_what, getCredential) => {
      const flow = await startFlow({ express, options: { credential: { getCredential } } })
      expect((await flow.send(flow.mint())).captcha?.reason).toBe('misconfigured')
      expect(flow.simulator.calls).toEqual([])
    })

    test('a credential that never comes is under the deadline, and misconfigured', async () => {
      let asked = 0
      const getCredential = () => {
        asked++
        return new Promise<never>(() => {})
      }
      const flow = await startFlow({ express, options: { timeoutMs: 100, credential: { getCredential } } })
      const answer = flow.send(flow.mint())
      await until(() => asked > 0)
      await flow.clock.advance(100)
      expect((await answer).captcha).toMatchObject({ passed: false, reason: 'misconfigured', durationMs: 100 })
    })

    test('passes from the doubt purse where the rule says so, and only as far as it goes', async () => {
      const flow = await startFlow({ express, options: { degradation: { rules: { misconfigured: 'pass' } } } })
      flow.simulator.setFault('auth_failure')
      const reasons = []
      for (let n = 0; n < 4; n++) reasons.push((await flow.send(flow.mint())).captcha?.reason)
      expect(reasons).toEqual(['misconfigured', 'misconfigured', 'misconfigured', 'budget_exhausted'])
      expect(flow.guard.snapshot().purses).toMatchObject({ doubt: { taken: 3 }, outage: { taken: 0 } })
      expect(flow.handled).toBe(3)
    })
  })

  describe('calls under way', () => {
    test('over the cap are overloaded at once, and Tencent is not asked', async () => {
      const flow = await startHeldFlow({ express, options: { maxInFlight: 2 } })
      const under = [1, 2].map((n) => flow.send(flow.mint(), { ip: clientIp(n) }))
      await until(() => flow.asked === 2)
      const over = await flow.send(flow.mint(), { ip: clientIp(3) })
      expect(over.captcha).toMatchObject({ passed: true, degraded: true, cause: 'overloaded', durationMs: 0 })
      expect(flow.handled).toBe(1)
      flow.letGo()
      expect((await Promise.all(under)).map(({ captcha }) => captcha?.reason)).toEqual(['verified', 'verified'])
      expect(flow.asked).toBe(2)
      expect(flow.guard.snapshot()).toMatchObject({ inFlight: 0, purses: { doubt: { taken: 1 } } })
    })

    test.each([
      ['without history has a sixty-fourth of the room', 128, false],
      ['with history has a sixteenth of the room', 32, true],
    ])('a client %s at most', async (_what, maxInFlight, isKnown) => {
      const flow = await startHeldFlow({ express, options: { maxInFlight } })
      if (isKnown) {
        flow.letGo()
        expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
        flow.hold()
      }
      const before = flow.asked
      const under = [1, 2].map(() => flow.send(flow.mint()))
      await until(() => flow.asked === before + 2)
      expect((await flow.send(flow.mint())).captcha?.cause).toBe('overloaded')
      const other = flow.send(flow.mint(), { ip: clientIp(1) })
      await until(() => flow.asked === before + 3)
      flow.letGo()
      expect((await other).captcha?.reason).toBe('verified')
      expect((await Promise.all(under)).map(({ captcha }) => captcha?.reason)).toEqual(['verified', 'verified'])
    })
  })
})
