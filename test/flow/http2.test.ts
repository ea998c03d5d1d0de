import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, constants, createServer, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import type { CaptchaRequest } from '../../lib/types.js'
import { startFlow } from './support.js'

const ends: (() => void)[] = []

afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A server of HTTP/2 whose requests wait for `ahead` before they come to the guard. */
async function startHttp2(ahead: (res: Http2ServerResponse) => Promise<unknown>) {
  const flow = await startFlow({ options: { userIp: () => '203.0.113.7' } })
  let handled = 0
  const server = createServer(async (req, res) => {
    await ahead(res)
    flow.guard(req as unknown as CaptchaRequest, res as unknown as ServerResponse, () => {
      handled++
      res.end()
    })
    server.emit('guarded')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  ends.push(
    () => client.destroy(),
    () => server.close(),
  )
  const post = ({ ticket, randstr }: { ticket: string; randstr: string }) =>
    client.request({ ':method': 'POST', 'x-captcha-ticket': ticket, 'x-captcha-randstr': randstr }).resume()
  return { flow, server, post, counts: () => [handled, flow.guard.snapshot().purses.doubt.taken] }
}

test('a client of HTTP/2 is answered, once for each ticket', async () => {
  const { flow, post, counts } = await startHttp2(async () => {})
  const token = flow.fallback()
  const statuses: unknown[] = []
  for (let request = 0; request < 2; request++) {
    const [headers] = await once(post(token).end(), 'response')
    statuses.push(headers[':status'])
  }
  expect(statuses).toEqual([200, 403])
  expect(counts()).toEqual([1, 1])
})

test('a client of HTTP/2 that has gone before the guard gets no handler run, and leaves no pass drawn', async () => {
  const { flow, server, post, counts } = await startHttp2((res) => {
    server.emit('waiting')
    return once(res, 'close')
  })
  const request = post(flow.fallback())
  request.end()
  await once(server, 'waiting')
  request.close(constants.NGHTTP2_CANCEL)
  await once(server, 'guarded')
  expect(counts()).toEqual([0, 0])
})
