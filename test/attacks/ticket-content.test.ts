import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type Flow, startFlow } from '../flow/support.js'

/** What bytes of a request's body a filter does not let by. */
type Filter = (body: Buffer) => boolean

const filters: Record<string, Filter> = {
  // Decoded as JSON: such filters look at values, not at how they are written.
  'control characters': (body) => /\p{Cc}/u.test(Object.values(JSON.parse(String(body))).join('')),
  'halves of surrogate pairs': (body) => /\p{Cs}/u.test(Object.values(JSON.parse(String(body))).join('')),
  'bytes beyond ASCII': (body) => body.some((byte) => byte > 0x7e),
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** An egress filter before Tencent: what it does not like is answered with 403. */
async function startFilter(upstream: () => string, blocks: Filter) {
  const seen = { blocked: 0 }
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (blocks(body)) {
      seen.blocked++
      return void res.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Blocked</h1>')
    }
    const { host: _host, connection: _connection, ...headers } = req.headers
    const answer = await fetch(upstream(), { method: 'POST', headers: headers as never, body })
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** A guard whose way to Tencent leads through the filter. */
async function startFiltered(blocks: Filter): Promise<{ flow: Flow; blocked: () => number; url: string }> {
  let simulatorUrl = ''
  const filter = await startFilter(() => simulatorUrl, blocks)
  const flow = await startFlow({ options: { endpoint: filter.url } })
  simulatorUrl = flow.simulator.url
  return { flow, blocked: () => filter.seen.blocked, url: filter.url }
}

describe.each([
  ['control characters', ['a\u0000b', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\nb']],
  ['halves of surrogate pairs', ['a\ud800', '\udfffa']],
  ['bytes beyond ASCII', ['é', 'a\u200bb', '中文', '😀', '\ufeffa']],
] as const)('a filter that reacts to %s', (name, texts) => {
  const blocks = filters[name] as Filter

  test('answers the caller’s text as if Tencent had failed, where it is sent as it came', async () => {
    const { url, blocked } = await startFiltered(blocks)
    for (const text of texts) {
      const body = JSON.stringify({ Ticket: text, Randstr: '@abc' })
      expect((await fetch(url, { method: 'POST', body })).status).toBe(403)
    }
    expect(blocked()).toBe(texts.length)
  })

  test('sees none of it from the guard, in ticket or randstr', async () => {
    const { flow, blocked } = await startFiltered(blocks)
    for (const text of texts) {
      for (const token of [
        { ticket: text, randstr: '@abc' },
        { ticket: 'tr03abc*', randstr: text },
      ]) {
        const { captcha } = await flow.send(token)
        expect(captcha).toMatchObject({ passed: false, degraded: false })
      }
    }
    expect(blocked()).toBe(0)
    expect(flow.guard.snapshot().circuit.state).toBe('closed')
  })
})

test('white space around a genuine ticket is left behind, also where it is a control character', async () => {
  const { flow, blocked } = await startFiltered(filters['control characters'] as Filter)
  const { ticket, randstr } = flow.mint()
  expect((await flow.send({ ticket: `${ticket}\n`, randstr: ` ${randstr}\r\n` })).captcha?.reason).toBe('verified')
  expect(blocked()).toBe(0)
})
