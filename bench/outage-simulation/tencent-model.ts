import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { Fault } from './scenario.js'

/** What is asked about. A poison ticket makes Tencent answer `InternalError`, a tar ticket makes it hang. */
export type AskedTicket = 'genuine' | 'junk' | 'poison' | 'tar' | 'canary'

/** `undefined`: the call is never answered. */
export interface Answer {
  readonly reply: UpstreamResult | undefined
  readonly afterMs: number
}

const verified = answered({ CaptchaCode: 1 })
const refusedFallback = answered({ CaptchaCode: 21 })
const refusedJunk = answered({ CaptchaCode: 15 })
const internalError = answered({ Error: { Code: 'InternalError' } })
const throttled = answered({ Error: { Code: 'RequestLimitExceeded' } })
const otherApi = answered({ Error: { Code: 'InvalidAction' } })
const otherApp = answered({ CaptchaCode: 16 })
const unavailable: UpstreamResult = { kind: 'http_status', status: 503 }
const unanswered: Answer = { reply: undefined, afterMs: Number.POSITIVE_INFINITY }

const errorShare = 0.3
const slowMs = 1900
const flapMs = 20_000

/** Tencent as a process of the site meets it: healthy answers take 30 to 80 ms, and a fault covers them. */
export class TencentModel {
  readonly #random: () => number
  readonly #fault: Fault
  readonly #quotaPerSecond: number
  #quotaSecond = -1
  #askedThisSecond = 0

  /** @param quotaPerSecond Calls a second before Tencent answers `RequestLimitExceeded`. */
  constructor(fault: Fault, quotaPerSecond: number, random: () => number) {
    this.#fault = fault
    this.#quotaPerSecond = quotaPerSecond
    this.#random = random
  }

  /**
   * @param sinceMs Milliseconds since the fault began; negative before.
   * @param host Which of the sibling hosts is asked, the preferred one being 0.
   */
  ask(ticket: AskedTicket, sinceMs: number, host = 0): Answer {
    if (this.#isOverQuota(sinceMs)) return { reply: throttled, afterMs: 10 }
    const fault = sinceMs < 0 ? 'none' : this.#fault
    if (fault.startsWith('primary_down')) {
      if (host === 0) return unanswered
      if (host === 1 && fault === 'primary_down') return this.#soon(otherApi)
      if (host === 1 || fault === 'primary_down_siblings_refuse')
        return this.#soon(ticket === 'canary' ? refusedFallback : otherApp)
    }
    if (fault === 'api_hangs') return unanswered
    if (fault === 'api_unavailable') return this.#soon(unavailable)
    if (fault === 'api_flaps' && Math.floor(sinceMs / flapMs) % 2 === 0) return unanswered
    if (fault === 'ordinary_hangs' && ticket !== 'canary') return unanswered
    if (ticket === 'tar') return unanswered
    const afterMs = fault === 'api_slow' ? slowMs : this.#usualMs()
    if (fault === 'api_errors' && this.#random() < errorShare) return { reply: internalError, afterMs }
    return { reply: replies[ticket], afterMs }
  }

  #soon(reply: UpstreamResult): Answer {
    return { reply, afterMs: this.#usualMs() }
  }

  #usualMs(): number {
    return 30 + 50 * this.#random()
  }

  #isOverQuota(sinceMs: number): boolean {
    const second = Math.floor(sinceMs / 1000)
    if (second !== this.#quotaSecond) {
      this.#quotaSecond = second
      this.#askedThisSecond = 0
    }
    return ++this.#askedThisSecond > this.#quotaPerSecond
  }
}

const replies: Readonly<Record<Exclude<AskedTicket, 'tar'>, UpstreamResult>> = {
  genuine: verified,
  junk: refusedJunk,
  poison: internalError,
  canary: refusedFallback,
}

/** An answer as it comes from an SDK client: judged by the package, without JSON to parse for each of ten million. */
function answered(result: object): UpstreamResult {
  return { kind: 'sdk_result', result }
}
