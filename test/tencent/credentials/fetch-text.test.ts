import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { fetchText } from '../../../lib/tencent/credentials/fetch-text.js'
import { answer, chunk, chunkedHead, type RawServer, rawServer } from '../raw-server.js'

const servers: RawServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(onRequest: (socket: Socket, request: string) => void): Promise<RawServer> {
  const server = await rawServer(onRequest)
  servers.push(server)
  return server
}

/** The body, or the message of the failure. */
function fetchFrom(url: string, more: { timeoutMs?: number; body?: string } = {}): Promise<string> {
  const { timeoutMs = 3000, ...rest } = more
  const signal = AbortSignal.timeout(timeoutMs)
  return fetchText({ source: 'it', url: new URL(url), signal, ...rest }).catch(({ message }: Error) => message)
}

describe('one request to a source of keys', () => {
  test('brings the body of an HTTP 200, over a connection that is not kept', async () => {
    const server = await serve((socket) => socket.write(answer('keys')))
    expect(await fetchFrom(`${server.url}/path`)).toBe('keys')
    expect(server.requests[0]).toMatch(/^GET \/path HTTP\/1\.1\r\n/)
    expect(server.requests[0]).toMatch(/^Connection: close\r?$/im)
    await server.allClosed()
  })

  test('with a body is a POST of known length', async () => {
    const server = await serve((socket) => socket.write(answer('keys')))
    expect(await fetchFrom(server.url, { body: '"é"' })).toBe('keys')
    expect(server.requests[0]).toMatch(/^POST \/ HTTP\/1\.1\r\n/)
    expect(server.requests[0]).toMatch(/^Content-Length: 4\r?$/im)
  })

  test.each([
    ['302 Found', 'it answered HTTP 302'],
    ['404 Not Found', 'it answered HTTP 404'],
    ['500 Internal Server Error', 'it answered HTTP 500'],
    ['201 Created', 'it answered HTTP 201'],
  ])('fails on %s and follows nothing', async (status, problem) => {
    const other = await serve((socket) => socket.write(answer('keys')))
    const headers = [`Location: ${other.url}/`]
    const server = await serve((socket) => socket.write(answer('keys', { status, headers })))
    expect(await fetchFrom(server.url)).toBe(problem)
    expect(other.connections).toBe(0)
    await server.allClosed()
  })

  test('reads no more than 64 KiB, and frees the socket', async () => {
    const server = await serve((socket) => {
      socket.write(chunkedHead)
      const flood = () => {
        while (socket.writable && socket.write(chunk('x'.repeat(8192)))) {}
      }
      socket.on('drain', flood)
      flood()
    })
    expect(await fetchFrom(server.url)).toBe('it answered more than 65536 bytes')
    await server.allClosed()
  })

  test.each<[string, (socket: Socket) => void]>([
    ['never answers', () => {}],
    ['stops in the middle of the body', (socket) => socket.write(answer('keys').slice(0, -2))],
  ])('ends at its deadline where the other side %s', async (_, onRequest) => {
    const server = await serve(onRequest)
    expect(await fetchFrom(server.url, { timeoutMs: 100 })).toBe('it did not answer in time')
    await server.allClosed()
  })

  test('fails where the connection ends in the middle of the body', async () => {
    const server = await serve((socket) => socket.end(answer('keys').slice(0, -2)))
    expect(await fetchFrom(server.url)).toBe('it is unreachable (ECONNRESET)')
  })

  test('fails where no process listens', async () => {
    const server = await serve(() => {})
    await server.close()
    expect(await fetchFrom(server.url)).toBe('it is unreachable (ECONNREFUSED)')
  })

  test('goes through no proxy of the environment', async () => {
    const proxy = await serve((socket) => socket.write(answer('proxy')))
    const server = await serve((socket) => socket.write(answer('keys')))
    const before = { ...process.env }
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) process.env[name] = proxy.url
    try {
      expect(await fetchFrom(server.url)).toBe('keys')
    } finally {
      for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
    expect(proxy.connections).toBe(0)
  })
})
