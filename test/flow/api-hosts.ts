import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import tls from 'node:tls'
import { afterEach, jest } from '@jest/globals'
import type { Simulator } from '../../lib/simulator/index.js'
import { LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { selfSigned } from '../tencent/self-signed.js'

/** What a host does instead of serving the API. `undefined`: it serves it. */
export type HostFault = '503' | 'no_captcha_code' | 'invalid_action' | 'refuses_all' | undefined

/** One host in front of the simulated API, over TLS. */
export interface ApiHost {
  readonly url: string
  /** Bodies of the requests that came, parsed. */
  readonly asked: readonly Asked[]
  fault: HostFault
  /** Decides by the request; `undefined` goes on as `fault` says. */
  answer: ((asked: Asked) => object | undefined) | undefined
}

export interface Asked {
  readonly Ticket: string
  readonly AppSecretKey: string
}

const closers: (() => void)[] = []

afterEach(() => {
  jest.restoreAllMocks()
  for (const close of closers.splice(0)) close()
})

/** Makes this process trust the tests' certificate, which is for `localhost` alone. Names and signatures are checked as ever. */
export function trustTestCertificate(): void {
  const connect = tls.connect as (options: tls.ConnectionOptions) => tls.TLSSocket
  jest
    .spyOn(tls, 'connect')
    .mockImplementation(((options: tls.ConnectionOptions) =>
      connect({ ...options, ca: selfSigned.cert })) as typeof tls.connect)
}

/** Where a process keeps the queue that all its sites look names up with. */
const lookupsKey = Symbol.for('tencent-captcha-guard/lookups@1')

/** Has sites that start from here on find `localhost` without a thread, and no other name: no resolver of the machine is asked. */
export function lookUpLocalhostOnly(): void {
  const queue = new LookupQueue((host, done) => {
    const addresses = [{ address: '127.0.0.1', family: 4 }]
    setImmediate(done, host === 'localhost' ? { kind: 'addresses', addresses } : { kind: 'failed', code: 'ENOTFOUND' })
  })
  const before = Reflect.get(globalThis, lookupsKey)
  Reflect.set(globalThis, lookupsKey, queue)
  closers.push(() => Reflect.set(globalThis, lookupsKey, before))
}

/** @param name what the URL names; the certificate fits `localhost` only */
export async function apiHost(simulator: Simulator, name = 'localhost'): Promise<ApiHost> {
  const asked: Asked[] = []
  const host: { -readonly [member in keyof ApiHost]: ApiHost[member] } = {
    url: '',
    asked,
    fault: undefined,
    answer: undefined,
  }
  const server = https.createServer(selfSigned, (req, res) => void handle(req, res))
  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const question: Asked = JSON.parse(body.toString())
    asked.push(question)
    const response = host.answer?.(question) ?? faultyResponse(host.fault)
    if (response === undefined) return forward(req, body, res)
    if (host.fault === '503') res.statusCode = 503
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ Response: { RequestId: 'r', ...response } }))
  }
  // The host that was signed for reaches the simulator, which checks the signature.
  function forward(req: IncomingMessage, body: Buffer, res: ServerResponse): void {
    const onward = http.request(simulator.url, { method: 'POST', headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy()).end(body)
  }
  host.url = `https://${name}:${await listen(server)}/`
  return host
}

function faultyResponse(fault: HostFault): object | undefined {
  switch (fault) {
    case '503':
    case 'no_captcha_code':
      return {}
    case 'invalid_action':
      return { Error: { Code: 'InvalidAction', Message: 'not here' } }
    case 'refuses_all':
      return { CaptchaCode: 15, CaptchaMsg: 'not here' }
    case undefined:
      return undefined
  }
}

/** A host that takes connections and says nothing. */
export async function blackHole(): Promise<string> {
  return `https://localhost:${await listen(net.createServer(() => {}))}/`
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
