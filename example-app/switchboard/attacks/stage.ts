import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { type CaptchaGuard, type CaptchaGuardOptions, type CaptchaLogger, captchaGuard } from 'tencent-captcha-guard'
import type { Simulator } from 'tencent-captcha-guard/simulator'
import type { PurseName } from '../../wire.js'

export interface StageSetup {
  /** How long Tencent takes for an answer. Default: as fast as it can. */
  readonly latencyMs?: number
  readonly options?: Partial<CaptchaGuardOptions>
  /** What the site's only route runs ahead of its handler. Default: the guard alone. */
  readonly route?: (guard: CaptchaGuard, options: CaptchaGuardOptions) => RequestHandler[]
}

export interface Attempt {
  readonly ticket: string
  readonly randstr: string
  readonly address: string
  readonly path?: string
  /** The caller leaves after this time, with or without an answer. */
  readonly hangUpAfterMs?: number
}

/** What reached the handler, by who sent it. */
export interface Entries {
  passed: number
  verified: number
}

/** A site of its own for one attack: a guard with its defaults, a simulated Tencent, and a route that counts whom it lets in. */
export class Stage {
  readonly simulator: Simulator
  readonly guard: CaptchaGuard
  readonly attacker: Entries = { passed: 0, verified: 0 }
  readonly honest: Entries = { passed: 0, verified: 0 }
  /** Degraded passes of the attacker's, by the purse they were drawn from. */
  readonly drawn: Record<PurseName, number> = { outage: 0, doubt: 0 }
  outages = 0
  /** Requests of the attacker's. */
  tries = 0
  readonly #server: Server

  private constructor(simulator: Simulator, { options, route, latencyMs }: StageSetup) {
    this.simulator = simulator
    if (latencyMs !== undefined) simulator.setFault({ kind: 'slow', delayMs: latencyMs })
    const { captchaAppId, appSecretKey, credential, url, scriptUrl } = simulator
    const guardOptions: CaptchaGuardOptions = {
      captchaAppId,
      appSecretKey,
      credential,
      endpoint: url,
      timeoutMs: 1000,
      logUserIp: 'full',
      logger: this.#watchLog(),
      ...options,
      degradation: { ...options?.degradation, fallback: { scriptUrl, ...options?.degradation?.fallback } },
    }
    this.guard = captchaGuard(guardOptions)
    const app = express()
    app.set('trust proxy', 'loopback')
    app.use(express.json({ limit: '16kb' }))
    app.use(...(route?.(this.guard, guardOptions) ?? [this.guard]), (req, res) => {
      const entries = isHonest(req.ip) ? this.honest : this.attacker
      entries.passed++
      if (req.captcha?.degraded === false) entries.verified++
      res.sendStatus(204)
    })
    this.#server = createServer(app)
  }

  static async open(setup: StageSetup = {}): Promise<Stage> {
    // Imported only here, so that a site in production does not load it.
    const { startSimulator } = await import('tencent-captcha-guard/simulator')
    const stage = new Stage(await startSimulator(), setup)
    stage.#server.listen(0, '127.0.0.1')
    await once(stage.#server, 'listening')
    return stage
  }

  /** Calls at Tencent about the attacker's tickets. */
  get asked(): number {
    return this.simulator.calls.filter(({ ticketKind, userIp }) => ticketKind === 'ordinary' && !isHonest(userIp))
      .length
  }

  /** Sends one request of the attacker's, and resolves when it is over. */
  async attack(attempt: Attempt): Promise<void> {
    this.tries++
    await this.#send(attempt)
  }

  /** Sends a genuine ticket of a user with an address of its own. */
  async visit(index: number): Promise<void> {
    await this.#send({ ...this.simulator.mintTicket(), address: `198.18.${index >> 8}.${index & 255}` })
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await Promise.all([this.guard.close(), this.simulator.close()])
  }

  async #send({ ticket, randstr, address, path = '/', hangUpAfterMs }: Attempt): Promise<void> {
    const { port } = this.#server.address() as AddressInfo
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ ticket, randstr }),
        ...(hangUpAfterMs !== undefined && { signal: AbortSignal.timeout(hangUpAfterMs) }),
      })
      await response.arrayBuffer()
    } catch {
      // The caller has hung up.
    }
  }

  #watchLog(): CaptchaLogger {
    const watch = (fields: { event?: string; passed?: boolean; purse?: PurseName; userIp?: string }) => {
      if (fields.event === 'captcha_outage_started') this.outages++
      const { event, passed, purse, userIp } = fields
      if (event === 'captcha_degraded' && passed && purse && !isHonest(userIp)) this.drawn[purse]++
    }
    return { debug() {}, info() {}, warn: watch, error() {} }
  }
}

/** Honest users have addresses of the network for benchmarks; the attacker's are for documentation. */
function isHonest(address: string | null | undefined): boolean {
  return address?.startsWith('198.18.') === true
}
