import { describe, expect, test } from '@jest/globals'
import { type CaptchaGuard, type CaptchaGuardOptions, requireCaptcha } from '../../lib/index.js'
import { expectRetryAfter } from '../support/retry-after.js'
import { breakApi, clientIp, expressVersions, type Flow, quickCircuit, startFlow, until } from './support.js'

const strict = () => requireCaptcha({ allowDegraded: false })

describe.each(expressVersions)('on %s', (_name, express) => {
  /** The flow's guard, then one more of the same app with these options on top. */
  function startTwo(first: Partial<CaptchaGuardOptions>, second: Partial<CaptchaGuardOptions>): Promise<Flow> {
    return startFlow({
      express,
      options: first,
      route: (guard, flow) => [flow.watch(guard), flow.watch(flow.newGuard({ ...flow.options, ...second }))],
    })
  }

  test('Tencent is asked once, and both pass', async () => {
    const flow = await startTwo({ mode: 'observe' }, { mode: 'enforce' })
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
    expect(flow.asked).toBe(1)
    expect(flow.visits).toHaveLength(2)
  })

  test('the reply is reused for a refusal; the second mode decides', async () => {
    const flow = await startTwo({ mode: 'observe' }, { mode: 'enforce' })
    expect(await flow.send(flow.mint({ code: 15 }))).toMatchObject({
      status: 403,
      captcha: { reason: 'ticket_invalid' },
    })
    expect(flow.asked).toBe(1)
    expect(flow.handled).toBe(0)
  })

  test('a reply that failed is reused: no request waits for a timeout twice, and one purse pays', async () => {
    const degradation = { circuit: { canaryIntervalMs: 60_000, canaryMaxIntervalMs: 60_000 } }
    const seconds: CaptchaGuard[] = []
    const flow = await startFlow({
      express,
      options: { timeoutMs: 150, degradation },
      route: (guard, { options, watch, newGuard }) => {
        seconds.push(newGuard(options))
        return [guard, ...seconds].map(watch)
      },
    })
    const answer = flow.send(flow.mint({ fault: 'hang' }))
    await until(() => flow.asked === 1)
    await flow.clock.advance(150)
    // No more time passes, so nothing that waits for a timeout could answer.
    expect((await answer).captcha).toMatchObject({ passed: true, cause: 'timeout' })
    expect(flow.asked).toBe(1)
    expect(flow.guard.snapshot().purses.doubt.taken).toBe(1)
    expect(seconds[0]?.snapshot().purses.doubt.taken).toBe(1)
  })

  test.each<[string, (flow: Flow) => ReturnType<typeof strict>]>([
    [
      'guard',
      ({ options, newGuard }) => newGuard({ ...options, degradation: { rules: { client_fallback: 'refuse' } } }),
    ],
    ['requireCaptcha()', strict],
  ])('a stricter %s behind a handler that has answered gives no pass back', async (_what, behind) => {
    let answered = 0
    const flow = await startFlow({
      express,
      route: (guard, flow) => [
        guard,
        (_req, res, next) => {
          answered++
          res.end('{}')
          next()
        },
        behind(flow),
      ],
    })
    const token = flow.fallback()
    expect((await flow.send(token)).status).toBe(200)
    expect((await flow.send(token)).status).toBe(403)
    expect([answered, flow.guard.snapshot().purses.doubt.taken]).toEqual([1, 1])
  })

  test('the second applies its own rules', async () => {
    const flow = await startTwo({}, { degradation: { rules: { internal_error: 'refuse' } } })
    expect(await flow.turnFor(flow.send(flow.mint({ fault: 'internal_error' })))).toMatchObject({
      status: 503,
      captcha: { reason: 'degradation_refused', cause: 'internal_error' },
    })
    expect(flow.asked).toBe(1)
  })

  test('the second passes what the first observed refusing', async () => {
    const flow = await startTwo(
      { mode: 'observe', degradation: { rules: { internal_error: 'refuse' } } },
      { degradation: {} },
    )
    expect((await flow.turnFor(flow.send(flow.mint({ fault: 'internal_error' })))).captcha).toMatchObject({
      passed: true,
      cause: 'internal_error',
    })
    expect(flow.asked).toBe(1)
  })

  test('a fallback ticket passes both and draws once', async () => {
    const seconds: CaptchaGuard[] = []
    const flow = await startFlow({
      express,
      route: (guard, { options, watch, newGuard }) => {
        seconds.push(newGuard(options))
        return [guard, ...seconds].map(watch)
      },
    })
    const token = flow.fallback()
    expect((await flow.send(token)).captcha).toMatchObject({ passed: true, cause: 'client_fallback' })
    expect(flow.guard.snapshot().purses.doubt.taken).toBe(1)
    expect(seconds[0]?.snapshot().purses.doubt.taken).toBe(1)
    expect((await flow.send(token)).captcha?.reason).toBe('fallback_replayed')
  })

  test('the same guard twice is no replay', async () => {
    const flow = await startFlow({ express, route: (guard, { watch }) => [watch(guard), watch(guard)] })
    const token = flow.mint()
    expect((await flow.send(token)).captcha?.reason).toBe('verified')
    expect((await flow.send(token)).captcha?.reason).toBe('ticket_reused')
    const fallback = flow.fallback()
    expect((await flow.send(fallback)).captcha?.reason).toBe('client_fallback')
    expect(flow.guard.snapshot().purses.doubt.taken).toBe(1)
    expect(flow.asked).toBe(1)
  })

  test('a ticket that a first guard refused as used is not let in by a second', async () => {
    const flow = await startTwo({ mode: 'observe' }, { mode: 'enforce' })
    const token = flow.mint()
    expect((await flow.send(token)).status).toBe(200)
    expect(await flow.send(token)).toMatchObject({ status: 403, captcha: { reason: 'ticket_reused' } })
  })

  test('guards of two apps are two visits', async () => {
    const flow = await startFlow({
      express,
      options: { mode: 'observe' },
      route: (guard, { options, watch, newGuard }) => [
        watch(newGuard({ ...options, captchaAppId: 190000099 })),
        watch(guard),
      ],
    })
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
    expect(flow.asked).toBe(2)
  })

  test('a call released by the opening circuit is not asked again by the second guard', async () => {
    const circuit = { canaryIntervalMs: 50, canaryMaxIntervalMs: 50 }
    const flow = await startTwo({ timeoutMs: 5000, degradation: { circuit } }, { timeoutMs: 5000 })
    flow.simulator.setFault('hang', { only: 'ordinary' })
    const waiting = flow.send(flow.mint(), { ip: clientIp(1) })
    await until(() => flow.asked === 1)
    flow.simulator.setFault('internal_error', { only: 'canary' })
    // Long before the deadline of either guard.
    const { captcha } = await flow.turnFor(waiting, 2500)
    expect(captcha?.cause).toBe('circuit_open')
    expect(flow.asked).toBe(1)
  })

  describe('requireCaptcha', () => {
    const behind = (options: Partial<CaptchaGuardOptions>, required = strict()) =>
      startFlow({ express, options, route: (guard, { watch }) => [watch(guard), required] })

    test('a degraded pass that is not good enough goes back to the purse, its ticket too', async () => {
      const flow = await behind({ degradation: { circuit: { canaryIntervalMs: 60_000, canaryMaxIntervalMs: 60_000 } } })
      const token = flow.fallback()
      for (let attempt = 0; attempt < 10; attempt++) {
        expect((await flow.send(token)).status).toBe(503)
      }
      expect(flow.guard.snapshot().purses.doubt).toMatchObject({ taken: 0, remaining: 10, refusedByClientLimit: 0 })
    })

    test('lets a verified request go on', async () => {
      const flow = await behind({})
      expect((await flow.send(flow.mint())).status).toBe(200)
    })

    test('answers a degraded pass with 503, and says when to come back', async () => {
      const flow = await behind({})
      const reply = await flow.send(flow.fallback())
      expect(reply).toMatchObject({ status: 503, body: { code: 'captcha_unavailable' }, captcha: { passed: true } })
      expect(reply.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
      })
      expectRetryAfter(reply.headers['retry-after'])
      expect(flow.handled).toBe(0)
    })

    test('lets a degraded pass go on where it is allowed', async () => {
      const flow = await behind({}, requireCaptcha())
      expect((await flow.send(flow.fallback())).status).toBe(200)
    })

    test.each([
      [400, 'captcha_required', (_: Flow) => ({})],
      [400, 'captcha_invalid', (_: Flow) => ({ ticket: 1, randstr: 1 })],
      [403, 'captcha_expired', (flow: Flow) => flow.mint({ code: 9 })],
      [403, 'captcha_invalid', (flow: Flow) => flow.fallback({ ageMs: 400_000 })],
      [503, 'captcha_unavailable', (flow: Flow) => flow.mint({ fault: 'auth_failure' })],
    ] as const)('answers what did not pass with %i %s', async (status, code, token) => {
      const flow = await behind({ mode: 'observe' })
      expect(await flow.send(token(flow))).toMatchObject({ status, body: { status, code } })
      expect(flow.handled).toBe(0)
    })

    test('without a guard goes to next(error), and passes no request', async () => {
      const flow = await startFlow({ express, route: () => [strict()] })
      expect((await flow.send(flow.mint())).status).toBe(500)
      expect(flow.errors).toEqual([expect.objectContaining({ message: expect.stringContaining('captchaGuard') })])
    })

    test('behind a skipped guard goes to next(error), too', async () => {
      const flow = await behind({ skip: () => true })
      expect((await flow.send(flow.mint())).status).toBe(500)
    })

    test('answers 503 after two guards in an outage, and what was drawn is given back', async () => {
      const options = { degradation: { circuit: quickCircuit } }
      const flow = await startFlow({
        express,
        options: { ...options, mode: 'observe' },
        route: (guard, { watch }) => [watch(guard), watch(guard), strict()],
      })
      await breakApi(flow)
      const before = flow.guard.snapshot().purses.outage.taken
      expect((await flow.send(flow.mint(), { ip: clientIp(1) })).status).toBe(503)
      expect(flow.guard.snapshot().purses.outage.taken).toBe(before)
    })

    test.each([
      ['an unknown option', { allowDegrade: false }, /unknown option `allowDegrade`/],
      ['a string', { allowDegraded: 'no' }, /`allowDegraded` is .no.; it must be true or false/],
    ])('%s throws when it is made', (_what, options, message) => {
      expect(() => requireCaptcha(options as never)).toThrow(message)
    })
  })
})
