import { describe, expect, test } from '@jest/globals'
import {
  breakApi,
  clientIp,
  expressVersions,
  type Flow,
  quickCircuit,
  type Reply,
  startFlow,
  until,
} from './support.js'

function ordinary(flow: Flow) {
  return flow.simulator.calls.filter(({ ticketKind }) => ticketKind === 'ordinary')
}

describe.each(expressVersions)('on %s', (_name, express) => {
  test('while the API hangs no request waits long, Tencent sees the canary only, and verification comes back by itself', async () => {
    const degradation = { lateVerification: false, expectedPerMinute: 600 }
    const flow = await startFlow({ express, options: { timeoutMs: 500, degradation } })
    const { clock } = flow
    let client = 0
    const send = () => flow.send(flow.mint(), { ip: clientIp(client++) })
    for (let n = 0; n < 3; n++) expect((await send()).captcha?.reason).toBe('verified')

    flow.simulator.setFault('hang')
    const calls = flow.asked
    const waiting = Array.from({ length: 4 }, send)
    await until(() => flow.asked === calls + 4)
    await clock.advance(500)
    const first = await Promise.all(waiting)
    expect(first.map(({ captcha }) => captcha?.passed)).toEqual([true, true, true, true])

    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'open', 2000)
    flow.simulator.clearCalls()
    const during: Reply[] = []
    for (let n = 0; n < 40; n++) during.push(await send())
    for (const { captcha, status } of during) {
      // The clock stands still: they wait for no timer, and for no answer of Tencent.
      expect(captcha).toMatchObject({ passed: true, degraded: true, cause: 'circuit_open', durationMs: 0 })
      expect(status).toBe(200)
    }
    expect(ordinary(flow)).toEqual([])

    flow.simulator.setFault(null)
    const healedMs = clock.nowMs()
    const meanwhile: Reply[] = []
    let last: Reply
    do {
      last = await send()
      meanwhile.push(last)
      await clock.advance(50)
    } while (last.captcha?.reason !== 'verified' && clock.nowMs() - healedMs < 10_000)
    expect(last.captcha?.reason).toBe('verified')
    expect(meanwhile.every(({ captcha }) => captcha?.passed)).toBe(true)
    expect(ordinary(flow)).toMatchObject([{ outcome: 'code:1' }])
  }, 30_000)

  test('calls that wait are released when the circuit opens', async () => {
    const options = { timeoutMs: 1500, degradation: { circuit: quickCircuit } }
    const flow = await startFlow({ express, options })
    flow.simulator.setFault('hang', { only: 'ordinary' })
    const waiting = flow.send(flow.mint())
    await until(() => flow.asked === 1)
    flow.simulator.setFault('internal_error', { only: 'canary' })
    await flow.turnUntil(() => flow.handled === 1, 1200)
    const reply = await waiting
    expect(reply.captcha).toMatchObject({ passed: true, cause: 'circuit_open' })
    expect(flow.guard.snapshot().circuit.state).toBe('open')
    await until(() => ordinary(flow)[0]?.aborted === true)
  })

  test('one ticket that makes Tencent stumble, over and over, opens nothing', async () => {
    const doubt = { perClient: { limit: 0 } }
    const flow = await startFlow({ express, options: { degradation: { doubt, circuit: { canaryIntervalMs: 20 } } } })
    const poison = flow.mint({ fault: 'internal_error' })
    const states = new Set<string>()
    const honest: Reply[] = []
    for (let n = 0; n < 60; n++) {
      const ip = clientIp(n)
      const attacks = Array.from({ length: 3 }, () => flow.send(poison, { ip }))
      honest.push(await flow.send(flow.mint(), { ip: clientIp(100 + n) }))
      for (const { captcha } of await flow.turnFor(Promise.all(attacks))) {
        expect(captcha).toMatchObject({ passed: false, cause: 'internal_error', reason: 'budget_exhausted' })
      }
      states.add(flow.guard.snapshot().circuit.state)
    }
    // Requests that bring the ticket at once share a call.
    const stumbles = flow.simulator.calls.filter(({ outcome }) =>
      /error:InternalError|fault:internal_error/.test(outcome),
    )
    expect(stumbles.length).toBeGreaterThanOrEqual(60)
    expect(honest.map(({ captcha }) => captcha?.reason)).toEqual(honest.map(() => 'verified'))
    expect(states.has('open')).toBe(false)
    expect(flow.guard.snapshot().purses.outage.taken).toBe(0)
  }, 30_000)

  test('with the default purse, that ticket passes once, from doubt', async () => {
    const flow = await startFlow({ express })
    const poison = flow.mint({ fault: 'internal_error' })
    const reasons = []
    for (let n = 0; n < 10; n++) {
      reasons.push((await flow.turnFor(flow.send(poison, { ip: clientIp(n) }))).captcha?.reason)
      expect((await flow.send(flow.mint(), { ip: clientIp(100) })).captcha?.reason).toBe('verified')
    }
    expect(reasons).toEqual(['internal_error', ...Array(9).fill('ticket_reused')])
    expect(flow.guard.snapshot()).toMatchObject({
      circuit: { state: 'closed' },
      purses: { doubt: { taken: 1 }, outage: { taken: 0 } },
    })
  })

  test('many tickets that hang, beside a healthy canary, open nothing', async () => {
    const flow = await startFlow({ express, options: { timeoutMs: 100 } })
    const states = new Set<string>()
    for (let n = 0; n < 8; n++) {
      const poison = flow.send(flow.mint({ fault: 'hang' }), { ip: clientIp(n) })
      expect((await flow.send(flow.mint(), { ip: clientIp(100) })).captcha?.reason).toBe('verified')
      await flow.turnFor(poison)
      states.add(flow.guard.snapshot().circuit.state)
    }
    expect(states.has('open')).toBe(false)
    expect(flow.guard.snapshot().purses.outage.taken).toBe(0)
  })

  test('no number of fallback tickets is evidence of anything', async () => {
    const flow = await startFlow({ express })
    const replies: Reply[] = []
    for (let n = 0; n < 40; n++) replies.push(await flow.send(flow.fallback({ randstr: `@${n}` }), { ip: clientIp(n) }))
    expect(replies.filter(({ captcha }) => captcha?.passed).length).toBeLessThanOrEqual(6)
    expect(flow.guard.snapshot()).toMatchObject({ circuit: { state: 'closed' }, purses: { outage: { taken: 0 } } })
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
  })

  test('in an outage one client has its limit, and the others their share', async () => {
    const flow = await startFlow({ express, options: { degradation: { circuit: quickCircuit } } })
    await breakApi(flow)
    let passed = 0
    for (let n = 0; n < 60; n++) {
      const { captcha } = await flow.send(flow.mint(), { ip: clientIp(1) })
      if (captcha?.passed) passed++
      else expect(captcha?.reason).toBe('budget_exhausted')
    }
    expect(passed).toBe(20)
    expect((await flow.send(flow.mint(), { ip: clientIp(2) })).captcha?.passed).toBe(true)
    expect((await flow.send(flow.fallback(), { ip: clientIp(3) })).captcha?.passed).toBe(true)
    expect(flow.guard.snapshot().purses).toMatchObject({ outage: { refusedByClientLimit: 40 } })
  })

  test('client code 1014 draws on doubt even in an outage', async () => {
    const flow = await startFlow({ express, options: { degradation: { circuit: quickCircuit } } })
    await breakApi(flow)
    const before = flow.guard.snapshot().purses
    await flow.send(flow.fallback({ code: 1014 }), { ip: clientIp(1) })
    await flow.send(flow.fallback({ code: 1006 }), { ip: clientIp(2) })
    const after = flow.guard.snapshot().purses
    expect([after.doubt.taken - before.doubt.taken, after.outage.taken - before.outage.taken]).toEqual([1, 1])
  })

  test('throttling is neutral', async () => {
    const flow = await startFlow({ express, options: { degradation: { circuit: { consecutiveFailures: 2 } } } })
    flow.simulator.setFault('request_limit_exceeded')
    for (let n = 0; n < 8; n++) await flow.send(flow.mint(), { ip: clientIp(n) })
    expect(flow.guard.snapshot()).toMatchObject({
      circuit: { state: 'closed', consecutiveFailures: 0 },
      api: { state: 'healthy' },
      purses: { outage: { taken: 0 } },
    })
  })
})
