import { once } from 'node:events'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, expect } from '@jest/globals'
import express5, { type Request, type RequestHandler, type Response } from 'express'
import { pino } from 'pino'
import supertest from 'supertest'
import { createGuard } from '../../lib/captcha-guard.js'
import {
  type CaptchaGuard,
  type CaptchaGuardOptions,
  type CaptchaLogger,
  type CaptchaVerdict,
  captchaGuard,
} from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../lib/simulator/index.js'
import { ManualClock } from '../support/manual-clock.js'
import { turn, turnFor, turnUntil, until } from '../support/turned-time.js'

export { turnUntil, until }

export type ExpressFactory = typeof express5

/** The alias has no types of its own; those of Express 5 describe all that is used here. */
const express4: ExpressFactory = createRequire(import.meta.url)('express4')

export const expressVersions: ReadonlyArray<readonly [string, ExpressFactory]> = [
  ['Express 5', express5],
  ['Express 4', express4],
]

/** What a caller sends: anything, not only two strings. */
export type Token = { readonly ticket?: unknown; readonly randstr?: unknown }

export interface FlowSetup {
  readonly express?: ExpressFactory
  /** On top of the simulator's keys and `logger: false`. */
  readonly options?: Partial<CaptchaGuardOptions>
  readonly simulator?: SimulatorOptions
  /** What the route runs between parser and handler. Default: the guard alone. */
  readonly route?: (guard: CaptchaGuard, flow: Flow) => RequestHandler[]
  readonly handler?: RequestHandler
  /** Default true. */
  readonly parser?: boolean
  /** Default `'loopback'`: the test says in `X-Forwarded-For` who it is. */
  readonly trustProxy?: unknown
  /** Default `'manual'`: sockets are real, and time stands still until the test turns it. `'system'`: time is the test's subject. */
  readonly time?: 'manual' | 'system'
  /** Runs before everything else. */
  readonly before?: RequestHandler[]
}

export interface SendOptions {
  readonly ip?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly method?: 'get' | 'post' | 'options'
  readonly path?: string
}

/** One request's answer, and what the guard left on the request. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly captcha: CaptchaVerdict | undefined
}

/** One guard at work on one request. */
export interface Visit {
  readonly req: Request
  readonly nextArguments: unknown[][]
  endsBeforeNext: number
  gone: boolean
}

export interface Flow {
  readonly simulator: Simulator
  readonly guard: CaptchaGuard
  /** The clock of guards and simulator. A flow on the system's time has none: it throws. */
  readonly clock: ManualClock
  readonly url: string
  readonly visits: readonly Visit[]
  /** Errors that reached the application's error handler. */
  readonly errors: readonly unknown[]
  /** How often the handler ran. */
  readonly handled: number
  readonly options: CaptchaGuardOptions
  mint: Simulator['mintTicket']
  /** A fallback ticket for this site, stamped by its clock. */
  fallback(change?: FallbackShape): { ticket: string; randstr: string }
  send(token?: Token, options?: SendOptions): Promise<Reply>
  /** One more guard, on the same clock. It ends with the flow. */
  newGuard(options: CaptchaGuardOptions): CaptchaGuard
  /** Turns the clock, while sockets go on, until the condition holds; throws when that takes longer by this clock. Default: ten seconds. */
  turnUntil(condition: () => boolean, withinMs?: number): Promise<void>
  /** Turns the clock by that much while sockets go on. */
  turn(byMs: number): Promise<void>
  /** Turns the clock until the promise settles, and returns its result. */
  turnFor<Result>(result: Promise<Result>, withinMs?: number): Promise<Result>
  /** Counts next() and answers of a guard of the test's own. */
  watch(guard: CaptchaGuard): RequestHandler
  /** Tickets of users, not canaries, that Tencent was asked about. */
  readonly asked: number
}

interface FallbackShape {
  readonly prefix?: string
  readonly code?: number
  readonly appId?: number | string
  /** Milliseconds since 1970, when it is `ageMs` old. Default: now. */
  readonly nowMs?: number
  readonly ageMs?: number
  readonly tail?: string
  readonly randstr?: string
}

const open: Array<{ readonly flow: Flow; readonly server: Server; readonly guards: Set<CaptchaGuard> }> = []

/** Starts simulator, application and guard; all of it ends with the test, which also fails if a guard did not act once. */
export async function startFlow(setup: FlowSetup = {}): Promise<Flow> {
  const clock = setup.time === 'system' ? undefined : new ManualClock(Date.now())
  const simulator = await startSimulator({ ...(clock && { now: () => clock.epochMs() }), ...setup.simulator })
  const options = guardOptions(simulator, setup.options)
  const guards = new Set<CaptchaGuard>()
  const guard = newGuard(options)
  const visits: Visit[] = []
  const requests = new Map<string, Request>()
  const errors: unknown[] = []
  const app = (setup.express ?? express5)()
  let handled = 0
  let sent = 0
  let server: Server

  function newGuard(ofGuard: CaptchaGuardOptions): CaptchaGuard {
    const made = clock ? createGuard(parseOptions(ofGuard), clock) : captchaGuard(ofGuard)
    guards.add(made)
    return made
  }

  function watch(watched: CaptchaGuard): RequestHandler {
    guards.add(watched)
    return function watchedGuard(req, res, next) {
      const visit: Visit = { req, nextArguments: [], endsBeforeNext: 0, gone: false }
      visits.push(visit)
      countEnds(res, visit)
      watched(req, res, (...args: unknown[]) => {
        visit.nextArguments.push(args)
        next(...(args as []))
      })
    }
  }

  async function send(token?: Token, options: SendOptions = {}): Promise<Reply> {
    const { ip = '203.0.113.7', headers = {}, method = 'post', path = '/' } = options
    const id = String(sent++)
    const request = supertest(server)[method](path)
    for (const [name, value] of Object.entries({ 'x-forwarded-for': ip, ...headers, 'x-test-request': id })) {
      request.set(name, value as string)
    }
    const response = await (method === 'post' && token !== undefined ? request.send(token as object) : request)
    const { status, body, text } = response
    return { status, headers: response.headers, body, text, captcha: requests.get(id)?.captcha }
  }

  const flow: Flow = {
    simulator,
    guard,
    options,
    visits,
    errors,
    watch,
    newGuard,
    get clock() {
      if (clock === undefined) throw new Error('this flow runs on the time of the system')
      return clock
    },
    turnUntil: (condition, withinMs) => (clock ? turnUntil(clock, condition, withinMs) : until(condition, withinMs)),
    turn: (byMs) => turn(flow.clock, byMs),
    turnFor: (result, withinMs) => turnFor(flow.clock, result, withinMs),
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    get handled() {
      return handled
    },
    get asked() {
      return simulator.calls.filter(({ ticketKind }) => ticketKind === 'ordinary').length
    },
    mint: (mint) => simulator.mintTicket(mint),
    fallback: (change) =>
      fallbackTicket(simulator.captchaAppId, { ...(clock && { nowMs: clock.epochMs() }), ...change }),
    send(token, options) {
      const reply = send(token, options)
      // A test that has failed may await it no more, and the end of its server must not end the process.
      reply.catch(() => {})
      return reply
    },
  }

  app.set('trust proxy', setup.trustProxy ?? 'loopback')
  app.use((req, _res, next) => {
    requests.set(String(req.headers['x-test-request']), req)
    next()
  })
  for (const middleware of setup.before ?? []) app.use(middleware)
  if (setup.parser !== false) app.use((setup.express ?? express5).json({ limit: '5mb', strict: false }))
  const handler: RequestHandler = (req, res, next) => {
    handled++
    return setup.handler ? setup.handler(req, res, next) : res.json({ ok: true })
  }
  const route = setup.route?.(guard, flow) ?? [watch(guard)]
  app.use(...route, handler)
  app.use((error: unknown, _req: Request, res: Response, _next: unknown) => {
    errors.push(error)
    if (!res.headersSent) res.status(500).end('error handler')
  })
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({ flow, server, guards })
  return flow
}

afterEach(async () => {
  for (const { flow, server, guards } of open.splice(0)) {
    for (const guard of guards) await guard.close()
    server.closeAllConnections()
    server.close()
    await flow.simulator.close()
    for (const visit of flow.visits) expect(actsOf(visit)).toBe(visit.gone ? 0 : 1)
  }
})

/** Calls of next() plus answers of the guard's own: one, or none where the client went away. */
function actsOf({ nextArguments, endsBeforeNext }: Visit): number {
  return nextArguments.length + endsBeforeNext
}

function countEnds(res: Response, visit: Visit): void {
  const end = res.end
  res.end = ((...args: Parameters<typeof end>) => {
    if (visit.nextArguments.length === 0) visit.endsBeforeNext++
    return end.apply(res, args)
  }) as typeof end
  res.once('close', () => {
    if (!res.writableEnded) visit.gone = true
  })
}

export function guardOptions(simulator: Simulator, options: Partial<CaptchaGuardOptions> = {}): CaptchaGuardOptions {
  const { degradation = {}, ...others } = options
  return {
    captchaAppId: simulator.captchaAppId,
    appSecretKey: simulator.appSecretKey,
    ...(options.client === undefined && { credential: simulator.credential, endpoint: simulator.url }),
    logger: false,
    ...others,
    degradation: { ...degradation, fallback: { scriptUrl: simulator.scriptUrl, ...degradation.fallback } },
  }
}

export function fallbackTicket(captchaAppId: number, shape: FallbackShape = {}): { ticket: string; randstr: string } {
  const { prefix = 'trerror', code = 1001, appId = captchaAppId, tail = '', randstr = '@abc' } = shape
  const { nowMs = Date.now(), ageMs = 0 } = shape
  const seconds = Math.floor((nowMs - ageMs) / 1000)
  return { ticket: `${prefix}_${code}_${appId}_${seconds}${tail}`, randstr }
}

/** An address per number, so that limits by client do not meet. */
export function clientIp(index: number): string {
  return `198.51.${Math.floor(index / 250)}.${(index % 250) + 1}`
}

/** A circuit that one failed call and one failed canary open, and that looks for recovery often. */
export const quickCircuit = { consecutiveFailures: 1, canaryIntervalMs: 40, canaryMaxIntervalMs: 40 }

/** Lets the API fail and the circuit open. Needs {@link quickCircuit}; costs one ticket of the client's. */
export async function breakApi(flow: Flow, ip = '198.18.0.1'): Promise<void> {
  flow.simulator.setFault('internal_error')
  const failing = flow.send(flow.mint(), { ip })
  // With `client` two canaries have to fail, two seconds apart.
  await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'open', 6000)
  await failing
}

export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: number
  readonly msg: string
  readonly event: string
}

/** A real pino that keeps its lines, parsed. */
export function logBook(): { readonly logger: CaptchaLogger; readonly lines: LogLine[]; readonly raw: string[] } {
  const lines: LogLine[] = []
  const raw: string[] = []
  const logger = pino(
    { level: 'debug' },
    {
      write(line: string) {
        raw.push(line)
        lines.push(JSON.parse(line))
      },
    },
  )
  return { logger, lines, raw }
}
