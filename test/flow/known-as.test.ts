import { describe, expect, test } from '@jest/globals'
import type { CaptchaGuardOptions } from '../../lib/index.js'
import { memoryStore } from '../../lib/index.js'
import { breakApi, clientIp, expressVersions, type Flow, logBook, quickCircuit, startFlow } from './support.js'

const fromHeader: CaptchaGuardOptions['knownAs'] = (req) => req.headers['x-user'] as string | undefined
const degradation = { circuit: quickCircuit, outage: { total: { startPerMinute: 6000 } } } as const
const ip = '203.0.113.9'

async function brokenSite(options: Partial<CaptchaGuardOptions> = {}): Promise<Flow> {
  const flow = await startFlow({ options: { knownAs: fromHeader, degradation, ...options } })
  await breakApi(flow)
  return flow
}

/** Requests one after the other; how many passed. */
async function passes(flow: Flow, times: number, user: (index: number) => string | undefined, from = ip) {
  let passed = 0
  for (let index = 0; index < times; index++) {
    const identity = user(index)
    const headers: Record<string, string> = identity === undefined ? {} : { 'x-user': identity }
    const { status } = await flow.send(flow.mint(), { ip: from, headers })
    if (status === 200) passed++
  }
  return passed
}

describe.each([
  ['memory', undefined],
  ['a store', memoryStore],
] as const)('with %s, an identity that the application vouches for', (_name, newStore) => {
  const options = () => (newStore ? { store: newStore() } : {})

  test('has five passes a minute in an outage, at whatever address', async () => {
    const flow = await brokenSite(options())
    expect(await passes(flow, 4, () => 'mei')).toBe(4)
    expect(await passes(flow, 4, () => 'mei', clientIp(1))).toBe(1)
    expect(await passes(flow, 1, () => 'li')).toBe(1)
  })

  test('has passes that are counted apart from those of its address: a hundred a minute for all of them', async () => {
    const flow = await brokenSite(options())
    expect(await passes(flow, 130, (index) => `user ${index}`)).toBe(100)
    expect(await passes(flow, 25, () => undefined)).toBe(20)
    expect(await passes(flow, 2, (index) => `user ${index}`, clientIp(1))).toBe(2)
  })

  test('has three passes in ten minutes from doubt', async () => {
    const flow = await startFlow({ options: { knownAs: fromHeader, ...options() } })
    const sent = []
    for (let index = 0; index < 5; index++) {
      sent.push(await flow.send(flow.fallback({ randstr: `@${index}` }), { ip, headers: { 'x-user': 'mei' } }))
    }
    expect(sent.map(({ status }) => status)).toEqual([200, 200, 200, 503, 503])
  })

  test('draws on the reserve where strangers have emptied their half', async () => {
    const small = { circuit: quickCircuit, outage: { total: { startPerMinute: 60 } } }
    const flow = await brokenSite({ ...options(), degradation: small })
    for (let index = 0; index < 10; index++) await passes(flow, 1, () => undefined, clientIp(index))
    expect(await passes(flow, 1, () => undefined, clientIp(20))).toBe(0)
    expect(await passes(flow, 1, () => 'mei', clientIp(21))).toBe(1)
  })
})

test('a closed purse stays closed for an identity, and a smaller limit holds for it', async () => {
  const closed = await brokenSite({ degradation: { ...degradation, outage: { perClient: { limit: 0 } } } })
  expect(await passes(closed, 1, () => 'mei')).toBe(0)
  const small = await brokenSite({ degradation: { ...degradation, outage: { perClient: { limit: 2 } } } })
  expect(await passes(small, 4, () => 'mei')).toBe(2)
})

test('an identity teaches no baseline and gives its address the history that it would have had', async () => {
  const flow = await startFlow({ options: { knownAs: fromHeader, degradation } })
  await flow.send(flow.mint(), { ip, headers: { 'x-user': 'mei' } })
  await breakApi(flow)
  for (let index = 0; index < 60; index++) await passes(flow, 1, () => undefined, clientIp(index))
  expect(await passes(flow, 1, () => undefined)).toBe(1)
})

describe.each(expressVersions)('on %s', (_name, express) => {
  test.each<[string, unknown]>([
    ['a number', 7],
    ['an object', {}],
    ['a promise', Promise.resolve('mei')],
    ['false', false],
  ])('a knownAs that returns %s is a TypeError that names the option', async (_what, value) => {
    const flow = await startFlow({ express, options: { knownAs: () => value as string } })
    expect((await flow.send(flow.mint())).status).toBe(500)
    expect(String(flow.errors[0])).toMatch(/^TypeError: .*`knownAs`/)
  })

  test('undefined, null and an empty text are no identity', async () => {
    for (const none of [undefined, null, '']) {
      const flow = await startFlow({ express, options: { knownAs: () => none, degradation } })
      await breakApi(flow)
      expect(await passes(flow, 7, () => undefined)).toBe(7)
    }
  })
})

test('an identity equals no address and no client key, and a long one is told from another that begins like it', async () => {
  const flow = await brokenSite({ clientKey: (req) => req.headers['x-key'] as string | undefined })
  expect(await passes(flow, 6, () => ip)).toBe(5)
  expect(await passes(flow, 1, () => undefined)).toBe(1)
  const asKey = { ip: clientIp(2), headers: { 'x-key': `known:${ip}` } }
  expect((await flow.send(flow.mint(), asKey)).status).toBe(200)
  const long = 'x'.repeat(4000)
  expect(await passes(flow, 6, () => `${long}1`, clientIp(3))).toBe(5)
  expect(await passes(flow, 1, () => `${long}2`, clientIp(3))).toBe(1)
})

test('check() takes an identity, and rejects one of another type', async () => {
  const flow = await brokenSite()
  const check = (knownAs: unknown) =>
    flow.guard.check({ ...flow.mint(), userIp: ip, knownAs: knownAs as string | undefined })
  const verdicts = []
  for (let index = 0; index < 7; index++) verdicts.push(await check('mei'))
  expect(verdicts.filter(({ passed }) => passed)).toHaveLength(5)
  expect((await check(null)).passed).toBe(true)
  await expect(check(7)).rejects.toThrow(/`knownAs`/)
  await expect(check(Promise.resolve('mei'))).rejects.toThrow(/`knownAs`/)
})

test('a guard without knownAs that refused leaves the request to one with it', async () => {
  const flow = await startFlow({
    options: { mode: 'observe', degradation: { circuit: quickCircuit, outage: { perClient: { limit: 1 } } } },
    route: (guard, { options, watch, newGuard }) => [
      guard,
      watch(newGuard({ ...options, mode: 'enforce', knownAs: fromHeader })),
    ],
  })
  await breakApi(flow)
  const send = () => flow.send(flow.mint(), { ip, headers: { 'x-user': 'mei' } })
  expect([(await send()).status, (await send()).status, (await send()).status]).toEqual([200, 200, 503])
})

test('no line of the log holds an identity', async () => {
  const { logger, raw } = logBook()
  const flow = await brokenSite({ logger })
  await passes(flow, 7, () => 'mei.lin@shop.example')
  expect(raw.join('')).toContain('captcha_degraded')
  expect(raw.join('')).not.toContain('mei.lin')
})
