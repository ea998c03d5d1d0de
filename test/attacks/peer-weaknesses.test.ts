import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { CaptchaConfigError, type CaptchaGuardOptions, captchaGuard } from '../../lib/index.js'
import { startHeldFlow } from '../flow/held-api.js'
import { clientIp, type Flow, startFlow, until } from '../flow/support.js'
import { peerWeaknesses } from './peer-weaknesses.js'

const doubtLimit = 3

test.each(peerWeaknesses)('$weakness: a test keeps that out', ({ file, test: title }) => {
  const source = readFileSync(file, 'utf8')
  const isTest = [`test('${title}'`, `'${title}',`].some((text) => source.includes(text))
  expect({ file, title, isTest }).toEqual({ file, title, isTest: true })
})

/** How many of these tokens pass. */
async function passes(flow: Flow, tokens: readonly object[], ip: (index: number) => string): Promise<number> {
  let passed = 0
  for (const [index, token] of tokens.entries()) {
    const { captcha } = await flow.send(token, { ip: ip(index) })
    if (captcha?.passed) passed++
  }
  return passed
}

const alone = () => '203.0.113.7'

describe('what opens the door of a peer', () => {
  test('a wrong secret opens no door', async () => {
    const flow = await startFlow({ options: { credential: { secretId: 'wrong', secretKey: 'wrong' } } })
    const { status, captcha } = await flow.send(flow.mint())
    expect([status, captcha?.passed, captcha?.reason]).toEqual([503, false, 'misconfigured'])
  })

  test('a quota that a flood has spent opens no door', async () => {
    const flow = await startFlow()
    flow.simulator.setFault('request_limit_exceeded')
    const junk = Array.from({ length: 40 }, (_, index) => ({ ticket: `tr03junk${index}*`, randstr: '@abc' }))
    const passed = await passes(flow, junk, clientIp)
    // The doubt purse holds ten, half of it for keys without history; it earns one in six seconds.
    expect(passed).toBeLessThanOrEqual(10)
    expect(flow.guard.snapshot().circuit.state).toBe('closed')
  })

  test('a missing secret makes no guard', () => {
    const options = { captchaAppId: 1, credential: { secretId: 'i', secretKey: 'k' } }
    expect(() => captchaGuard(options as CaptchaGuardOptions)).toThrow(CaptchaConfigError)
    expect(() => captchaGuard({ ...options, appSecretKey: '' })).toThrow(CaptchaConfigError)
  })

  test('a request without a token is refused', async () => {
    const flow = await startFlow()
    for (const token of [undefined, {}, { ticket: null }, { ticket: '', randstr: '' }]) {
      expect((await flow.send(token)).status).toBe(400)
    }
    flow.simulator.setFault('internal_error')
    expect((await flow.send({})).status).toBe(400)
    expect(flow.handled).toBe(0)
  })

  test('a ticket that passed does not pass again, verified or degraded', async () => {
    const flow = await startFlow()
    const verified = flow.mint()
    const degraded = flow.fallback()
    for (const token of [verified, degraded]) {
      expect((await flow.send(token)).captcha?.passed).toBe(true)
      expect((await flow.send(token, { ip: clientIp(1) })).captcha?.passed).toBe(false)
    }
    expect(flow.asked).toBe(1)
  })

  test('made-up fallback tickets pass no more often than the doubt purse allows', async () => {
    const flow = await startFlow()
    const made = (count: number) => Array.from({ length: count }, (_, index) => flow.fallback({ randstr: `@${index}` }))
    expect(await passes(flow, made(20), alone)).toBe(doubtLimit)
    expect(
      await passes(
        flow,
        made(40).map((token) => ({ ...token, randstr: `x${token.randstr}` })),
        clientIp,
      ),
    ).toBeLessThanOrEqual(5)
    expect(flow.asked).toBe(0)
  })

  test('a timeout is a degraded pass at most, and says so', async () => {
    const flow = await startFlow({ options: { timeoutMs: 50 } })
    flow.simulator.setFault('hang')
    const { captcha } = await flow.turnFor(flow.send(flow.mint()))
    expect(captcha).toMatchObject({ degraded: true, cause: expect.stringMatching(/^(timeout|circuit_open)$/) })
  })
})

describe('what a caller writes', () => {
  const hostile = [
    'x&CaptchaAppId=1&AppSecretKey=y',
    '","CaptchaAppId":1,"x":"',
    'x%26a%3Db',
    "'; DROP TABLE tickets; --",
    '<a>&amp;</a>',
    'a\\u0022b',
  ]

  test('a ticket becomes no other parameter of the request to Tencent', async () => {
    const seen: Record<string, unknown>[] = []
    const client = {
      async request(_action: string, params: Record<string, unknown>) {
        seen.push(params)
        return { CaptchaCode: 15 }
      },
    }
    const flow = await startFlow({ options: { client, degradation: { fallback: { probe: false } } } })
    for (const ticket of hostile) await flow.send({ ticket, randstr: ticket })
    expect(seen.map(({ Ticket, Randstr }) => [Ticket, Randstr])).toEqual(hostile.map((ticket) => [ticket, ticket]))
    for (const { CaptchaAppId } of seen) expect(CaptchaAppId).toBe(flow.simulator.captchaAppId)
  })

  test('a ticket that breaks formats makes no failure out of a refusal', async () => {
    const flow = await startFlow()
    for (const [index, ticket] of hostile.entries()) {
      const { captcha } = await flow.send({ ticket, randstr: ticket }, { ip: clientIp(index) })
      expect(captcha).toMatchObject({ passed: false, degraded: false, reason: 'ticket_invalid' })
    }
  })

  test('a ticket that is sent twice in one request is malformed', async () => {
    const flow = await startFlow()
    const { ticket, randstr } = flow.mint()
    expect((await flow.send({ ticket: [ticket, ticket], randstr })).captcha?.reason).toBe('ticket_malformed')
    const headers = { 'x-captcha-ticket': 'tr03other*' }
    expect((await flow.send({ ticket, randstr }, { headers })).captcha?.reason).toBe('ticket_malformed')
    expect(flow.asked).toBe(0)
  })

  test('a header of the caller is no address and no second purse', async () => {
    const flow = await startFlow({ trustProxy: false })
    const made = Array.from({ length: 12 }, (_, index) => flow.fallback({ randstr: `@${index}` }))
    expect(await passes(flow, made, clientIp)).toBe(doubtLimit)
  })

  test('an IPv4-mapped address has the limit of its IPv4 address alone', async () => {
    const flow = await startFlow()
    const made = (from: number) =>
      Array.from({ length: 4 }, (_, index) => flow.fallback({ randstr: `@${from + index}` }))
    const spellings = ['203.0.113.1', '::ffff:203.0.113.1', '::ffff:cb00:7101', '::FFFF:203.0.113.1']
    expect(await passes(flow, made(0), (index) => spellings[index] as string)).toBe(doubtLimit)
    expect(await passes(flow, made(4).slice(0, 1), () => '::ffff:203.0.113.2')).toBe(1)
  })

  test('the addresses of one IPv6 subscriber share one limit', async () => {
    const flow = await startFlow()
    const made = Array.from({ length: 8 }, (_, index) => flow.fallback({ randstr: `@${index}` }))
    expect(await passes(flow, made, (index) => `2001:db8:0:${index.toString(16)}::${index}`)).toBe(doubtLimit)
  })
})

describe('what a package leaves in the process', () => {
  test('a call leaves no timer that holds the process', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const client = { request: async () => ({ CaptchaCode: 1 }) }
    const flow = await startFlow({ options: { client, degradation: { fallback: { probe: false } } } })
    const before = timers()
    for (let index = 0; index < 20; index++) {
      await flow.guard.check({ ticket: `tr03 ${index}*`, randstr: '@abc', userIp: clientIp(index) })
    }
    expect(timers()).toBeLessThanOrEqual(before)
  })

  test('a timeout aborts no other call', async () => {
    const flow = await startHeldFlow({ options: { timeoutMs: 150 } })
    const hanging = flow.send(flow.mint({ fault: 'hang' }), { ip: clientIp(1) })
    await until(() => flow.asked === 1)
    await flow.clock.advance(100)
    const slow = flow.send(flow.mint(), { ip: clientIp(2) })
    await until(() => flow.asked === 2)
    await flow.clock.advance(50)
    expect((await hanging).captcha).toMatchObject({ cause: 'timeout', durationMs: 150 })
    flow.letGo()
    expect((await slow).captcha).toMatchObject({ reason: 'verified', durationMs: 50 })
    expect((await flow.send(flow.mint(), { ip: clientIp(3) })).captcha?.reason).toBe('verified')
  })

  test('a guard listens to no signal of the process', async () => {
    const events = [
      'SIGTERM',
      'SIGINT',
      'SIGHUP',
      'beforeExit',
      'exit',
      'uncaughtException',
      'unhandledRejection',
    ] as const
    const listeners = () => events.map((event) => process.listenerCount(event))
    const before = listeners()
    const flow = await startFlow()
    await flow.send(flow.mint())
    expect(listeners()).toEqual(before)
  })
})
