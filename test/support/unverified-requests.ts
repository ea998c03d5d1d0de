import fc from 'fast-check'
import { CaptchaGuardProcess, type SimulatedRequest } from '../../bench/outage-simulation/captcha-guard-process.js'
import { simulatedConfig } from '../../bench/outage-simulation/simulated-config.js'
import type { Answer, AskedTicket } from '../../bench/outage-simulation/tencent-model.js'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import type { Decision } from '../../lib/admission/question.js'
import type { DegradationOptions } from '../../lib/options/options.js'

const clients = ['regular', 'stranger 1', 'stranger 2', 'stranger 3'] as const

/**
 * Requests that Tencent never verified: made-up tickets, tickets that Tencent refuses, fails on or never answers, and tickets
 * that passed before; from strangers or from an address that honest users share, some of which hang up.
 */
const unverifiedRequest = fc.record({
  ticket: fc.constantFrom('fallback', 'junk', 'poison', 'tar', 'replayed' as const),
  client: fc.constantFrom(...clients),
  times: fc.integer({ min: 1, max: 30 }),
  /** All of them bring the same ticket. */
  isOneTicket: fc.boolean(),
  /** A replayed ticket is this many passes old. */
  passesAgo: fc.nat(40),
  hangsUpAfterMs: fc.option(fc.constantFrom(0, 20, 400, 1500), { nil: undefined, freq: 4 }),
  afterMs: fc.integer({ min: 0, max: 20_000 }),
})

export type UnverifiedRequest = typeof unverifiedRequest extends fc.Arbitrary<infer Request> ? Request : never

export const unverifiedRequests = fc.array(unverifiedRequest, { maxLength: 40 })

/**
 * What Tencent does to every call. `throttles` and `misconfigured` say nothing about its availability; `tickets_hang` leaves the
 * canary out.
 */
export type TencentState = 'well' | 'throttles' | 'misconfigured' | 'errors' | 'hangs' | 'tickets_hang'

/** Unverified requests, each with what Tencent does from then on. */
export const requestsWhile = (...states: readonly [TencentState, ...TencentState[]]) =>
  fc.array(fc.record({ request: unverifiedRequest, tencent: fc.constantFrom(...states) }), { maxLength: 40 })

/** Honest users of any site: milliseconds between their verified passes. */
export const honestGapMs = fc.constantFrom(200, 3000, 30_000)

/** A request that was decided, with all that a property needs to judge the decision by itself. */
export interface Decided {
  readonly request: SimulatedRequest
  readonly isHonest: boolean
  readonly startedMs: number
  readonly endedMs: number
  /** Places of start and end in the order of all starts and ends: many fall on one millisecond. */
  readonly startOrder: number
  readonly endOrder: number
  /** What Tencent answered to this request, or to the call about its ticket that it joined; `not_asked` where it was not asked. */
  readonly answer: string
  readonly decision: Decision
}

type Reply =
  | 'CaptchaCode 1'
  | 'CaptchaCode 15'
  | 'CaptchaCode 21'
  | 'InternalError'
  | 'RequestLimitExceeded'
  | 'AuthFailure'

const results: Readonly<Record<Reply, object>> = {
  'CaptchaCode 1': { CaptchaCode: 1 },
  'CaptchaCode 15': { CaptchaCode: 15 },
  'CaptchaCode 21': { CaptchaCode: 21 },
  InternalError: { Error: { Code: 'InternalError' } },
  RequestLimitExceeded: { Error: { Code: 'RequestLimitExceeded' } },
  AuthFailure: { Error: { Code: 'AuthFailure.SecretIdNotFound' } },
}

const healthyReplies = {
  genuine: 'CaptchaCode 1',
  junk: 'CaptchaCode 15',
  poison: 'InternalError',
  tar: undefined,
  canary: 'CaptchaCode 21',
} as const satisfies Readonly<Record<AskedTicket, Reply | undefined>>

const failingReplies = {
  throttles: 'RequestLimitExceeded',
  misconfigured: 'AuthFailure',
  errors: 'InternalError',
  hangs: undefined,
  tickets_hang: undefined,
} as const satisfies Readonly<Record<Exclude<TencentState, 'well'>, Reply | undefined>>

function replyOf(state: TencentState, ticket: AskedTicket): Reply | undefined {
  if (state === 'well' || (state === 'tickets_hang' && ticket === 'canary')) return healthyReplies[ticket]
  return failingReplies[state]
}

const answerMs = 65
const timeoutMs = 2000
/** A suspicion that a failed call raised is over after the next healthy canary. */
const suspicionEndsMs = 1200

/** A process of a site between honest users, unverified callers and a Tencent whose state the test sets. */
export class World {
  readonly clock = new VirtualClock()
  readonly process: CaptchaGuardProcess
  /** Decisions, oldest first. A request that hung up has none. */
  readonly decided: Decided[] = []
  /** Those of them that passed. */
  readonly passes: Decided[] = []
  tencent: TencentState = 'well'
  isScriptServed = true
  /** Until then a failed or unanswered call explains that the circuit is suspect. */
  suspicionExplainedUntilMs = Number.NEGATIVE_INFINITY
  /** Called after every event. */
  onEvent: () => void = () => {}
  #answer = 'not_asked'
  readonly #answers = new Map<string, string>()
  #sent = 0
  #order = 0

  constructor(gapMs: number, options: DegradationOptions = {}) {
    this.process = new CaptchaGuardProcess({
      clock: this.clock,
      config: simulatedConfig(options),
      store: undefined,
      askTencent: (ticket) => this.#askTencent(ticket),
      canFetchScript: () => this.isScriptServed,
    })
    const comeHonestly = () => {
      const number = this.#sent++
      const clientKey = number % 2 === 0 ? 'regular' : `user ${number}`
      this.#handle({ ticket: 'genuine', clientKey, ticketKey: `honest ${number}` }, true)
      this.clock.after(gapMs, comeHonestly)
    }
    comeHonestly()
    this.advance(7 * 60_000)
  }

  /** Moves on; honest users come meanwhile. */
  advance(byMs: number): void {
    const untilMs = this.clock.nowMs() + byMs
    while (this.clock.nextDueMs <= untilMs) {
      this.clock.runNext()
      this.onEvent()
    }
    this.clock.moveTo(untilMs)
  }

  send({ ticket, client, times, isOneTicket, passesAgo, hangsUpAfterMs }: UnverifiedRequest): void {
    const replayed = this.passes.at(-1 - passesAgo)?.request ?? { ticket: 'junk', ticketKey: 'honest 0' }
    for (let time = 0; time < times; time++) {
      if (!isOneTicket || time === 0) this.#sent++
      const request: SimulatedRequest =
        ticket === 'replayed'
          ? {
              clientKey: client,
              ticket: replayed.ticket === 'fallback' ? 'fallback' : 'junk',
              ticketKey: replayed.ticketKey,
            }
          : { clientKey: client, ticket, ticketKey: `made up ${this.#sent}` }
      this.#handle(request, false, hangsUpAfterMs)
      this.onEvent()
    }
  }

  #handle(request: SimulatedRequest, isHonest: boolean, hangsUpAfterMs?: number): void {
    const startedMs = this.clock.nowMs()
    const startOrder = this.#order++
    const joined = this.process.isAskedAbout(request) ? this.#answers.get(request.ticketKey) : undefined
    this.#answer = 'not_asked'
    let asked = ''
    const hangUp = this.process.handle(request, (decision) => {
      if (asked === '') asked = this.#answer
      const isJoined =
        joined !== undefined && decision.trace.stage !== 'precheck' && decision.verdict.cause !== 'override'
      const answer = isJoined ? joined : asked
      const endedMs = this.clock.nowMs()
      const endOrder = this.#order++
      const decided = { request, isHonest, startedMs, endedMs, startOrder, endOrder, answer, decision }
      this.decided.push(decided)
      if (decision.verdict.passed) this.passes.push(decided)
    })
    asked = this.#answer
    if (asked !== 'not_asked') this.#answers.set(request.ticketKey, asked)
    if (asked === 'InternalError') this.#explainSuspicion(startedMs + answerMs)
    if (asked === 'unanswered') this.#explainSuspicion(startedMs + timeoutMs)
    if (hangsUpAfterMs !== undefined) this.clock.after(hangsUpAfterMs, hangUp)
  }

  #explainSuspicion(untilMs: number): void {
    this.suspicionExplainedUntilMs = Math.max(this.suspicionExplainedUntilMs, untilMs + suspicionEndsMs)
  }

  #askTencent(ticket: AskedTicket): Answer {
    const reply = replyOf(this.tencent, ticket)
    if (ticket !== 'canary') this.#answer = reply ?? 'unanswered'
    if (reply === undefined) return { reply: undefined, afterMs: Number.POSITIVE_INFINITY }
    return { reply: { kind: 'sdk_result', result: results[reply] }, afterMs: answerMs }
  }

  close(): void {
    this.process.close()
  }
}
