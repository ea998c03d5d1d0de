import { describe, expect, test } from '@jest/globals'
import { breakApi, clientIp, expressVersions, quickCircuit, startFlow } from './support.js'

const degradation = { circuit: quickCircuit, lateVerification: false }

describe.each(expressVersions)('on %s', (_name, express) => {
  test('missing comes before a rule and the purse', async () => {
    const flow = await startFlow({
      express,
      options: { degradation: { ...degradation, outage: { perClient: { limit: 0 } } } },
    })
    await breakApi(flow)
    expect((await flow.send({})).captcha?.reason).toBe('ticket_missing')
  })

  test('malformed comes before the override', async () => {
    const flow = await startFlow({ express })
    flow.guard.override('pass', { forMs: 60_000 })
    expect((await flow.send({ ticket: 7, randstr: '@abc' })).captcha?.reason).toBe('ticket_malformed')
    expect((await flow.send({ ticket: 'trerror_x', randstr: '@abc' })).captcha?.reason).toBe('ticket_malformed')
    expect(flow.guard.snapshot().purses.outage.taken).toBe(0)
  })

  test('replay comes before the override', async () => {
    const flow = await startFlow({ express })
    const token = flow.mint()
    await flow.send(token)
    flow.guard.override('pass', { forMs: 60_000 })
    expect(await flow.send(token)).toMatchObject({ status: 403, captcha: { reason: 'ticket_reused', degraded: false } })
  })

  test('replay of a fallback ticket comes before its age', async () => {
    const flow = await startFlow({ express, options: { degradation: { fallback: { maxAgeMs: 2000 } } } })
    const token = flow.fallback()
    expect((await flow.send(token)).captcha?.reason).toBe('client_fallback')
    await flow.clock.advance(2100)
    expect((await flow.send(token)).captcha?.reason).toBe('fallback_replayed')
    const unused = { ...token, randstr: '@new' }
    expect((await flow.send(unused)).captcha?.reason).toBe('fallback_stale')
  })

  test('a stale fallback ticket comes before the override, and costs nothing', async () => {
    const flow = await startFlow({ express })
    flow.guard.override('pass', { forMs: 60_000 })
    const old = flow.fallback({ ageMs: 310_000 })
    expect(await flow.send(old)).toMatchObject({
      status: 403,
      body: { code: 'captcha_invalid' },
      captcha: { reason: 'fallback_stale', degraded: true, cause: 'client_fallback', clientErrorCode: 1001 },
    })
    const ahead = flow.fallback({ ageMs: -70_000 })
    expect((await flow.send(ahead)).captcha?.reason).toBe('fallback_stale')
    expect(flow.guard.snapshot().purses.outage.taken).toBe(0)
  })

  test('a fallback ticket a little ahead of our clock, or just in time, is good', async () => {
    const flow = await startFlow({ express })
    expect((await flow.send(flow.fallback({ ageMs: -50_000 }))).captcha?.reason).toBe('client_fallback')
    const late = flow.fallback({ ageMs: 290_000 })
    expect((await flow.send(late, { ip: clientIp(1) })).captcha?.reason).toBe('client_fallback')
    expect(flow.simulator.calls).toEqual([])
  })

  test('the override comes before the rule', async () => {
    const rule = () => {
      throw new Error('not to be asked')
    }
    const flow = await startFlow({ express, options: { degradation: { rules: { client_fallback: rule } } } })
    flow.guard.override('verify_only')
    expect((await flow.send(flow.fallback())).captcha?.reason).toBe('degradation_refused')
    flow.guard.override('pass', { forMs: 60_000 })
    expect((await flow.send(flow.fallback())).captcha).toMatchObject({ passed: true, cause: 'override' })
    expect(flow.errors).toEqual([])
  })

  test('the rule comes before the purse', async () => {
    const rules = { client_fallback: 'refuse' } as const
    const flow = await startFlow({ express, options: { degradation: { rules, doubt: { perClient: { limit: 0 } } } } })
    expect((await flow.send(flow.fallback())).captcha?.reason).toBe('degradation_refused')
    const { taken, refusedByClientLimit } = flow.guard.snapshot().purses.doubt
    expect([taken, refusedByClientLimit]).toEqual([0, 0])
  })

  test('an empty purse is the last reason', async () => {
    const flow = await startFlow({ express, options: { degradation: { doubt: { perClient: { limit: 0 } } } } })
    expect(await flow.send(flow.fallback())).toMatchObject({
      status: 503,
      body: { code: 'captcha_unavailable' },
      captcha: { reason: 'budget_exhausted', degraded: true, cause: 'client_fallback' },
    })
  })

  test('a reused ticket is refused while the circuit is open', async () => {
    const flow = await startFlow({ express, options: { degradation } })
    const verified = flow.mint()
    await flow.send(verified, { ip: clientIp(1) })
    await breakApi(flow)
    const before = flow.guard.snapshot().purses.outage.taken
    expect((await flow.send(verified, { ip: clientIp(1) })).captcha?.reason).toBe('ticket_reused')
    const degraded = flow.mint()
    expect((await flow.send(degraded, { ip: clientIp(2) })).captcha?.reason).toBe('circuit_open')
    expect((await flow.send(degraded, { ip: clientIp(2) })).captcha?.reason).toBe('ticket_reused')
    expect((await flow.send(degraded, { ip: clientIp(3) })).captcha?.reason).toBe('ticket_reused')
    expect(flow.guard.snapshot().purses.outage.taken - before).toBe(1)
  })

  test('a ticket that passed twice at once passes once', async () => {
    const flow = await startFlow({ express, options: { degradation } })
    await breakApi(flow)
    const before = flow.guard.snapshot().purses.outage.taken
    const token = flow.mint()
    const replies = await Promise.all(Array.from({ length: 8 }, (_, n) => flow.send(token, { ip: clientIp(n) })))
    expect(replies.filter(({ captcha }) => captcha?.passed)).toHaveLength(1)
    expect(flow.guard.snapshot().purses.outage.taken - before).toBe(1)
  })

  test('a verified ticket sent eight times at once passes once', async () => {
    const flow = await startFlow({ express })
    const token = flow.mint()
    const replies = await Promise.all(Array.from({ length: 8 }, (_, n) => flow.send(token, { ip: clientIp(n) })))
    expect(replies.filter(({ captcha }) => captcha?.passed)).toHaveLength(1)
    for (const { captcha } of replies) expect(['verified', 'ticket_reused']).toContain(captcha?.reason)
  })

  test('a malformed ticket spends no purse', async () => {
    const flow = await startFlow({ express, options: { degradation } })
    await breakApi(flow)
    const before = flow.guard.snapshot().purses.outage.taken
    for (const ticket of ['terror_1001_1_1', ['x'], 'x'.repeat(2049)]) await flow.send({ ticket, randstr: '@abc' })
    const { taken, refusedByClientLimit, refusedByTotal } = flow.guard.snapshot().purses.outage
    expect([taken - before, refusedByClientLimit, refusedByTotal]).toEqual([0, 0, 0])
  })

  test('a ticket refused by Tencent is not marked as used', async () => {
    const flow = await startFlow({ express })
    const token = flow.mint()
    expect((await flow.send({ ...token, randstr: '@bad' })).captcha?.reason).toBe('randstr_mismatch')
    expect((await flow.send(token)).captcha?.reason).toBe('verified')
  })

  test('a ticket refused by an empty purse is not marked as used', async () => {
    const doubt = { perClient: { limit: 0 } }
    const flow = await startFlow({ express, options: { degradation: { doubt } } })
    flow.simulator.setFault('internal_error', { only: 'ordinary' })
    const token = flow.mint()
    expect((await flow.send(token)).captcha?.reason).toBe('budget_exhausted')
    flow.simulator.setFault(null)
    expect((await flow.send(token)).captcha?.reason).toBe('verified')
  })

  test('a ticket refused by a rule is not marked as used', async () => {
    let action: 'pass' | 'refuse' = 'refuse'
    const rules = { client_fallback: () => action }
    const flow = await startFlow({ express, options: { degradation: { rules } } })
    const token = flow.fallback()
    expect((await flow.send(token)).captcha?.reason).toBe('degradation_refused')
    action = 'pass'
    expect((await flow.send(token)).captcha?.reason).toBe('client_fallback')
    expect((await flow.send(token)).captcha?.reason).toBe('fallback_replayed')
  })

  test('the same fallback ticket with another randstr is another visit', async () => {
    const flow = await startFlow({ express })
    const token = flow.fallback()
    expect((await flow.send(token)).captcha?.reason).toBe('client_fallback')
    expect((await flow.send({ ...token, randstr: '@xyz' }, { ip: clientIp(1) })).captcha?.reason).toBe(
      'client_fallback',
    )
    expect(await flow.send(token)).toMatchObject({
      status: 403,
      body: { code: 'captcha_invalid' },
      captcha: { reason: 'fallback_replayed', degraded: true, cause: 'client_fallback' },
    })
  })

  test.each(['TERROR_', 'terror_', 'TrError_', ' trerror_', 'trerror_'])(
    'spelled %j, a fallback ticket is the same ticket',
    async (spelling) => {
      const flow = await startFlow({ express })
      const token = flow.fallback()
      expect((await flow.send(token)).captcha?.reason).toBe('client_fallback')
      const respelled = { ...token, ticket: `${token.ticket.replace('trerror_', spelling)} ` }
      expect((await flow.send(respelled, { ip: clientIp(5) })).captcha?.reason).toBe('fallback_replayed')
    },
  )

  test('the joined form of a fallback ticket is the same ticket', async () => {
    const flow = await startFlow({ express })
    const token = flow.fallback()
    expect((await flow.send(token)).captcha?.reason).toBe('client_fallback')
    const joined = { ...token, ticket: token.ticket.replace(/_(\d{10})$/, '$1') }
    expect((await flow.send(joined)).captcha?.reason).toBe('fallback_replayed')
  })

  test('an ordinary ticket with blanks around it is the same ticket', async () => {
    const flow = await startFlow({ express })
    const token = flow.mint()
    await flow.send(token)
    expect((await flow.send({ ...token, ticket: ` ${token.ticket} ` })).captcha?.reason).toBe('ticket_reused')
    expect(flow.asked).toBe(1)
  })

  test('a fallback ticket never goes to Tencent and is never verified', async () => {
    const flow = await startFlow({ express })
    const tickets = [
      flow.fallback(),
      flow.fallback({ prefix: 'TERROR', code: 1006, tail: '_7201234567890123456' }),
      flow.fallback({ prefix: 'terror', code: 1014 }),
    ]
    for (const [index, token] of tickets.entries()) {
      const { captcha } = await flow.send(token, { ip: clientIp(index) })
      expect(captcha).toMatchObject({ passed: true, degraded: true, cause: 'client_fallback' })
    }
    expect(flow.simulator.calls).toEqual([])
  })
})
