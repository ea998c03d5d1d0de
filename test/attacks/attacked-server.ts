import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CaptchaVerdict, GuardSnapshot } from '../../lib/index.js'

/** Tencent as it should be: code 1 for tickets that begin with `genuine`, 21 for canaries, 15 for junk, after 50 ms. */
export interface HealthyTencent {
  readonly port: number
  readonly calls: number
  /** Closes the connections that wait for a request, as a load balancer does after a while. */
  closeIdle(): void
  close(): void
}

export async function healthyTencent(): Promise<HealthyTencent> {
  let calls = 0
  const server = http.createServer(async (req, res) => {
    calls++
    const { Ticket = '' } = JSON.parse((await req.toArray()).join('')) as { Ticket?: string }
    const CaptchaCode = Ticket.startsWith('genuine') ? 1 : Ticket.startsWith('trerror') ? 21 : 15
    setTimeout(() => res.end(JSON.stringify({ Response: { CaptchaCode, RequestId: 'r' } })), 50)
  })
  server.keepAliveTimeout = 60_000
  // As a load balancer does: the port of a connection that the other side closed then stays taken over there.
  server.on('connection', (socket) => socket.on('end', () => socket.end()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get calls() {
      return calls
    },
    closeIdle: () => server.closeIdleConnections(),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

type Verdict = Pick<CaptchaVerdict, 'passed' | 'degraded'> & { readonly reason: string }

/** The guard, or the handler that people write by hand. */
export type Route = '/guarded' | '/plain'

export interface AttackedServer {
  readonly port: number
  /** Sends a ticket from an address of its own; resolves to `undefined` where the caller hung up or was not let in. */
  send(route: Route, request: TicketRequest): Promise<Verdict | undefined>
  /** How long a lookup of another name takes in that process. */
  lookUpMs(name?: string): Promise<number>
  hash(): Promise<void>
  snapshot(): Promise<GuardSnapshot>
  close(): void
}

export interface TicketRequest {
  readonly ticket: string
  readonly ip: string
  readonly hangUpAfterMs?: number
  /** Connections of the caller's; one for each request where there is none. */
  readonly agent?: http.Agent
}

interface AttackedServerOptions {
  readonly endpoint: string
  readonly env?: NodeJS.ProcessEnv
  /** `ulimit -n` of the process. */
  readonly maxDescriptors?: number
}

export async function attackedServer(options: AttackedServerOptions): Promise<AttackedServer> {
  const { endpoint, env = {}, maxDescriptors } = options
  const limit = maxDescriptors === undefined ? '' : `ulimit -n ${maxDescriptors} && `
  const child: ChildProcess = spawn(
    'sh',
    ['-c', `${limit}exec "$0" test/attacks/server-process.mjs`, process.execPath],
    {
      env: { ...process.env, NODE_OPTIONS: '', ...env, TENCENT: endpoint },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const ask = (path: string, body?: object, { ip, hangUpAfterMs, agent }: Partial<TicketRequest> = {}) =>
    new Promise<unknown>((resolve) => {
      const request = http.request(
        { port, path, host: '127.0.0.1', method: body ? 'POST' : 'GET', agent: agent ?? new http.Agent() },
        (response) =>
          response.toArray().then(
            (chunks) => resolve(JSON.parse(chunks.join(''))),
            () => resolve(undefined),
          ),
      )
      request.on('error', () => resolve(undefined))
      request.setHeader('Content-Type', 'application/json')
      if (ip !== undefined) request.setHeader('X-Forwarded-For', ip)
      if (hangUpAfterMs !== undefined) setTimeout(() => request.destroy(), hangUpAfterMs)
      request.end(body && JSON.stringify(body))
    })
  return {
    port,
    send: (route, request) =>
      ask(route, { ticket: request.ticket, randstr: '@abc' }, request) as Promise<Verdict | undefined>,
    lookUpMs: (name = 'another.test') => ask(`/lookup/${name}`) as Promise<number>,
    hash: () => ask('/hash', {}) as Promise<never>,
    async snapshot() {
      let snapshot: unknown
      // A process without descriptors takes in no connection until some are closed.
      while (snapshot === undefined) snapshot = await ask('/snapshot')
      return snapshot as GuardSnapshot
    },
    close: () => {
      child.kill('SIGKILL')
    },
  }
}

/** Runs something at a rate for a while, and resolves when all of it has ended. */
export async function atRate<Result>(
  perSecond: number,
  forMs: number,
  run: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const startedMs = performance.now()
  const running: Promise<Result>[] = []
  while (performance.now() - startedMs < forMs) {
    const due = Math.min(perSecond * forMs, (performance.now() - startedMs) * perSecond) / 1000
    while (running.length < due) running.push(run(running.length))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return Promise.all(running)
}
