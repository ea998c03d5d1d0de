import { request } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { apiFaults } from '../../lib/simulator/index.js'
import { startHeldFlow } from './held-api.js'
import { breakApi, clientIp, expressVersions, type Flow, quickCircuit, startFlow, until } from './support.js'

const ticketCodes = [1, 6, 7, 8, 9, 15, 16, 21, 26, 99, 100]

/** Requests of every kind. That each made the guard act exactly once is checked after every test of this folder. */
async function sendEveryKind(flow: Flow): Promise<void> {
  let client = 0
  const ip = () => ({ ip: clientIp(client++) })
  for (const fault of apiFaults) {
    if (fault !== 'refuse') await flow.turnFor(flow.send(flow.mint({ fault }), ip()))
  }
  for (const code of ticketCodes) await flow.turnFor(flow.send(flow.mint({ code }), ip()))
  for (const ticket of [undefined, 1, [], 'trerror_', 'x'.repeat(3000)])
    await flow.send({ ticket, randstr: '@abc' }, ip())
  await flow.send(flow.mint(), { ip: 'nonsense' })
  await flow.send(flow.fallback(), ip())
  await flow.send(flow.fallback(), ip())
  await flow.send(flow.fallback({ ageMs: 400_000 }), ip())
  await flow.send(undefined, {
    method: 'options',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  })
  for (let n = 0; n < 12; n++) await flow.send(flow.mint({ code: 15 }), { ip: '192.0.2.66' })
  await breakApi(flow)
  await flow.send(flow.mint(), ip())
  for (const mode of ['pass', 'verify_only', 'none'] as const) {
    flow.guard.override(mode, { forMs: 60_000 })
    await flow.send(flow.mint(), ip())
    await flow.send({}, ip())
  }
}

const options = { timeoutMs: 60, degradation: { circuit: quickCircuit } } as const

describe.each(expressVersions)('on %s', (_name, express) => {
  test('the guard calls next or answers, once, for every kind of request', async () => {
    const flow = await startFlow({ express, options })
    await sendEveryKind(flow)
    const nexts = flow.visits.filter(({ nextArguments }) => nextArguments.length === 1)
    const answers = flow.visits.filter(({ endsBeforeNext }) => endsBeforeNext === 1)
    expect(nexts.length + answers.length).toBe(flow.visits.length)
    expect(nexts.length).toBeGreaterThan(10)
    expect(answers.length).toBeGreaterThan(10)
    expect(nexts.flatMap(({ nextArguments }) => nextArguments)).toEqual(nexts.map(() => []))
    expect(flow.handled).toBe(nexts.length)
    expect(flow.errors).toEqual([])
  })

  test.each([
    ['throws', () => fail()],
    ['calls next(error)', (_req: unknown, _res: unknown, next: (error: unknown) => void) => next(new Error('handler'))],
    [
      'throws after it answered',
      (_req: unknown, res: { json(body: unknown): void }) => {
        res.json({})
        fail()
      },
    ],
  ])('the guard calls next once also where the handler after it %s', async (_what, handler) => {
    const flow = await startFlow({ express, options: { ...options, mode: 'observe' }, handler: handler as never })
    await sendEveryKind(flow)
    expect(flow.errors).toHaveLength(flow.handled)
    expect(new Set(flow.errors.map(String))).toEqual(new Set(['Error: handler']))
    expect(flow.visits.every(({ nextArguments }) => nextArguments.length === 1)).toBe(true)
  })

  test('a handler that throws does not make the guard wait or ask again', async () => {
    const flow = await startFlow({ express, handler: () => fail() })
    await flow.send(flow.mint())
    expect(flow.asked).toBe(1)
    expect(flow.guard.snapshot().counters).toMatchObject({ verified: 1 })
  })

  test('a client that goes away gets neither next nor an answer, and counts nowhere, while its call runs on', async () => {
    const flow = await startHeldFlow({ express })
    const leave = sendAndLeave(flow)
    await until(() => flow.asked === 1)
    const before = flow.guard.snapshot()
    leave()
    await until(() => flow.visits[0]?.gone === true)
    expect(flow.guard.snapshot().inFlight).toBe(1)
    flow.letGo()
    await until(() => flow.guard.snapshot().inFlight === 0)
    expect(flow.simulator.calls).toMatchObject([{ aborted: false }])
    expect(flow.visits).toMatchObject([{ nextArguments: [], endsBeforeNext: 0, gone: true }])
    expect(flow.handled).toBe(0)
    const after = flow.guard.snapshot()
    expect(after.counters).toEqual(before.counters)
    expect(after.purses).toEqual(before.purses)
    expect(after.circuit).toMatchObject({ state: 'closed', consecutiveFailures: 0, callsUnderWay: 0 })
    expect(flow.visits[0]?.req.captcha).toBeUndefined()
  })

  test('many that go away leave no trace, and no way in either', async () => {
    const flow = await startHeldFlow({ express })
    const leaving = Array.from({ length: 20 }, (_, n) => sendAndLeave(flow, clientIp(n)))
    await until(() => flow.asked === 20)
    for (const leave of leaving) leave()
    await until(() => flow.visits.every(({ gone }) => gone))
    flow.letGo()
    await until(() => flow.guard.snapshot().inFlight === 0)
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
    expect(flow.guard.snapshot().circuit).toMatchObject({ state: 'closed', consecutiveFailures: 0 })
    expect(Object.values(flow.guard.snapshot().counters).reduce((sum, count) => sum + count, 0)).toBe(1)
  })

  test.each(['while Tencent is asked', 'after Tencent has answered'])(
    'a client that loses its connection and sends its ticket again %s is verified, and Tencent is asked once',
    async (when) => {
      const flow = await startHeldFlow({ express })
      const token = flow.mint()
      const leave = sendAndLeave(flow, clientIp(1), token)
      await until(() => flow.asked === 1)
      leave()
      await until(() => flow.visits[0]?.gone === true)
      const isAfter = when.startsWith('after')
      if (isAfter) {
        flow.letGo()
        await until(() => flow.guard.snapshot().inFlight === 0)
      }
      const again = flow.send(token, { ip: clientIp(2) })
      if (!isAfter) {
        await until(() => flow.visits.length === 2)
        flow.letGo()
      }
      expect((await again).captcha?.reason).toBe('verified')
      expect((await flow.send(token)).captcha?.reason).toBe('ticket_reused')
      expect(flow.asked).toBe(1)
    },
  )

  test('a client that goes away while skip is being decided gets no decision, and Tencent is not asked', async () => {
    let decide: (skip: boolean) => void = () => {}
    const skip = () =>
      new Promise<boolean>((resolve) => {
        decide = resolve
      })
    // With the socket its address is gone.
    const userIp = () => fail()
    const flow = await startFlow({ express, options: { skip, userIp } })
    const leave = sendAndLeave(flow)
    await until(() => flow.visits.length === 1)
    leave()
    await until(() => flow.visits[0]?.gone === true)
    decide(false)
    await flow.turn(100)
    expect(flow.visits).toMatchObject([{ nextArguments: [], endsBeforeNext: 0 }])
    expect(flow.simulator.calls).toEqual([])
    expect(flow.handled).toBe(0)
    expect(Object.values(flow.guard.snapshot().counters).every((count) => count === 0)).toBe(true)
  })
})

function fail(): never {
  throw new Error('handler')
}

/** Sends a whole request and returns what makes the client go away. */
function sendAndLeave(flow: Flow, ip = '203.0.113.7', token: object = flow.mint()): () => void {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': ip }
  const sent = request(flow.url, { method: 'POST', headers, agent: false })
  sent.on('error', () => {})
  sent.end(JSON.stringify(token))
  return () => sent.destroy()
}
