import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../lib/clock.js'
import { LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { probeScript } from '../../lib/tencent/probe-script.js'
import { ManualClock } from '../support/manual-clock.js'
import { answer, chunk, chunkedHead, type OnRequest, type RawServer, rawServer } from './raw-server.js'

const servers: RawServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(onRequest: OnRequest): Promise<RawServer> {
  const server = await rawServer(onRequest)
  servers.push(server)
  return server
}

const { signal } = new AbortController()
const lookups = new LookupQueue()

async function probe(onRequest: OnRequest): Promise<string> {
  const { url } = await serve(onRequest)
  return probeScript(new URL(`${url}/TJCaptcha.js`), { clock: systemClock, lookups, signal })
}

function redirect(location: string): string {
  return answer('', { status: '302 Found', headers: [`Location: ${location}`] })
}

describe('the vendor’s script is reachable', () => {
  test.each([
    ['where it is served', (socket: Socket) => socket.write(answer('x'))],
    [
      'where it is larger than the bound',
      (socket: Socket) => socket.write(`${chunkedHead}${chunk('x'.repeat(65_537))}`),
    ],
    [
      'behind a redirect on its host',
      (socket: Socket, text: string) => socket.write(text.startsWith('GET /other') ? answer('x') : redirect('/other')),
    ],
  ])('%s', async (_, onRequest) => {
    expect(await probe(onRequest)).toBe('reachable')
  })
})

describe('the vendor’s script is unreachable', () => {
  test.each([
    ['where it is empty', (socket: Socket) => socket.write(answer(''))],
    ['where it is gone', (socket: Socket) => socket.write(answer('x', { status: '404 Not Found' }))],
    ['where it fails', (socket: Socket) => socket.write(answer('x', { status: '502 Bad Gateway' }))],
    ['where it is cut off', (socket: Socket) => socket.end(answer('xxxx').slice(0, -2))],
    ['where the connection is reset', (socket: Socket) => socket.resetAndDestroy()],
    ['behind redirects without end', (socket: Socket) => socket.write(redirect('/'))],
    ['behind a redirect to nowhere', (socket: Socket) => socket.write(redirect('http://[bad'))],
    ['where the other side speaks no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('%s', async (_, onRequest) => {
    expect(await probe(onRequest)).toBe('unreachable')
  })

  test('behind a redirect to another host, which is not asked', async () => {
    const other = await serve((socket) => socket.write(answer('parked')))
    expect(await probe((socket) => socket.write(redirect(`${other.url}/`)))).toBe('unreachable')
    expect(other.connections).toBe(0)
  })

  test('where no process listens', async () => {
    const server = await serve(() => {})
    await server.close()
    expect(await probeScript(new URL(server.url), { clock: systemClock, lookups, signal })).toBe('unreachable')
  })

  test('after three seconds of dribble, and the socket is freed', async () => {
    const clock = new ManualClock()
    let asked = () => {}
    const hasAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const server = await serve((socket) => {
      socket.write(`${chunkedHead}${chunk('x')}`)
      asked()
    })
    const report = probeScript(new URL(server.url), { clock, lookups, signal })
    await hasAsked
    await clock.advance(2999)
    expect(server.openSockets).toBe(1)
    await clock.advance(1)
    expect(await report).toBe('unreachable')
    await server.allClosed()
  })

  test('once it is called off, and the socket is freed', async () => {
    const stop = new AbortController()
    const server = await serve(() => stop.abort())
    expect(await probeScript(new URL(server.url), { clock: systemClock, lookups, signal: stop.signal })).toBe(
      'unreachable',
    )
    await server.allClosed()
  })
})
