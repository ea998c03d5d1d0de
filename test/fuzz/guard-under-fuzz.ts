import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import { createGuard } from '../../lib/captcha-guard.js'
import type { CaptchaGuard, CaptchaGuardOptions, CaptchaStore, CaptchaVerdict } from '../../lib/index.js'
import { captchaChannels } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { secretMark } from './hostile-values.js'
import type { TencentAct } from './tencent-answers.js'

export const captchaAppId = 190000001
/** Every channel of `node:diagnostics_channel` that the package publishes on. */
const { verify, ...plainChannels } = captchaChannels
const tracingEvents = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
const channelNames = [...Object.values(plainChannels), ...tracingEvents.map((event) => `tracing:${verify}:${event}`)]

/** What arrives, as far as the guard looks at it. */
export interface ArrivingRequest {
  readonly method: string
  readonly rawHeaders: readonly string[]
  readonly body: unknown
  readonly query: unknown
  readonly ip: unknown
}

/** One request at the guard, and what the guard did with it. */
export interface Visit {
  readonly req: IncomingMessage & { readonly captcha?: CaptchaVerdict }
  /** Arguments of each call of `next`. */
  readonly nexts: readonly unknown[][]
  /** Times that a response was ended. */
  readonly ends: number
  readonly isGone: boolean
  /** On the clock; infinite while there is neither. */
  readonly endedMs: number
  readonly startedMs: number
  hangUp(): void
}

/** A guard on a virtual clock: its Tencent acts as the case says, and whatever leaves it is kept. */
export class GuardUnderFuzz {
  readonly clock = new VirtualClock()
  readonly guard: CaptchaGuard
  readonly visits: Visit[] = []
  /** Everything that left the guard, as text. */
  readonly outputs: string[] = []
  /** The log. */
  readonly lines: object[] = []
  /** What Tencent answered, by ticket and randstr. */
  readonly answers = new Map<string, unknown[]>()
  /** Calls about tickets of the form that a canary has. */
  canaries = 0
  readonly #actFor: (ticket: string) => TencentAct
  readonly #onMessage = (message: unknown) => this.#note(publishedText(message))

  constructor(
    options: Partial<CaptchaGuardOptions>,
    actFor: (ticket: string) => TencentAct,
    store: (clock: VirtualClock) => CaptchaStore | undefined = () => undefined,
  ) {
    this.#actFor = actFor
    const log = (fields: object, message: string) => {
      this.lines.push(fields)
      this.#note([fields, message])
    }
    const { degradation, ...others } = options
    const config = parseOptions({
      captchaAppId,
      appSecretKey: `key ${secretMark}`,
      client: { request: (action, params) => this.#request(action, params) },
      logger: { debug: log, info: log, warn: log, error: log },
      store: store(this.clock),
      ...others,
      degradation: { ...degradation, fallback: { ...degradation?.fallback, probe: false } },
    })
    this.guard = createGuard(config, this.clock)
    for (const name of channelNames) subscribe(name, this.#onMessage)
  }

  send({ method, rawHeaders, body, query, ip }: ArrivingRequest): Visit {
    const req = new IncomingMessage(new Socket())
    req.method = method
    ;(req as unknown as HeaderLines)._addHeaderLines([...rawHeaders], rawHeaders.length)
    Object.assign(req, { body, query, ip, params: {}, path: '/', originalUrl: '/', hostname: 'shop.example' })
    const res = new ServerResponse(req)
    const { clock } = this
    const visit = {
      req: req as Visit['req'],
      nexts: [] as unknown[][],
      ends: 0,
      isGone: false,
      startedMs: clock.nowMs(),
      endedMs: Number.POSITIVE_INFINITY,
      hangUp() {
        if (this.endedMs < Number.POSITIVE_INFINITY) return
        this.isGone = true
        res.destroyed = true
        res.emit('close')
      },
    }
    const end = res.end.bind(res)
    res.end = ((text: unknown) => {
      visit.ends++
      visit.endedMs = clock.nowMs()
      this.#note([res.statusCode, res.getHeaders(), String(text)])
      return end(text as string)
    }) as typeof res.end
    this.visits.push(visit)
    this.guard(req, res, (...args: unknown[]) => {
      visit.nexts.push(args)
      visit.endedMs = clock.nowMs()
      for (const error of args) this.outputs.push(inspect(error))
    })
    return visit
  }

  /** Moves on, event by event. What is settled by promises and ticks is settled in between. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.clock.nowMs() + byMs
    await allSettled()
    while (this.clock.nextDueMs <= untilMs) {
      this.clock.runNext()
      await allSettled()
    }
    this.clock.moveTo(untilMs)
  }

  /** Lets go of what was kept of requests. */
  forget(): void {
    this.visits.length = 0
    this.outputs.length = 0
    this.lines.length = 0
    this.answers.clear()
  }

  async close(): Promise<void> {
    this.outputs.push(JSON.stringify(this.guard.snapshot()))
    await this.guard.close()
    for (const name of channelNames) unsubscribe(name, this.#onMessage)
  }

  #note(output: unknown): void {
    this.outputs.push(JSON.stringify(output))
  }

  #request(action: string, { Ticket, Randstr = '' }: { Ticket: string; Randstr?: string }): Promise<unknown> {
    const isCanary = Ticket.startsWith('trerror_')
    if (isCanary) this.canaries++
    const act = this.#actFor(isCanary ? 'canary' : Ticket)
    return new Promise((resolve, reject) => {
      if (act.kind === 'hangs') return
      this.clock.after(act.afterMs, () => {
        if (act.kind === 'throws') return reject(act.error)
        const key = answerKey(action === 'DescribeCaptchaResult' ? 'web' : 'mini_program', Ticket, Randstr)
        this.answers.set(key, [...(this.answers.get(key) ?? []), act.response])
        resolve(act.response)
      })
    })
  }
}

/** Node's own way of giving a message its headers. */
interface HeaderLines {
  _addHeaderLines(lines: readonly string[], count: number): void
}

/** All that a subscriber can read of a message: its fields, those that are made when asked for, and an exception with its stack. */
function publishedText(message: unknown): unknown {
  const { fields, error, ...rest } = message as { fields?: () => object; error?: unknown }
  return [rest, fields?.(), error === undefined ? '' : inspect(error)]
}

/** Names a question to Tencent. A mini program sends no randstr. */
export function answerKey(channel: string, ticket: string, randstr: string): string {
  return JSON.stringify([channel, ticket, channel === 'web' ? randstr : ''])
}

/** Ticks and promises are done before the event loop turns. */
function allSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
