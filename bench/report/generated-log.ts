import { createHash } from 'node:crypto'
import { seededRandom } from '../../lib/simulator/fault-schedule.js'

/** What the generator wrote, counted as it wrote it: what the report has to find. */
export interface KnownFigures {
  lines: number
  broken: number
  captchaLines: number
  outages: KnownOutage[]
  outside: { passes: number; degradedRefusals: number }
}

/** One outage as generated. */
export interface KnownOutage {
  readonly fromMs: number
  toMs: number
  readonly bySections: Map<string, Map<string, number>>
  readonly clients: Map<string, number>
  /** Requests that passed, by wait. */
  readonly waits: Map<number, number>
  readonly waitsByMinute: Map<number, number>
  suppressed: number
}

export interface GeneratedLogOptions {
  /** Stops at the first second that ends beyond it. */
  readonly bytes: number
  readonly seed?: number
  readonly processes?: number
  /** Requests a second during an outage, over all processes. */
  readonly perSecond?: number
  /** Lines of the application for one of the guard, outside of outages. */
  readonly chatter?: number
  readonly startMs?: number
}

const minuteMs = 60_000
const appId = 190000001
const userAgent =
  'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36'

/**
 * Writes the log of several processes, second by second: quiet hours with a trickle of doubt, and outages of a few minutes with
 * passes, refusals, late verdicts, broken lines and lines of the application between. What it writes it counts, one by one, in
 * plain maps. Yields text; the figures are whole at the end.
 */
export function* generateLog(options: GeneratedLogOptions, known: KnownFigures): Generator<string> {
  const { bytes, seed = 1, processes = 3, perSecond = 400, chatter = 1 } = options
  const writer = new LogWriter(seed, processes, chatter, known)
  // The start of a minute, so that an outage's minutes are those of its seconds.
  let atMs = options.startMs ?? Date.UTC(2026, 0, 31, 1, 0, 0)
  let written = 0
  while (written < bytes) {
    for (const text of writer.cycle(atMs, perSecond)) {
      written += text.length
      yield text
    }
    atMs += 40 * minuteMs
  }
}

export function noFigures(): KnownFigures {
  return { lines: 0, broken: 0, captchaLines: 0, outages: [], outside: { passes: 0, degradedRefusals: 0 } }
}

const causes = ['circuit_open', 'timeout', 'internal_error', 'client_fallback'] as const

class LogWriter {
  readonly #processes: readonly string[]
  readonly #known: KnownFigures
  readonly #chatter: number
  readonly #random: () => number
  #serial = 0
  #lines: string[] = []

  constructor(seed: number, processes: number, chatter: number, known: KnownFigures) {
    this.#random = seededRandom(seed)
    this.#known = known
    this.#chatter = chatter
    this.#processes = Array.from({ length: processes }, (_, index) => `"pid":${100 + index},"hostname":"web-${index}"`)
  }

  /** Ten quiet minutes, an outage of six minutes and a bit, late verdicts, quiet again. */
  *cycle(startMs: number, perSecond: number): Generator<string> {
    const fromMs = startMs + 10 * minuteMs + 20_000
    const seconds = 6 * 60 + 13
    for (let atMs = startMs; atMs < fromMs - minuteMs; atMs += 10_000) yield this.#quiet(atMs)
    const outage: KnownOutage = {
      fromMs,
      toMs: fromMs + seconds * 1000,
      bySections: new Map(),
      clients: new Map(),
      waits: new Map(),
      waitsByMinute: new Map(),
      suppressed: 0,
    }
    this.#known.outages.push(outage)
    for (const [index] of this.#processes.entries()) {
      // The processes notice one after the other.
      this.#event(
        index,
        fromMs + index * 300,
        40,
        'captcha_outage_started',
        '"path":"api","why":"5 failures in a row, canary failed"',
      )
    }
    for (let second = 0; second < seconds; second++) yield this.#second(outage, fromMs + second * 1000, perSecond)
    for (const [index] of this.#processes.entries()) {
      const durationMs = seconds * 1000 - index * 300
      this.#event(
        index,
        outage.toMs + 2000,
        30,
        'captcha_outage_ended',
        `"path":"api","why":"5 failures in a row, canary failed","durationMs":${durationMs},"decisions":{"circuit_open":9}`,
      )
    }
    yield this.#late(outage, outage.toMs + 1000)
    for (let atMs = outage.toMs + 8 * minuteMs; atMs < startMs + 40 * minuteMs; atMs += 10_000) yield this.#quiet(atMs)
  }

  #second(outage: KnownOutage, atMs: number, requests: number): string {
    for (let request = 0; request < requests; request++) {
      const at = atMs + Math.floor((request * 1000) / requests)
      const draw = this.#draw(1000)
      if (draw < 2) this.#damagedLine(at)
      else if (draw < 700) this.#pass(outage, at)
      else if (draw < 850) this.#refusal(outage, at)
      else if (draw < 900) this.#inputRefusal(outage, at)
      else this.#applicationLine(at)
    }
    return this.#flush()
  }

  #pass(outage: KnownOutage, atMs: number): void {
    const cause = causes[this.#draw(causes.length)] as string
    const isFallback = cause === 'client_fallback'
    const isBot = this.#draw(10) < 3
    const client = isBot ? `203.0.113.${this.#draw(8)}/32` : `10.${this.#draw(20)}.${this.#draw(250)}.0/24`
    const waitMs = cause === 'timeout' ? 400 + this.#draw(1700) : this.#draw(12)
    const purse = this.#draw(20) === 0 ? 'doubt' : 'outage'
    count(outage, 'passesByCause', cause)
    count(outage, 'passesByPurse', purse)
    count(outage, 'ticket', isFallback ? 'fallback' : 'ordinary')
    bump(outage.clients, client)
    bump(outage.waits, waitMs)
    bump(outage.waitsByMinute, Math.floor(atMs / minuteMs) * minuteMs, waitMs)
    this.#decision(atMs, 'captcha_degraded', {
      reason: cause,
      cause,
      passed: true,
      ...(isFallback && { clientErrorCode: 1006 }),
      durationMs: waitMs,
      ticketHash: this.#hash(),
      userIp: client,
      stage: 'resolve',
      rule: 'pass',
      ruleFrom: 'default',
      evidence: purse === 'outage' ? 'outage' : 'none',
      evidenceWhy: 'the circuit is open',
      purse,
      purseUsed: 1,
      purseLimit: 20,
      purseRemaining: 90,
      circuit: 'open',
    })
  }

  #refusal(outage: KnownOutage, atMs: number): void {
    const isExhausted = this.#draw(10) < 8
    const reason = isExhausted ? 'budget_exhausted' : 'fallback_replayed'
    const by = this.#draw(3) === 0 ? 'total' : 'client'
    const suppressed = this.#draw(50) === 0 ? 1 + this.#draw(30) : 0
    outage.suppressed += suppressed
    count(outage, 'degradedRefusalsByReason', reason)
    if (isExhausted) count(outage, 'limits', `outage|${by}`)
    this.#decision(atMs, 'captcha_degraded', {
      reason,
      cause: isExhausted ? 'circuit_open' : 'client_fallback',
      passed: false,
      durationMs: 1,
      ticketHash: this.#hash(),
      userIp: `203.0.113.${this.#draw(8)}/32`,
      stage: 'resolve',
      ...(isExhausted && { rule: 'pass', ruleFrom: 'default', evidence: 'outage', purse: 'outage', purseUsed: 20 }),
      ...(isExhausted && { purseLimit: 20, purseRemaining: 0, exhaustedBy: by }),
      circuit: 'open',
      ...(suppressed > 0 && { suppressed }),
    })
  }

  #inputRefusal(outage: KnownOutage, atMs: number): void {
    const reason = this.#draw(2) === 0 ? 'ticket_missing' : 'ticket_malformed'
    count(outage, 'refusedByReason', reason)
    this.#decision(atMs, 'captcha_refused', {
      reason,
      passed: false,
      durationMs: 0,
      stage: 'precheck',
      circuit: 'open',
    })
  }

  #late(outage: KnownOutage, atMs: number): string {
    for (let ticket = 0; ticket < 600; ticket++) {
      const draw = this.#draw(10)
      const outcome = draw < 6 ? 'genuine' : draw < 9 ? 'refused' : 'inconclusive'
      count(outage, 'late', outcome)
      const reason = outcome === 'refused' ? '"reason":"ticket_invalid",' : ''
      this.#event(
        ticket % this.#processes.length,
        atMs + ticket * 50,
        outcome === 'refused' ? 40 : 30,
        'captcha_late_verdict',
        `"cause":"circuit_open","outcome":"${outcome}",${reason}"captchaCode":1,"ticketHash":"${this.#hash()}"`,
      )
    }
    return this.#flush()
  }

  #quiet(atMs: number): string {
    this.#known.outside.passes++
    this.#decision(atMs, 'captcha_degraded', {
      reason: 'client_fallback',
      cause: 'client_fallback',
      passed: true,
      clientErrorCode: 1006,
      durationMs: 1,
      ticketHash: this.#hash(),
      userIp: '198.51.100.0/24',
      evidence: 'none',
      purse: 'doubt',
      circuit: 'closed',
    })
    for (let line = 0; line < this.#chatter; line++) this.#applicationLine(atMs)
    return this.#flush()
  }

  #decision(atMs: number, event: string, fields: object): void {
    const process = this.#draw(this.#processes.length)
    const level = event === 'captcha_refused' ? 30 : 40
    const text = JSON.stringify(fields).slice(1, -1)
    // Every fifth line is pino-http's, with the request before the guard's fields.
    const request =
      this.#draw(5) === 0 ? `"req":{"id":${this.#serial},"method":"POST","url":"/login?event=captcha_degraded"},` : ''
    this.#event(process, atMs, level, event, text, request)
  }

  #event(process: number, atMs: number, level: number, event: string, fields: string, request = ''): void {
    this.#known.captchaLines++
    this.#line(
      `{"level":${level},"time":${atMs},${this.#processes[process]},${request}"event":"${event}","captchaAppId":${appId},${fields},"msg":"${event}"}`,
    )
  }

  #applicationLine(atMs: number): void {
    const url = `/api/items/${this.#serial}?from=captcha_login`
    const request = `{"id":${this.#serial},"method":"GET","url":"${url}","query":{"event":"captcha_degraded","passed":"true"},"headers":{"user-agent":"${userAgent}","accept-language":"zh-CN"},"remoteAddress":"10.0.0.1"}`
    this.#line(
      `{"level":30,"time":${atMs},${this.#processes[0]},"req":${request},"res":{"statusCode":200},"responseTime":12,"msg":"request completed"}`,
    )
  }

  #damagedLine(atMs: number): void {
    this.#known.broken++
    const whole = `{"level":40,"time":${atMs},${this.#processes[0]},"event":"captcha_degraded","captchaAppId":${appId},"passed":true}`
    this.#line(this.#draw(2) === 0 ? whole.slice(0, 20 + this.#draw(90)) : whole.replace('"time":', '"time";'))
  }

  #line(text: string): void {
    this.#known.lines++
    this.#lines.push(text)
  }

  #flush(): string {
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    return text
  }

  #hash(): string {
    return createHash('md5')
      .update(`${this.#serial++}`)
      .digest('hex')
      .slice(0, 12)
  }

  /** An integer from 0, below `bound`. */
  #draw(bound: number): number {
    return Math.floor(this.#random() * bound)
  }
}

function count(outage: KnownOutage, section: string, name: string): void {
  const counts = outage.bySections.get(section) ?? new Map<string, number>()
  outage.bySections.set(section, counts)
  bump(counts, name)
}

function bump<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}
