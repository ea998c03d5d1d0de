import { describe, expect, test } from '@jest/globals'
import type { RequestHandler } from 'express'
import { breakApi, expressVersions, type Flow, quickCircuit, startFlow, until } from '../flow/support.js'
import { claimOf, contextOf, purseOf } from '../store/conformance.js'
import { HeldStore } from './held-store.js'

/** Sends a request and hangs up as soon as the store is asked; the store answers when the server has noticed. */
async function hangUp(flow: Flow, store: HeldStore, operation: 'claim' | 'recordVerified', token: object) {
  const client = new AbortController()
  const before = store.count(operation)
  const request = fetch(flow.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.7' },
    body: JSON.stringify(token),
    signal: client.signal,
  })
  await until(() => store.count(operation) > before)
  client.abort()
  await request.catch(() => {})
  await until(() => flow.visits.at(-1)?.gone === true)
  store.letGo()
}

/** Does something while the store answers at once. */
async function whileAnswering<Result>(store: HeldStore, run: () => Promise<Result>): Promise<Result> {
  const timer = setInterval(() => store.letGo(), 1)
  try {
    return await run()
  } finally {
    clearInterval(timer)
  }
}

/** Sends a request that stays; the store answers at once. */
function stay(flow: Flow, store: HeldStore, token: object) {
  return whileAnswering(store, () => flow.send(token))
}

describe.each(expressVersions)('a client that hangs up while the store is asked, on %s', (_name, express) => {
  test('has its handler run behind a check that awaits the store and goes on', async () => {
    const store = new HeldStore({ holds: 'claim' })
    const session = store.connect(contextOf())
    const check: RequestHandler = (_req, _res, next) => {
      void session.claim(claimOf({ purses: [purseOf({ limit: 1 })] })).then(() => next())
    }
    const flow = await startFlow({
      express,
      route: (_guard, { visits }) => [
        (req, res, next) => {
          const visit = { req, nextArguments: [[]], endsBeforeNext: 0, gone: false }
          ;(visits as unknown[]).push(visit)
          res.once('close', () => {
            visit.gone = !res.writableEnded
            // This check acts on a client that has gone; that is what is shown here.
            visit.nextArguments = visit.gone ? [] : [[]]
          })
          check(req, res, next)
        },
      ],
    })
    await hangUp(flow, store, 'claim', {})
    await until(() => flow.handled === 1)
  })

  test('has no handler run for a degraded pass, which goes back with its ticket, here and in the store', async () => {
    const store = new HeldStore({ holds: 'claim' })
    const perClient = { limit: 1 }
    const degradation = { circuit: quickCircuit, outage: { perClient }, doubt: { perClient: { limit: 0 } } }
    const flow = await startFlow({ express, options: { store, degradation } })
    // The call that breaks the API draws a pass of its own client.
    await whileAnswering(store, () => breakApi(flow))
    const before = { taken: flow.guard.snapshot().purses.outage.taken, handled: flow.handled }
    const token = flow.mint()
    for (let attempt = 0; attempt < 3; attempt++) await hangUp(flow, store, 'claim', token)
    await until(() => store.count('release') === 3)
    expect(flow.handled).toBe(before.handled)
    expect(flow.guard.snapshot().purses.outage.taken).toBe(before.taken)
    expect((await stay(flow, store, token)).captcha).toMatchObject({ passed: true, cause: 'circuit_open' })
    expect((await stay(flow, store, flow.mint())).captcha?.reason).toBe('budget_exhausted')
  })

  test('has no handler run for a verified pass, and is verified when it sends the ticket again, Tencent asked once', async () => {
    const store = new HeldStore({ holds: 'recordVerified' })
    const flow = await startFlow({ express, options: { store } })
    const token = flow.mint()
    await hangUp(flow, store, 'recordVerified', token)
    await until(() => store.count('release') === 1)
    expect(flow.handled).toBe(0)
    expect((await stay(flow, store, token)).captcha?.reason).toBe('verified')
    expect((await stay(flow, store, token)).captcha?.reason).toBe('ticket_reused')
    expect([flow.asked, flow.handled]).toEqual([1, 1])
  })
})
