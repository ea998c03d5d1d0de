// An application whose functions, logger and hooks misbehave, which sends itself requests. Bundled and forked by a test: what the
// test looks for is the end of a process.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express5, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { captchaGuard } from '../../lib/index.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { type Scenario, scenarios } from './misbehaviours.js'

const express4: typeof express5 = createRequire(import.meta.url)('express4')

/** What to run: all scenarios, or the one of that name without a guard. */
export interface SurvivalOrder {
  readonly express: string
  readonly unguarded?: string
}

/** One scenario that the process has survived. */
export interface SurvivalReport {
  readonly scenario: string
  /** To a request without a ticket, with a fallback ticket, a genuine one, one that is refused, one that Tencent fails. */
  readonly statuses: readonly number[]
  /** Errors that reached the error handler. */
  readonly errors: readonly string[]
}

async function run(express: typeof express5, scenario: Scenario, isGuarded: boolean): Promise<SurvivalReport> {
  const simulator = await startSimulator()
  const guard = captchaGuard({
    captchaAppId: simulator.captchaAppId,
    appSecretKey: simulator.appSecretKey,
    credential: simulator.credential,
    endpoint: simulator.url,
    logger: false,
    ...scenario.options,
    degradation: {
      ...scenario.options?.degradation,
      fallback: { scriptUrl: simulator.scriptUrl },
      circuit: { canaryIntervalMs: 20, canaryMaxIntervalMs: 20 },
    },
  })
  const errors: string[] = []
  const app = express().set('trust proxy', 'loopback').use(express.json())
  if (scenario.before) app.use(scenario.before)
  app.post('/', isGuarded ? guard : plainHandler(simulator), (_req, res) => void res.json({ ok: true }))
  const onError: ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push(String(error))
    if (!res.headersSent) res.status(500).end()
  }
  app.use(onError)
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const send = async (token: object): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.7' }
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(token) })).status
  }
  const seconds = Math.floor(Date.now() / 1000)
  const statuses = [
    await send({}),
    await send({ ticket: `trerror_1001_${simulator.captchaAppId}_${seconds}`, randstr: '@abc' }),
    await send(simulator.mintTicket()),
    await send(simulator.mintTicket({ code: 9 })),
  ]
  simulator.setFault('internal_error')
  statuses.push(await send(simulator.mintTicket()))
  simulator.setFault(null)
  const dueMs = performance.now() + 2000
  while (guard.snapshot().late.waiting > 0 && performance.now() < dueMs) await pause(5)
  // A rejection that nothing handles ends the process by now.
  await pause(10)
  await guard.close()
  server.closeAllConnections()
  server.close()
  await simulator.close()
  return { scenario: scenario.name, statuses, errors }
}

/** Asks for itself and answers when the reply is there, as examples of the SDK do. */
function plainHandler(simulator: Simulator): RequestHandler {
  return (req, res, next) => {
    void fetch(simulator.url, { method: 'POST' }).then(() => {
      if (req.body?.ticket) next()
      else res.status(400).end()
    })
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

process.once('message', async ({ express, unguarded }: SurvivalOrder) => {
  const version = express === 'Express 4' ? express4 : express5
  const wanted = scenarios.filter(({ name }) => unguarded === undefined || name === unguarded)
  for (const scenario of wanted) process.send?.(await run(version, scenario, unguarded === undefined))
  process.disconnect()
})
