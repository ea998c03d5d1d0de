import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mayHaveSpent } from '../../lib/admission/outcome.js'
import { type Clock, systemClock } from '../../lib/clock.js'
import { classifyReply } from '../../lib/tencent/classify-reply.js'
import { type Found, type LookUp, LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { createUpstreams, type Upstream, type Upstreams } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { VerifyCall } from '../../lib/tencent/verify-call.js'
import type { DynamicCredential, TencentCredential } from '../../lib/types.js'
import { ManualClock } from '../support/manual-clock.js'
import { turn, turnFor, until } from '../support/turned-time.js'
import { answer, chunk, chunkedHead, type OnRequest, type RawServer, rawServer, verifiedBody } from './raw-server.js'
import { selfSigned } from './self-signed.js'

const credential = { secretId: 'AKID', secretKey: 'KEY' }
const call = { channel: 'web', ticket: 'tr03abc*', randstr: '@abc', userIp: '203.0.113.7' } as const

let clock: ManualClock
beforeEach(() => {
  clock = new ManualClock(Date.now())
})

const closers: (() => unknown)[] = []

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function serve(onRequest: OnRequest, onConnection?: (socket: Socket) => void): Promise<RawServer> {
  const server = await rawServer(onRequest, onConnection)
  closers.push(server.close)
  return server
}

interface Setting {
  readonly timeoutMs?: number
  readonly credential?: TencentCredential | DynamicCredential
  readonly lookUp?: LookUp
  /** Default: the test's, which is turned while a result is awaited. */
  readonly clock?: Clock
}

function upstreamsOf(url: string, setting: Setting = {}): Upstreams {
  const { credential: keys = credential, lookUp, clock: time = clock } = setting
  const transport = { kind: 'https' as const, endpoints: [new URL(url)] as const, credential: keys }
  const config = { captchaAppId: 190000001, appSecretKey: 's', transport }
  const upstreams = createUpstreams(config, time, new LookupQueue(lookUp))
  closers.push(upstreams.close)
  return upstreams
}

const upstreamOf = (...args: Parameters<typeof upstreamsOf>) => upstreamsOf(...args).calls

interface CallUnderWay {
  readonly result: Promise<UpstreamResult>
  readonly giveUp: () => void
}

function start(upstream: Upstream, timeoutMs = 3000, asked: VerifyCall = call): CallUnderWay {
  let giveUp = () => {}
  const result = new Promise<UpstreamResult>((resolve) => {
    giveUp = upstream.verify(asked, timeoutMs, resolve)
  })
  return { result, giveUp }
}

const ask = (...args: Parameters<typeof start>) => turnFor(clock, start(...args).result)

/** For where the event loop is blocked: real time is the subject. */
const askOnSystemTime = (url: string, timeoutMs: number) =>
  start(upstreamOf(url, { clock: systemClock }), timeoutMs).result

async function verify(url: string, setting?: Setting): Promise<UpstreamResult & { readonly tookMs: number }> {
  const startedMs = clock.nowMs()
  const result = await ask(upstreamOf(url, setting), setting?.timeoutMs)
  return { ...result, tookMs: clock.nowMs() - startedMs }
}

function causeOf(result: UpstreamResult): string {
  const reply = classifyReply(result, 'web')
  return reply.kind === 'degraded' ? reply.cause : reply.kind
}

function blockEventLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))

/** A port of loopback on which no process listens. */
async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Counts the connections to a port that were refused. */
function watchRefusals(port: number, onRefused: (count: number) => void = () => {}) {
  const seen = { count: 0 }
  const listen = (message: unknown) => {
    const { connectParams } = message as { connectParams: { port: string } }
    if (connectParams.port === `${port}`) onRefused(++seen.count)
  }
  subscribe('undici:client:connectError', listen)
  closers.push(() => unsubscribe('undici:client:connectError', listen))
  return seen
}

describe('a whole answer', () => {
  test('is handed on unjudged', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    expect(await verify(server.url)).toMatchObject({
      kind: 'response',
      status: 200,
      contentType: 'application/json',
      body: verifiedBody,
    })
  })

  test('may come in chunks that cut a character', async () => {
    const body = Buffer.from('{"Response":{"CaptchaCode":1,"CaptchaMsg":"验证"}}')
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      for (const byte of body)
        socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]))
      socket.write('0\r\n\r\n')
    })
    expect(await verify(server.url)).toMatchObject({ kind: 'response', body: body.toString() })
  })

  test('may end with the connection', async () => {
    const server = await serve((socket) => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${verifiedBody}`))
    for (let i = 0; i < 20; i++) expect(causeOf(await verify(server.url))).toBe('verified')
  })

  test('may follow interim answers', async () => {
    const server = await serve((socket) =>
      socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${answer(verifiedBody)}`),
    )
    expect(causeOf(await verify(server.url))).toBe('verified')
  })

  test.each([
    ['of any status but 101', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'],
    ['of status 100, without having been asked for', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('may follow an interim answer %s that came alone', async (_, interim) => {
    const server = await serve((socket) => {
      socket.write(interim)
      clock.after(20, () => socket.write(answer(verifiedBody)))
    })
    expect(causeOf(await verify(server.url))).toBe('verified')
  })

  test('that is compressed is not unpacked', async () => {
    const headers = ['Content-Type: application/json', 'Content-Encoding: gzip']
    const server = await serve((socket) => socket.write(answer('\x1f\x8b\x08', { headers })))
    expect(causeOf(await verify(server.url))).toBe('bad_response')
  })

  test('is asked for with one signed POST', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    await verify(server.url, { credential: { ...credential, token: 'TOKEN' } })
    const [head = '', body = ''] = server.requests[0]?.split('\r\n\r\n') ?? []
    expect(head).toMatch(/^POST \/ HTTP\/1\.1\r\n/)
    expect(head).toMatch(/^X-TC-Action: DescribeCaptchaResult\r?$/m)
    expect(head).toMatch(/^X-TC-Version: 2019-07-22\r?$/m)
    expect(head).toMatch(/^X-TC-Token: TOKEN\r?$/m)
    expect(head).toMatch(/^Authorization: TC3-HMAC-SHA256 Credential=AKID\//m)
    expect(JSON.parse(body)).toMatchObject({ CaptchaAppId: 190000001, Ticket: 'tr03abc*' })
    expect(server.requests).toHaveLength(1)
  })

  test('leaves the connection for the next call', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const upstreams = upstreamsOf(server.url)
    for (let i = 0; i < 5; i++) expect(causeOf(await ask(upstreams.calls))).toBe('verified')
    expect(server.connections).toBe(1)
    upstreams.close()
    await server.allClosed()
  })

  test('is found where a ticket holds any characters at all', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const ticket = `\ud800\u0000\r\n"\\中${'x'.repeat(2000)}`
    expect(causeOf(await ask(upstreamOf(server.url), 3000, { ...call, ticket }))).toBe('verified')
  })
})

describe('one deadline', () => {
  async function expectTimeout(url: string, setting: Setting = {}): Promise<void> {
    const { tookMs, ...result } = await verify(url, { timeoutMs: 200, ...setting })
    expect([result.kind, tookMs]).toEqual(['timeout', 200])
  }

  test('covers a credential that never comes', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const never = { getCredential: () => new Promise<never>(() => {}) }
    const { tookMs, ...result } = await verify(server.url, { timeoutMs: 200, credential: never })
    expect(result).toEqual({ kind: 'credential_failed', problem: 'getCredential() did not settle in time' })
    expect(tookMs).toBe(200)
    expect(server.connections).toBe(0)
  })

  test('covers headers that never come, and frees the socket', async () => {
    const server = await serve(() => {})
    await expectTimeout(server.url)
    await server.allClosed()
  })

  test('covers headers that never end', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nX-A: '))
    await expectTimeout(server.url)
    await server.allClosed()
  })

  test('covers a body that never ends, and frees the socket', async () => {
    const server = await serve((socket) => socket.write(`${answer(verifiedBody).slice(0, -5)}`))
    await expectTimeout(server.url)
    await server.allClosed()
  })

  test('covers a body that dribbles: no byte prolongs it', async () => {
    let bytes = 0
    const server = await serve((socket) => {
      socket.write(chunkedHead)
      const dribble = () => {
        if (socket.destroyed) return
        bytes++
        socket.write(chunk(' '))
        clock.after(20, dribble)
      }
      dribble()
    })
    await expectTimeout(server.url)
    expect(bytes).toBeGreaterThan(5)
    await server.allClosed()
  })

  test('covers TLS that is never spoken', async () => {
    const server = await serve(() => {})
    await expectTimeout(server.url.replace('http:', 'https:'))
    await server.allClosed()
  })

  test('is one over all of it: slow credential, slow headers and slow body together', async () => {
    const server = await serve(async (socket) => {
      await sleep(90)
      socket.write(chunkedHead)
      await sleep(90)
      socket.write(`${chunk(verifiedBody)}0\r\n\r\n`)
    })
    const slow = { getCredential: () => sleep(90).then(() => credential) }
    await expectTimeout(server.url, { credential: slow })
  })

  test('does not send what a late credential was for', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    let release = () => {}
    const late = new Promise<typeof credential>((resolve) => {
      release = () => resolve(credential)
    })
    const result = await verify(server.url, { timeoutMs: 200, credential: { getCredential: () => late } })
    expect(result.kind).toBe('credential_failed')
    release()
    await turn(clock, 1000)
    expect(server.connections).toBe(0)
  })
})

describe('a body', () => {
  const padded = (bytes: number) => verifiedBody.padEnd(bytes)

  test('of 64 KiB is read', async () => {
    const server = await serve((socket) => socket.write(answer(padded(65_536))))
    expect(causeOf(await verify(server.url))).toBe('verified')
  })

  test.each([
    ['with Content-Length', (socket: Socket) => socket.write(answer(padded(65_537)))],
    ['in one chunk', (socket: Socket) => socket.write(`${chunkedHead}${chunk(padded(65_537))}0\r\n\r\n`)],
    [
      'without an end',
      (socket: Socket) => {
        socket.write(chunkedHead)
        const flood = () => {
          while (socket.writable && socket.write(chunk('x'.repeat(8192)))) {}
        }
        socket.on('drain', flood)
        flood()
      },
    ],
    ['up to the close', (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${padded(1_000_000)}`)],
  ])('over 64 KiB is not read, %s, and frees the socket', async (_, onRequest) => {
    const server = await serve(onRequest)
    const { tookMs, ...result } = await verify(server.url)
    expect(result).toEqual({ kind: 'unreadable', problem: 'over 65536 bytes' })
    expect(tookMs).toBeLessThan(2500)
    await server.allClosed()
  })

  test.each([
    ['with Content-Length', (socket: Socket) => socket.end(answer(verifiedBody).slice(0, -5))],
    ['in chunks, though the JSON was whole', (socket: Socket) => socket.end(`${chunkedHead}${chunk(verifiedBody)}`)],
    [
      'with Content-Length, by a server that does not keep connections',
      (socket: Socket) => socket.end(answer(verifiedBody, { headers: ['Connection: close'] }).slice(0, -5)),
    ],
    [
      'in chunks, by a server that does not keep connections',
      (socket: Socket) =>
        socket.end(`${chunkedHead.replace('\r\n', '\r\nConnection: close\r\n')}${chunk(verifiedBody)}`),
    ],
    [
      'by a reset',
      (socket: Socket) => {
        socket.write(answer(verifiedBody).slice(0, -5))
        clock.after(20, () => socket.resetAndDestroy())
      },
    ],
  ])('cut off %s is no answer', async (_, onRequest) => {
    const server = await serve(onRequest)
    expect(causeOf(await verify(server.url))).toBe('unreachable')
    expect(server.requests).toHaveLength(1)
  })

  test('of an event stream is not read', async () => {
    const server = await serve((socket) =>
      socket.write(answer(verifiedBody, { headers: ['Content-Type: text/event-stream;charset=utf-8'] })),
    )
    expect(await verify(server.url)).toMatchObject({ kind: 'unreadable', problem: 'event stream' })
    await server.allClosed()
  })
})

describe('an answer that is none', () => {
  test.each([
    '201 Created',
    '204 No Content',
    '400 Bad Request',
    '429 Too Many Requests',
    '500 X',
    '502 Bad Gateway',
    '503 X',
  ])('of status %s is told by its status, whatever the body', async (status) => {
    const server = await serve((socket) =>
      socket.write(answer(status.startsWith('204') ? '' : verifiedBody, { status })),
    )
    expect(await verify(server.url)).toMatchObject({ kind: 'http_status', status: Number.parseInt(status, 10) })
  })

  test.each(['301 Moved', '302 Found', '303 See Other', '307 Temporary Redirect', '308 Permanent Redirect'])(
    'of status %s is not followed: the secret must not go elsewhere',
    async (status) => {
      const other = await serve((socket) => socket.write(answer(verifiedBody)))
      const headers = [`Location: ${other.url}/`]
      const server = await serve((socket) => socket.write(answer('', { status, headers })))
      expect(await verify(server.url)).toMatchObject({ kind: 'http_status' })
      await turn(clock, 1000)
      expect([server.requests.length, other.connections]).toEqual([1, 0])
    },
  )

  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'bad_response'],
    ['HTTP with a broken head', 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n', 'bad_response'],
    ['HTTP with a broken chunk', `${chunkedHead}zz\r\n`, 'bad_response'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 'bad_response'],
    ['a head of 100 KB', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(100_000)}\r\n\r\n`, 'bad_response'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', 'http_error'],
  ])('being %s ends the call before its deadline', async (_, bytes, cause) => {
    const server = await serve((socket) => socket.write(bytes))
    const result = await verify(server.url)
    expect([causeOf(result), result.tookMs < 2500]).toEqual([cause, true])
    await server.allClosed()
  })
})

describe('a connection', () => {
  test.each([
    ['reset on arrival', undefined, (socket: Socket) => socket.resetAndDestroy()],
    ['closed on arrival', undefined, (socket: Socket) => socket.destroy()],
    ['reset after the request', (socket: Socket) => socket.resetAndDestroy(), undefined],
    ['closed after the request', (socket: Socket) => socket.end(), undefined],
  ])('%s is unreachable and not tried again', async (_, onRequest, onConnection) => {
    const server = await serve(onRequest ?? (() => {}), onConnection)
    expect(causeOf(await verify(server.url))).toBe('unreachable')
    await turn(clock, 1000)
    expect(server.connections).toBe(1)
  })

  test('refused is tried once more, and then unreachable', async () => {
    const port = await closedPort()
    const seen = watchRefusals(port)
    expect(await verify(`http://127.0.0.1:${port}`)).toMatchObject({ kind: 'unreachable', problem: 'ECONNREFUSED' })
    expect(seen.count).toBe(2)
  })

  test('refused once and then accepted is verified, with one request to the server', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const port = await closedPort()
    const late = net.createServer((socket) => {
      const onward = net.connect(server.port, '127.0.0.1')
      socket.pipe(onward).pipe(socket)
      socket.on('close', () => onward.destroy())
    })
    closers.push(() => new Promise((resolve) => late.close(resolve)))
    const seen = watchRefusals(port, () => late.listen(port))
    expect(causeOf(await verify(`http://127.0.0.1:${port}`))).toBe('verified')
    expect([seen.count, server.requests.length]).toEqual([1, 1])
  })

  test('to a name that does not exist is unreachable', async () => {
    // The machine's resolver may take its time.
    const { result } = start(upstreamOf('http://no-such-host.invalid'), 600_000)
    expect(causeOf(await turnFor(clock, result, 600_000))).toBe('unreachable')
  })

  test('whose certificate no authority has signed is unreachable, and gets no secret', async () => {
    let heard = 0
    const server = https.createServer(selfSigned, (_req, res) => {
      heard++
      res.end(verifiedBody)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(
      () => server.closeAllConnections(),
      () => new Promise((resolve) => server.close(resolve)),
    )
    const { port } = server.address() as AddressInfo
    expect(causeOf(await verify(`https://localhost:${port}`))).toBe('unreachable')
    expect(heard).toBe(0)
  })

  test('that answers TLS in plain text is unreachable', async () => {
    const server = await serve(
      () => {},
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    expect(causeOf(await verify(server.url.replace('http:', 'https:')))).toBe('unreachable')
  })
})

describe('a call that is given up', () => {
  test('ends before the function that gives it up returns, and frees its socket', async () => {
    const server = await serve(() => {})
    const results: UpstreamResult[] = []
    const giveUp = upstreamOf(server.url).verify(call, 3000, (result) => results.push(result))
    await until(() => server.requests.length === 1)
    expect(results).toEqual([])
    giveUp()
    expect(results).toEqual([{ kind: 'aborted' }])
    await server.allClosed()
    expect(results).toHaveLength(1)
  })

  test('in the middle of the body frees its socket too', async () => {
    const server = await serve((socket) => {
      socket.write(chunkedHead)
      clock.after(30, () => giveUp())
    })
    const { result, giveUp } = start(upstreamOf(server.url))
    expect(await turnFor(clock, result)).toEqual({ kind: 'aborted' })
    await server.allClosed()
  })

  test.each(['http:', 'https:'])('while it connects (%s) frees its socket and sends nothing', async (protocol) => {
    const server = await serve(() => {})
    const { result, giveUp } = start(upstreamOf(server.url.replace('http:', protocol)))
    if (protocol === 'https:') await until(() => server.connections === 1)
    giveUp()
    expect(await result).toEqual({ kind: 'aborted' })
    await turn(clock, 1000)
    expect([server.openSockets, protocol === 'http:' ? server.requests : []]).toEqual([0, []])
  })

  test('while its credential is fetched is never sent', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const getCredential = async () => {
      queueMicrotask(() => giveUp())
      return credential
    }
    const { result, giveUp } = start(upstreamOf(server.url, { credential: { getCredential } }))
    expect(await result).toEqual({ kind: 'aborted' })
    await turn(clock, 1000)
    expect(server.connections).toBe(0)
  })

  test('between a refused connection and its retry is not tried again', async () => {
    const port = await closedPort()
    const seen = watchRefusals(port, () => clock.after(10, () => giveUp()))
    const { result, giveUp } = start(upstreamOf(`http://127.0.0.1:${port}`))
    expect(await turnFor(clock, result)).toEqual({ kind: 'aborted' })
    await turn(clock, 1000)
    expect(seen.count).toBe(1)
  })

  test('after its end changes nothing, and leaves the connection to the next call', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const upstream = upstreamOf(server.url)
    const { result, giveUp } = start(upstream)
    expect(causeOf(await result)).toBe('verified')
    giveUp()
    expect(causeOf(await ask(upstream))).toBe('verified')
    expect(server.connections).toBe(1)
  })
})

describe('connections', () => {
  test('are as many as there are calls at once, and serve the calls after them', async () => {
    const waiting: Socket[] = []
    const server = await serve((socket) => {
      waiting.push(socket)
      if (waiting.length === 10) for (const each of waiting.splice(0)) each.write(answer(verifiedBody))
    })
    const upstream = upstreamOf(server.url)
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all(Array.from({ length: 10 }, () => ask(upstream)))
      expect(results.map(causeOf)).toEqual(Array(10).fill('verified'))
      await turn(clock, 10)
    }
    expect(server.connections).toBe(10)
  })

  test('that the other side closed while they were idle cost no call its answer', async () => {
    const sockets: Socket[] = []
    const server = await serve(
      (socket) => socket.write(answer(verifiedBody)),
      (socket) => sockets.push(socket),
    )
    const upstream = upstreamOf(server.url)
    for (let i = 0; i < 20; i++) {
      expect(causeOf(await ask(upstream))).toBe('verified')
      sockets.at(-1)?.end()
      await server.allClosed()
    }
    expect(server.connections).toBe(20)
  })

  test('that the other side closes after their answer serve no second call', async () => {
    const headers = ['Connection: close']
    const server = await serve((socket) => socket.write(answer(verifiedBody, { headers })))
    const upstream = upstreamOf(server.url)
    for (let i = 0; i < 5; i++) expect(causeOf(await ask(upstream))).toBe('verified')
    expect(server.connections).toBe(5)
    await server.allClosed()
  })

  test('are all closed with the upstream, and a call that used one is no evidence', async () => {
    const server = await serve(() => {})
    const upstreams = upstreamsOf(server.url)
    const result = ask(upstreams.calls)
    await until(() => server.requests.length === 1)
    upstreams.close()
    expect(await result).toEqual({ kind: 'aborted' })
    await server.allClosed()
  })

  test('serve no call after the upstream was closed, which opens one of its own and leaves none open', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const upstreams = upstreamsOf(server.url)
    expect(causeOf(await ask(upstreams.calls))).toBe('verified')
    upstreams.close()
    expect(causeOf(await ask(upstreams.calls))).toBe('verified')
    expect(server.connections).toBe(2)
    await server.allClosed()
  })

  test('leave the process’s own fetch as it is', () => {
    expect(Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'))).toBeUndefined()
  })
})

describe('a credential that fails', () => {
  test.each<[string, DynamicCredential]>([
    ['rejects', { getCredential: () => Promise.reject(new Error('KEY-hidden')) }],
    ['is empty', { getCredential: async () => ({}) }],
    ['holds a token that no header carries', { getCredential: async () => ({ ...credential, token: 'a\nb' }) }],
  ])('because it %s is no evidence against Tencent, and nothing is sent', async (_, dynamic) => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const result = await verify(server.url, { credential: dynamic })
    expect([causeOf(result), server.connections]).toEqual(['misconfigured', 0])
    expect(JSON.stringify(result)).not.toContain('KEY-hidden')
  })
})

describe('when our own event loop was blocked', () => {
  test('an answer that had arrived is read, although the deadline is over', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads')
      const body = ${JSON.stringify(verifiedBody)}
      const server = require('node:http').createServer((req, res) => {
        parentPort.postMessage('asked')
        setTimeout(() => res.end(body), 80)
      })
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
    `
    const worker = new Worker(source, { eval: true })
    closers.push(() => worker.terminate())
    const port = await new Promise((resolve) => worker.once('message', resolve))
    const asked = new Promise((resolve) => worker.once('message', resolve))
    const result = askOnSystemTime(`http://127.0.0.1:${port}`, 500)
    await asked
    blockEventLoop(900)
    expect(causeOf(await result)).toBe('verified')
  })

  test('a deadline without an answer says nothing about Tencent', async () => {
    const server = await serve(() => {})
    const result = askOnSystemTime(server.url, 100)
    await until(() => server.requests.length === 1)
    blockEventLoop(400)
    expect(await result).toEqual({ kind: 'timeout', loopBlocked: true })
  })
})

describe('a kept connection that ends under the request', () => {
  const ends: [string, (socket: Socket) => unknown][] = [
    ['by FIN', (socket) => socket.end()],
    ['by RST', (socket) => socket.resetAndDestroy()],
    ['in the middle of a head', (socket) => socket.end('HTTP/1.1 200 OK\r\nX-')],
  ]

  /** Answers the first request of a connection and ends it under the second. */
  const serveOnce = (end: (socket: Socket) => unknown, then = verifiedBody) => {
    const served = new Set<Socket>()
    return serve((socket) => {
      if (served.has(socket)) return end(socket)
      served.add(socket)
      return socket.write(answer(served.size === 1 ? verifiedBody : then))
    })
  }

  test.each(ends)('%s costs the call nothing: it is sent again, on a new connection', async (_, end) => {
    const server = await serveOnce(end)
    const upstream = upstreamOf(server.url)
    for (let i = 0; i < 5; i++) expect(causeOf(await ask(upstream))).toBe('verified')
    expect([server.requests.length, server.connections]).toEqual([9, 5])
  })

  test.each(ends)('%s makes code 9 say nothing: the ticket may be spent by the first request', async (_, end) => {
    const server = await serveOnce(end, verifiedBody.replace('1', '9'))
    const upstream = upstreamOf(server.url)
    await ask(upstream)
    const reply = classifyReply(await ask(upstream), 'web')
    expect(reply).toMatchObject({ kind: 'degraded', cause: 'unreachable', isEvidence: false })
    expect(mayHaveSpent(reply)).toBe(true)
  })

  test('is tried again once: a new connection that ends, too, is evidence', async () => {
    const server = await serve((socket) =>
      server.requests.length === 1 ? socket.write(answer(verifiedBody)) : socket.resetAndDestroy(),
    )
    const upstream = upstreamOf(server.url)
    await ask(upstream)
    const reply = classifyReply(await ask(upstream), 'web')
    expect(reply).toMatchObject({ kind: 'degraded', cause: 'unreachable', isEvidence: true })
    expect(server.requests.length).toBe(3)
  })

  test('after the head of an answer is not tried again', async () => {
    const server = await serve((socket) =>
      server.requests.length === 1 ? socket.write(answer(verifiedBody)) : socket.end(answer(verifiedBody).slice(0, -5)),
    )
    const upstream = upstreamOf(server.url)
    await ask(upstream)
    expect([causeOf(await ask(upstream)), server.requests.length]).toEqual(['unreachable', 2])
  })

  test('with status 101 has answered: it is not tried again', async () => {
    const server = await serve((socket) =>
      socket.write(
        server.requests.length === 1
          ? answer(verifiedBody)
          : 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      ),
    )
    const upstream = upstreamOf(server.url)
    await ask(upstream)
    expect([await ask(upstream), server.requests.length]).toEqual([{ kind: 'http_status', status: 101 }, 2])
  })

  test('and is tried again ends at the one deadline', async () => {
    const server = await serve((socket) => {
      if (server.requests.length === 1) socket.write(answer(verifiedBody))
      if (server.requests.length === 2) socket.resetAndDestroy()
    })
    const upstream = upstreamOf(server.url)
    await ask(upstream)
    const startedMs = clock.nowMs()
    const result = await ask(upstream, 300)
    expect(result).toEqual({ kind: 'retried', retry: { kind: 'timeout', loopBlocked: false } })
    expect(clock.nowMs() - startedMs).toBe(300)
    await server.allClosed()
  })
})

describe('the name of the endpoint', () => {
  const found = (...addresses: string[]): Found => ({
    kind: 'addresses',
    addresses: addresses.map((address) => ({ address, family: net.isIP(address) })),
  })

  /** A server under a name, and the lookups of it. */
  async function named(onRequest: OnRequest, answerLookup: (done: (found: Found) => void) => void) {
    const server = await serve(onRequest)
    const lookups = { count: 0 }
    const upstreams = upstreamsOf(`http://tencent.test:${server.port}`, {
      lookUp(_, done) {
        lookups.count++
        answerLookup(done)
      },
    })
    return { server, lookups, ...upstreams }
  }

  test('is looked up once for many new connections, and stands in the request', async () => {
    const { calls, canary, lookups, server } = await named(
      (socket) => socket.end(answer(verifiedBody, { headers: ['Connection: close'] })),
      (done) => clock.after(20, () => done(found('127.0.0.1'))),
    )
    const first = await Promise.all(Array.from({ length: 20 }, () => ask(calls)))
    for (let i = 0; i < 20; i++) first.push(await ask(calls), await ask(canary))
    expect(new Set(first.map(causeOf))).toEqual(new Set(['verified']))
    expect([lookups.count, server.connections]).toEqual([1, 60])
    expect(server.requests[0]).toMatch(/^host: tencent\.test/im)
  })

  test('that the resolver does not find is unreachable, and evidence', async () => {
    const { calls } = await named(
      () => {},
      (done) => setImmediate(done, { kind: 'failed', code: 'ENOTFOUND' }),
    )
    const result = await ask(calls)
    expect(result).toEqual({ kind: 'unreachable', problem: 'ENOTFOUND' })
    expect(classifyReply(result, 'web')).toMatchObject({ cause: 'unreachable', isEvidence: true })
  })

  test.each(['EMFILE', 'ENFILE', 'ENOMEM'])('that fails to be looked up with %s is a local failure', async (code) => {
    const { calls } = await named(
      () => {},
      (done) => setImmediate(done, { kind: 'failed', code }),
    )
    expect(await ask(calls)).toEqual({ kind: 'local', problem: code })
  })

  test.each(['calls', 'canary'] as const)(
    'that hangs in the resolver is a local failure of %s at the deadline',
    async (way) => {
      const { [way]: upstream, server } = await named(
        () => {},
        () => {},
      )
      expect(await ask(upstream, 150)).toEqual({ kind: 'local', problem: 'name lookup not finished' })
      expect(server.connections).toBe(0)
    },
  )

  test('has several addresses: the next one is tried where one is refused', async () => {
    const { calls } = await named(
      (socket) => socket.write(answer(verifiedBody)),
      (done) => setImmediate(done, found('127.0.0.9', '127.0.0.1')),
    )
    expect(causeOf(await ask(calls))).toBe('verified')
  })

  test('is not looked up where the endpoint is an IP address', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const { calls } = upstreamsOf(server.url, { lookUp: () => expect(true).toBe(false) })
    expect(causeOf(await ask(calls))).toBe('verified')
  })

  test('is given up while it is looked up: nothing is sent when the answer comes', async () => {
    let answerLookup = (_: Found) => {}
    const { calls, server } = await named(
      () => {},
      (done) => {
        answerLookup = done
      },
    )
    const { result, giveUp } = start(calls)
    giveUp()
    expect(await result).toEqual({ kind: 'aborted' })
    answerLookup(found('127.0.0.1'))
    await turn(clock, 1000)
    expect(server.connections).toBe(0)
  })
})

describe('a canary’s way', () => {
  test('is a connection of its own each time, and the callers’ are none of it', async () => {
    const ports: (number | undefined)[] = []
    const server = await serve((socket) => {
      ports.push(socket.remotePort)
      socket.write(answer(verifiedBody))
    })
    const { calls, canary } = upstreamsOf(server.url)
    await ask(calls)
    await ask(canary)
    await ask(calls)
    await ask(canary)
    expect([server.connections, new Set(ports).size, ports[0] === ports[2]]).toEqual([3, 3, true])
    await until(() => server.openSockets === 1)
  })

  test('is open while every connection of the callers waits', async () => {
    const server = await serve((socket, request) => {
      if (request.includes('@canary')) socket.write(answer(verifiedBody))
    })
    const { calls, canary } = upstreamsOf(server.url)
    for (let i = 0; i < 50; i++) start(calls)
    expect(causeOf(await ask(canary, 3000, { ...call, randstr: '@canary' }))).toBe('verified')
  })
})

describe('when our own event loop was blocked before a byte could leave', () => {
  test('the call is a local failure', async () => {
    const server = await serve(() => {})
    const result = askOnSystemTime(server.url.replace('http:', 'https:'), 100)
    blockEventLoop(400)
    expect(await result).toEqual({ kind: 'local', problem: 'event loop blocked' })
  })
})

describe('the context of a call', () => {
  test('is not the one in which its result is told', async () => {
    const server = await serve((socket) => socket.write(answer(verifiedBody)))
    const upstream = upstreamOf(server.url)
    const storage = new AsyncLocalStorage<string>()
    const seen = await storage.run(
      'caller',
      () => new Promise((resolve) => upstream.verify(call, 3000, () => resolve(storage.getStore()))),
    )
    expect(seen).toBeUndefined()
    const giveUp = storage.run('caller', () => upstream.verify(call, 3000, () => resolved(storage.getStore())))
    let resolved: (store: unknown) => void = () => {}
    const given = new Promise((resolve) => {
      resolved = resolve
    })
    storage.run('other', giveUp)
    expect(await given).toBeUndefined()
  })

  test('is held neither by a call that runs on nor by a connection that is kept', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const server = await serve((socket, request) => {
      if (!request.includes('hangs')) socket.write(answer(verifiedBody))
    })
    const { calls } = upstreamsOf(server.url)
    const storage = new AsyncLocalStorage<object>()
    const ended: UpstreamResult[] = []
    const done = (result: UpstreamResult) => {
      ended.push(result)
    }
    const callIn = (ticket: string) => {
      const store = { body: Buffer.alloc(100_000) }
      storage.run(store, () => calls.verify({ ...call, ticket }, 60_000, done))
      return new WeakRef(store)
    }
    const stores = [callIn('ends'), callIn('hangs')]
    await until(() => ended.length === 1)
    await until(() => server.requests.length === 2)
    await until(() => {
      collect()
      return stores.every((store) => store.deref() === undefined)
    })
    expect(server.openSockets).toBeGreaterThan(0)
  })
})
