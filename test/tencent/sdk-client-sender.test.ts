import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
import { classifyReply } from '../../lib/tencent/classify-reply.js'
import { LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { sdkClientSender, sdkFailure } from '../../lib/tencent/sdk-client-sender.js'
import { createUpstreams } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { apiRequest } from '../../lib/tencent/verify-call.js'
import type { CaptchaClient } from '../../lib/types.js'
import { ManualClock } from '../support/manual-clock.js'
import { turnFor } from '../support/turned-time.js'
import { answer, chunk, chunkedHead, type OnRequest, type RawServer, rawServer, verifiedBody } from './raw-server.js'

const call = { channel: 'web', ticket: 'tr03abc*', randstr: '@abc', userIp: '203.0.113.7' } as const
const request = apiRequest(call, 190000001, 's')

const servers: RawServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(onRequest: OnRequest, onConnection?: (socket: Socket) => void): Promise<RawServer> {
  const server = await rawServer(onRequest, onConnection)
  servers.push(server)
  return server
}

interface ClientOptions {
  readonly protocol?: string
  /** Seconds. */
  readonly reqTimeout?: number
  readonly credential?: { secretId: string; secretKey: string } | { getCredential(): Promise<never> }
}

/** The vendor's generated client. */
function clientFor(endpoint: string, options: ClientOptions = {}): CaptchaClient {
  const { protocol = 'http://', reqTimeout = 3, credential = { secretId: 'AKID', secretKey: 'KEY' } } = options
  return new sdk.captcha.v20190722.Client({
    credential: credential as { secretId: string; secretKey: string },
    profile: { httpProfile: { endpoint, protocol, reqTimeout } },
  })
}

function send(port: number, options?: ClientOptions): Promise<UpstreamResult> {
  return new Promise((resolve) => sdkClientSender(clientFor(`127.0.0.1:${port}`, options))(request, resolve))
}

async function sendTo(onRequest: OnRequest, options?: ClientOptions): Promise<UpstreamResult> {
  return send((await serve(onRequest)).port, options)
}

function meaningOf(result: UpstreamResult): string {
  const reply = classifyReply(result, 'web')
  if (reply.kind === 'refused') return `refused ${reply.reason}`
  return reply.kind === 'degraded' ? reply.cause : reply.kind
}

function apiError(error: object): string {
  return JSON.stringify({ Response: { Error: error, RequestId: 'r-1' } })
}

describe('what the vendor’s client makes of an answer', () => {
  test('of code 1 is verified', async () => {
    expect(meaningOf(await sendTo((socket) => socket.write(answer(verifiedBody))))).toBe('verified')
  })

  test.each([
    ['InternalError', 'internal_error'],
    ['RequestLimitExceeded.UinLimitExceeded', 'throttled'],
    ['AuthFailure.SignatureFailure', 'misconfigured'],
    ['MissingParameter', 'refused rejected'],
  ])('with the API error %s is %s', async (Code, expected) => {
    const result = await sendTo((socket) => socket.write(answer(apiError({ Code, Message: 'm' }))))
    expect(result).toEqual({ kind: 'sdk_api_error', errorCode: Code, requestId: 'r-1' })
    expect(meaningOf(result)).toBe(expected)
  })

  test.each([
    'network timeout at: http://h',
    'request to http://h failed, reason: x',
    'The user aborted a request.',
    'maximum redirect reached at: x',
  ])('with an API error whose message is %p goes by the code', async (Message) => {
    const result = await sendTo((socket) => socket.write(answer(apiError({ Code: 'InvalidParameter', Message }))))
    expect(meaningOf(result)).toBe('refused rejected')
  })

  test.each([{}, { Message: 'm' }, { Code: 5, Message: 'm' }, { Code: null }])(
    'with the error %j, without a code, is a bad response',
    async (error) => {
      expect(meaningOf(await sendTo((socket) => socket.write(answer(apiError(error)))))).toBe('bad_response')
    },
  )

  test.each([
    '201 Created',
    '204 No Content',
    '400 Bad Request',
    '429 Too Many Requests',
    '500 Internal Server Error',
    '503 X',
  ])('of status %s is an http_error, with a JSON error body too', async (status) => {
    const body = status.startsWith('204') ? '' : apiError({ Code: 'InvalidParameter', Message: 'm' })
    const result = await sendTo((socket) => socket.write(answer(body, { status })))
    expect(result).toEqual({ kind: 'http_status', status: Number.parseInt(status, 10) })
  })

  test.each([
    '',
    ' ',
    'not json',
    '<html>',
    verifiedBody.slice(0, -1),
    '{}',
    'null',
    '[]',
    '1',
    '"x"',
    '{"Response":null}',
    '{"Response":""}',
    '{"Response":5}',
    '{"Response":{}}',
    '{"Response":[]}',
    '{"Response":{"CaptchaCode":"1"}}',
  ])('with the body %j is a bad response', async (body) => {
    expect(meaningOf(await sendTo((socket) => socket.write(answer(body))))).toBe('bad_response')
  })

  test('of an event stream is a bad response; with a charset the client reads it as JSON', async () => {
    const streaming = (type: string) =>
      sendTo((socket) => socket.write(answer(verifiedBody, { headers: [`Content-Type: ${type}`] })))
    expect(meaningOf(await streaming('text/event-stream'))).toBe('bad_response')
    expect(meaningOf(await streaming('text/event-stream; charset=utf-8'))).toBe('verified')
  })

  test('that says gzip and is not is a bad response', async () => {
    const headers = ['Content-Type: application/json', 'Content-Encoding: gzip']
    expect(meaningOf(await sendTo((socket) => socket.write(answer(verifiedBody, { headers }))))).toBe('bad_response')
  })
})

describe('what the vendor’s client makes of a broken transport', () => {
  test('no headers in its own time are a timeout', async () => {
    expect(await sendTo(() => {}, { reqTimeout: 0.1 })).toEqual({ kind: 'timeout', loopBlocked: false })
  })

  test('no body in its own time is a timeout', async () => {
    expect(meaningOf(await sendTo((socket) => socket.write(chunkedHead), { reqTimeout: 0.1 }))).toBe('timeout')
  })

  test('a refused connection is unreachable', async () => {
    const server = await serve(() => {})
    await server.close()
    expect(meaningOf(await send(server.port))).toBe('unreachable')
  })

  test('a connection that is reset or closed is unreachable', async () => {
    expect(meaningOf(await sendTo((socket) => socket.resetAndDestroy()))).toBe('unreachable')
    expect(meaningOf(await sendTo((socket) => socket.end()))).toBe('unreachable')
  })

  test('a name that does not exist is unreachable', async () => {
    const send = sdkClientSender(clientFor('no-such-host.invalid', { reqTimeout: 2 }))
    const result = await new Promise<UpstreamResult>((resolve) => send(request, resolve))
    expect(['unreachable', 'timeout']).toContain(meaningOf(result))
  })

  test('no TLS where TLS is expected is unreachable', async () => {
    const server = await serve(
      () => {},
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    expect(meaningOf(await send(server.port, { protocol: 'https://' }))).toBe('unreachable')
  })

  test('no HTTP is no bug', async () => {
    expect(meaningOf(await sendTo((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')))).toBe('unreachable')
  })

  test('redirects without end are an http_error', async () => {
    const server = await serve((socket) => socket.write(answer('', { status: '302 Found', headers: ['Location: /'] })))
    expect(meaningOf(await send(server.port))).toBe('http_error')
  })

  test('a redirect to nowhere is no bug', async () => {
    const result = await sendTo((socket) =>
      socket.write(answer('', { status: '302 Found', headers: ['Location: http://[bad'] })),
    )
    expect(['http_error', 'bad_response', 'unreachable']).toContain(meaningOf(result))
  })

  test.each([
    ['in chunks, though the JSON was whole', (socket: Socket) => socket.end(`${chunkedHead}${chunk(verifiedBody)}`)],
    [
      'by a reset',
      (socket: Socket) => {
        socket.write(answer(verifiedBody).slice(0, -5))
        setTimeout(() => socket.resetAndDestroy(), 30)
      },
    ],
    [
      'by a reset within chunks',
      (socket: Socket) => {
        socket.write(`${chunkedHead}${chunk('{')}`)
        setTimeout(() => socket.resetAndDestroy(), 30)
      },
    ],
  ])('a body cut %s is unreachable', async (_, onRequest) => {
    expect(meaningOf(await sendTo(onRequest, { reqTimeout: 1 }))).toBe('unreachable')
  })

  test('a body shorter than its Content-Length is unreachable, or a timeout where the client waits on', async () => {
    const result = await sendTo((socket) => socket.end(answer(verifiedBody).slice(0, -5)), { reqTimeout: 0.3 })
    expect(['unreachable', 'timeout']).toContain(meaningOf(result))
  })
})

describe('the vendor’s client and its credential', () => {
  test.each(['KEY-hidden', '', 'connect ECONNREFUSED'])(
    'that rejects with %p is misconfigured, and quoted nowhere',
    async (message) => {
      const getCredential = () => Promise.reject(new Error(message))
      const result = await sendTo(() => {}, { credential: { getCredential } })
      expect(result).toEqual({ kind: 'credential_failed', problem: 'the SDK client could not sign' })
    },
  )
})

describe('stopping the vendor’s client', () => {
  test.each([
    ['before the headers', () => {}],
    ['in the body', (socket: Socket) => socket.write(chunkedHead)],
  ])('%s frees its socket, and no result is heard of', async (_, onRequest) => {
    let asked = () => {}
    const hasAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const server = await serve((socket) => {
      onRequest(socket)
      asked()
    })
    const results: UpstreamResult[] = []
    const send = sdkClientSender(clientFor(`127.0.0.1:${server.port}`, { reqTimeout: 0.8 }))
    const running = send(request, (result) => results.push(result))
    await hasAsked
    running.stop()
    await server.allClosed()
    expect(results).toEqual([])
  })
})

describe('a client under the guard’s deadline', () => {
  /** The client and its sockets have real time, the guard's deadline comes when the clock is turned to it. */
  function verifyWith(client: CaptchaClient, timeoutMs = 2000): Promise<UpstreamResult & { readonly tookMs: number }> {
    const clock = new ManualClock()
    const transport = { kind: 'client' as const, client }
    const config = { captchaAppId: 190000001, appSecretKey: 's', transport }
    const { calls } = createUpstreams(config, clock, new LookupQueue())
    const done = new Promise<UpstreamResult & { readonly tookMs: number }>((resolve) =>
      calls.verify(call, timeoutMs, (result) => resolve({ ...result, tookMs: clock.nowMs() })),
    )
    return turnFor(clock, done)
  }

  test('that hangs, for its 60 s or for ever, is a timeout, and its socket is freed', async () => {
    const server = await serve(() => {})
    expect(await verifyWith(clientFor(`127.0.0.1:${server.port}`, { reqTimeout: 60 }))).toMatchObject({
      kind: 'timeout',
      tookMs: 2000,
    })
    await server.allClosed()
  })

  test('whose credential hangs is a timeout', async () => {
    const credential = { getCredential: () => new Promise<never>(() => {}) }
    expect(await verifyWith(clientFor('127.0.0.1:1', { credential }))).toMatchObject({ kind: 'timeout', tookMs: 2000 })
  })

  test('that ignores the signal is a timeout all the same', async () => {
    expect(await verifyWith({ request: () => new Promise(() => {}) })).toMatchObject({ kind: 'timeout', tookMs: 2000 })
  })

  test.each(['AbortError', 'TimeoutError'])('that gives up by itself with an %s is a timeout', async (name) => {
    const client = { request: () => Promise.reject(new DOMException('gave up', name)) }
    expect(await verifyWith(client)).toMatchObject({ kind: 'timeout' })
  })

  test('is given action, parameters and signal', async () => {
    const calls: unknown[][] = []
    const client = {
      request: async (...args: unknown[]) => {
        calls.push(args)
        return { CaptchaCode: 1 }
      },
    }
    expect(meaningOf(await verifyWith(client))).toBe('verified')
    expect(calls).toEqual([['DescribeCaptchaResult', request.params, { signal: expect.any(AbortSignal) }]])
  })

  test.each([
    [
      'throws at once',
      () => {
        throw new RangeError('x')
      },
    ],
    ['rejects with an unknown error', () => Promise.reject(new RangeError('x'))],
    ['rejects with text', () => Promise.reject('InternalError')],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['rejects with a number', () => Promise.reject(26)],
    [
      'rejects with a TypeError of its own',
      () => Promise.reject(new TypeError("Cannot read properties of undefined (reading 'foo')")),
    ],
    [
      'rejects with what cannot even be looked at',
      () =>
        Promise.reject(
          Object.defineProperty(new Error('x'), 'code', {
            get() {
              throw new RangeError('x')
            },
          }),
        ),
    ],
    ['rejects with an errno of no connection', () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOSPC' }))],
  ])('that %s has a bug, which is an error and never a pass', async (_, fail) => {
    expect(meaningOf(await verifyWith({ request: fail as () => Promise<never> }))).toBe('bug')
  })

  test.each([
    [{ code: 'InternalError' }, 'internal_error'],
    [{ code: 'AuthFailure.SignatureFailure' }, 'misconfigured'],
    [{ code: 'ECONNREFUSED' }, 'unreachable'],
    [{ code: 'ECONNRESET' }, 'unreachable'],
    [{ httpCode: 502, code: undefined, requestId: '' }, 'http_error'],
  ])('of another make that rejects with %j means %s', async (shape, meaning) => {
    const client = { request: () => Promise.reject(Object.assign(new Error('x'), shape)) }
    expect(meaningOf(await verifyWith(client))).toBe(meaning)
  })

  /** What `fetch` of Node rejects with. */
  const fetchFailed = (cause: unknown, message = 'fetch failed') => Object.assign(new TypeError(message), { cause })
  const systemError = (code: string, more = {}) => Object.assign(new Error(code), { code, ...more })

  test.each<[unknown, string]>([
    [fetchFailed(systemError('ECONNREFUSED')), 'unreachable'],
    [fetchFailed(systemError('ENOTFOUND')), 'unreachable'],
    [fetchFailed(systemError('UND_ERR_SOCKET'), 'terminated'), 'unreachable'],
    [fetchFailed(undefined), 'unreachable'],
    [fetchFailed(systemError('UND_ERR_CONNECT_TIMEOUT')), 'timeout'],
    [fetchFailed(systemError('UND_ERR_HEADERS_TIMEOUT')), 'timeout'],
    [fetchFailed(systemError('UND_ERR_BODY_TIMEOUT'), 'terminated'), 'timeout'],
    [fetchFailed(systemError('EMFILE')), 'overloaded'],
    [fetchFailed(systemError('EADDRNOTAVAIL', { errors: [systemError('EADDRNOTAVAIL')] })), 'overloaded'],
    [systemError('EMFILE'), 'overloaded'],
    [new Error('request to https://h/ failed, reason: connect EMFILE 192.0.2.1:443'), 'overloaded'],
    [new Error('request to https://h/ failed, reason: connect ECONNREFUSED 192.0.2.1:443'), 'unreachable'],
  ])('that rejects with %p means %s', async (error, meaning) => {
    expect(meaningOf(await verifyWith({ request: () => Promise.reject(error) }))).toBe(meaning)
  })

  test('that is built on fetch is unreachable where the port is closed', async () => {
    const server = await serve(() => {})
    await server.close()
    const client = { request: async () => (await fetch(server.url, { method: 'POST' })).json() as Promise<never> }
    expect(meaningOf(await verifyWith(client, 2000))).toBe('unreachable')
  })

  test.each(['timeout', 'x'])('that resolves to %p is a bad response', async (value) => {
    expect(meaningOf(await verifyWith({ request: async () => value }))).toBe('bad_response')
  })
})

describe('an exception of another copy of the SDK', () => {
  test('is told by its shape', () => {
    const foreign = { name: 'Error', message: 'm', code: 'AuthFailure.TokenFailure', requestId: 'r', traceId: '' }
    expect(sdkFailure(foreign)).toEqual({
      kind: 'sdk_api_error',
      errorCode: 'AuthFailure.TokenFailure',
      requestId: 'r',
    })
  })
})
