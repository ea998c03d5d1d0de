import { describe, expect, test } from '@jest/globals'
import type { RequestHandler } from 'express'
import { type ExpressFactory, expressVersions, type Flow, startFlow } from '../flow/support.js'

/** What many examples do: `OPTIONS` is a preflight, whatever it carries. */
const skipsOptions: RequestHandler = (req, res, next) => {
  if (req.method === 'OPTIONS') next()
  else res.status(400).end()
}

async function options(flow: Flow, headers: Readonly<Record<string, string>> = {}, token: object = {}) {
  const body = JSON.stringify({ action: 'pay', ...token })
  const { status } = await fetch(flow.url, {
    method: 'OPTIONS',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status, handled: flow.handled }
}

describe.each(expressVersions)(
  'an OPTIONS request with a body, under app.use on %s',
  (_name, express: ExpressFactory) => {
    test('reaches the handler unverified behind a check that skips the method', async () => {
      const flow = await startFlow({ express, route: () => [skipsOptions] })
      expect(await options(flow)).toEqual({ status: 200, handled: 1 })
    })

    test.each<[string, Readonly<Record<string, string>>]>([
      ['alone', {}],
      ['with an origin', { origin: 'https://shop.example' }],
      ['that asks for a method without an origin', { 'access-control-request-method': 'POST' }],
      ['that asks for headers', { origin: 'https://shop.example', 'access-control-request-headers': 'x-a' }],
    ])('does not reach it behind the guard: %s', async (_what, headers) => {
      const flow = await startFlow({ express })
      expect(await options(flow, headers)).toEqual({ status: 400, handled: 0 })
      expect((await options(flow, headers, flow.mint({ code: 15 }))).handled).toBe(0)
    })

    test('is verified like any other request', async () => {
      const flow = await startFlow({ express })
      expect(await options(flow, {}, flow.mint())).toEqual({ status: 200, handled: 1 })
      expect(flow.asked).toBe(1)
    })

    test('that is a preflight goes on to what answers preflights', async () => {
      const flow = await startFlow({ express })
      const preflight = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
      expect(await options(flow, preflight)).toEqual({ status: 200, handled: 1 })
      expect(flow.asked).toBe(0)
    })
  },
)
