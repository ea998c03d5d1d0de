import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect } from '@jest/globals'
import express from 'express'
import fc from 'fast-check'
import { type CaptchaGuard, type CaptchaVerdict, captchaGuard } from '../../lib/index.js'
import { answer, type RawServer, rawServer } from '../tencent/raw-server.js'
import { fuzz } from './fuzz-cases.js'
import { captchaAppId } from './guard-under-fuzz.js'
import { hostileText, secretMark } from './hostile-values.js'
import { isVerificationBody, wireBody } from './tencent-answers.js'
import { forbidUnhandledRejections } from './unhandled-rejections.js'

const healthyCanary = '{"Response":{"CaptchaCode":21,"RequestId":"canary"}}'
const timeoutMs = 250

/** How Tencent answers the next call. */
let answerNext: (socket: Socket, ticket: string) => void
let tencent: RawServer
let guard: CaptchaGuard
const logged: string[] = []

beforeAll(async () => {
  tencent = await rawServer((socket, request) => {
    const { Ticket } = JSON.parse(request.slice(request.indexOf('\r\n\r\n') + 4)) as { Ticket: string }
    if (Ticket.startsWith('trerror_')) socket.end(answer(healthyCanary))
    else answerNext(socket, Ticket)
  })
  const log = (fields: object) => void logged.push(JSON.stringify(fields))
  guard = captchaGuard({
    captchaAppId,
    appSecretKey: `key-${secretMark}`,
    credential: { secretId: `id-${secretMark}`, secretKey: `key-${secretMark}` },
    endpoint: tencent.url,
    timeoutMs,
    logger: { debug: log, info: log, warn: log, error: log },
    degradation: {
      fallback: { probe: false },
      lateVerification: false,
      outage: { perClient: { limit: 1000 }, total: { startPerMinute: 100_000 } },
      doubt: { perClient: { limit: 1000 }, total: { startPerMinute: 100_000 } },
    },
  })
})
afterAll(async () => {
  await guard.close()
  await tencent.close()
  expect(logged.join().includes(secretMark)).toBe(false)
})
forbidUnhandledRejections()

let tickets = 0
const newTicket = () => `tr03${secretMark}${tickets++}*`

const wireReply = fc.record({
  body: wireBody,
  status: fc.constantFrom('200 OK', '200 OK', '200 OK', '204 No Content', '302 Found', '500 Oops', '999 What', 'OK'),
  headers: fc.array(
    fc.constantFrom(
      'Content-Type: application/json',
      'Content-Type: text/event-stream',
      'Location: http://127.0.0.1:1/',
      'Content-Encoding: gzip',
      'X-Long: '.padEnd(300, 'x'),
      'no colon',
      'Set-Cookie: a=b',
    ),
    { maxLength: 2 },
  ),
  /** The answer ends after so many bytes, with the connection or without it. */
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(200) }),
  ends: fc.constantFrom('keeps', 'ends', 'resets', 'keeps'),
  /** Bytes before or after an answer. */
  extra: fc.constantFrom('', '', '', '\u0000', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
})

fuzz(
  'replies over HTTP',
  'bytes of any kind from Tencent’s side end in a verdict in time, and verify only as a whole',
  wireReply,
  async (one) => {
    const whole = answer(one.body, { status: one.status, headers: one.headers }) + one.extra
    answerNext = (socket) => {
      socket.write(one.cut === undefined ? whole : Buffer.from(whole).subarray(0, one.cut))
      if (one.ends === 'ends') socket.end()
      if (one.ends === 'resets') socket.resetAndDestroy()
    }
    const verdict = await guard.check({ ticket: newTicket(), randstr: `@${secretMark}`, userIp: '203.0.113.7' })
    expect(Object.isFrozen(verdict)).toBe(true)
    if (verdict.reason !== 'verified') return
    expect([one.status, isVerificationBody(one.body)]).toEqual(['200 OK', true])
    expect(one.cut === undefined || one.cut >= Buffer.byteLength(whole) - one.extra.length).toBe(true)
  },
)

const bodyBytes = fc.oneof(
  fc
    .record({ ticket: fc.constantFrom('good', 'bad', `tr03${secretMark}`), randstr: hostileText })
    .map((body) => JSON.stringify(body)),
  fc.json(),
  hostileText,
  fc.constantFrom(
    '{"ticket":"good","ticket":"bad","randstr":"r"}',
    '{"ticket":["good"],"randstr":"r"}',
    'ticket=good&ticket=good&randstr=r',
    'ticket[]=good&randstr=r',
    'ticket[toString]=good&randstr=r',
    'ticket=good&randstr=r',
    '{"__proto__":{"ticket":"good","randstr":"r"}}',
    '{"ticket":"good","randstr":"r"',
  ),
)
const arrivingBytes = fc.record({
  body: bodyBytes,
  contentType: fc.constantFrom(
    'application/json',
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json; charset=utf-7',
  ),
  headers: fc.array(
    fc.tuple(
      fc.constantFrom(
        'X-Captcha-Ticket',
        'x-captcha-randstr',
        'X-Forwarded-For',
        'Content-Length',
        'Transfer-Encoding',
        'Expect',
        'Referer',
      ),
      fc.oneof(fc.constantFrom('good', '203.0.113.9', 'chunked', '3', 'a, b', ''), fc.string({ maxLength: 12 })),
    ),
    { maxLength: 3 },
  ),
  method: fc.constantFrom('POST', 'POST', 'PUT', 'GET', 'OPTIONS', 'NONSENSE'),
})

/** Requests at the guard, as the application sees them. */
interface Arrival {
  acts: number
  /** Those at the moment when the connection ended before an answer: by the client, or by a server that could not read on. */
  actsBeforeGone?: number
  captcha?: CaptchaVerdict
}
const arrivals: Arrival[] = []
let server: Server
let handled: (CaptchaVerdict | undefined)[] = []

beforeAll(async () => {
  const app = express().set('trust proxy', 'loopback')
  app.use(express.json({ strict: false }), express.urlencoded({ extended: true }))
  app.use((req, res, next) => {
    const arrival: Arrival = { acts: 0 }
    arrivals.push(arrival)
    const end = res.end.bind(res)
    res.end = ((...args: Parameters<typeof end>) => {
      if (arrival.acts === 0) arrival.acts++
      return end(...args)
    }) as typeof res.end
    res.once('close', () => {
      if (!res.writableEnded) arrival.actsBeforeGone = arrival.acts
    })
    guard(req, res, (...args) => {
      arrival.acts++
      next(...(args as []))
    })
  })
  app.use((req, res) => {
    handled.push((req as { captcha?: CaptchaVerdict }).captcha)
    res.json({ ok: true })
  })
  app.use(((_error, _req, res, _next) => res.status(400).end('not read')) as express.ErrorRequestHandler)
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** A request that the server takes for unfinished is given up after this long. */
const patienceMs = 200

/** Sends bytes as one request. Returns all that came back before the connection ended. */
async function sendBytes(text: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  // Half a connection would be a client that went away.
  socket.write(text)
  const timer = setTimeout(() => socket.destroy(), patienceMs)
  await once(socket, 'close')
  clearTimeout(timer)
  return received
}

fuzz(
  'bytes over HTTP',
  'bytes of any kind from a caller’s side are answered once, and pass only with a good ticket',
  arrivingBytes,
  async (one) => {
    const good = `good${tickets++}`
    const asked = new Set<string>()
    answerNext = (socket, ticket) => {
      asked.add(ticket)
      socket.write(answer(`{"Response":{"CaptchaCode":${ticket.startsWith('good') ? 1 : 15}}}`))
    }
    const body = one.body.replaceAll('good', good)
    arrivals.length = 0
    handled = []
    const lines = [
      `${one.method} /${tickets++} HTTP/1.1`,
      'Host: x',
      `Content-Type: ${one.contentType}`,
      'Connection: close',
    ]
    const length = one.headers.some(([name]) => /^(content-length|transfer)/i.test(name))
      ? []
      : [`Content-Length: ${Buffer.byteLength(body)}`]
    const headers = one.headers.map(([name, value]) => `${name}: ${value.replace('good', good)}`)
    const received = await sendBytes(`${[...lines, ...length, ...headers].join('\r\n')}\r\n\r\n${body}`)
    expect(received).not.toContain(secretMark)
    for (const { acts, actsBeforeGone = 1 } of arrivals) expect(acts).toBe(actsBeforeGone)
    for (const captcha of handled) {
      expect(captcha).toMatchObject({ passed: true })
      if (captcha?.degraded === false) expect(asked).toContain(good)
    }
  },
)
