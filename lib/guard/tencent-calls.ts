import { AsyncResource } from 'node:async_hooks'
import { circuitReport, degraded, type Outcome } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import type { Site } from '../site/site.js'
import { AgingMap } from '../structures/aging-map.js'
import { classifyReply } from '../tencent/classify-reply.js'
import type { Upstream } from '../tencent/upstream.js'
import type { VerifyCall } from '../tencent/verify-call.js'

/** What a decision asks Tencent. */
export interface TencentQuestion {
  readonly call: VerifyCall
  /** Equal for questions about the same ticket, randstr and channel. */
  readonly callKey: string
  readonly limitKey: string
  readonly timeoutMs: number
}

/** The answer at once, or what leaves the wait for it. */
export type Asked = { readonly kind: 'answered'; readonly reply: Outcome } | { readonly kind: 'waiting'; leave(): void }

interface CallUnderWay {
  readonly endMs: number
  readonly takers: Set<(reply: Outcome) => void>
  /** Ends the charge of a call that runs on without a caller. */
  endCharge: ((isRefused: boolean) => void) | undefined
}

interface KeptReply {
  readonly reply: Outcome
  readonly endedMs: number
}

/** How long the reply of a call without a caller waits for the ticket to be sent again. */
const keptMs = 30_000
const maxKept = 4_096

/**
 * The calls to Tencent about users' tickets, one for each ticket. A call belongs to no request: a caller that hangs up leaves
 * it, the call runs on to its end or deadline, and the same ticket sent again joins it or collects its reply, once. So a hang-up
 * costs no socket and hides no refusal, and a phone that lost its connection has not lost its ticket.
 */
export class TencentCalls {
  readonly #site: Site
  readonly #upstream: Upstream
  readonly #clock: Clock
  readonly #underWay = new Map<string, CallUnderWay>()
  readonly #kept = new AgingMap<KeptReply>(maxKept)

  constructor(site: Site, upstream: Upstream, clock: Clock) {
    this.#site = site
    this.#upstream = upstream
    this.#clock = clock
  }

  /** Whether a call about this ticket is under way, or its reply waits to be collected. */
  knows(callKey: string): boolean {
    return this.#underWay.has(callKey) || this.#keptReply(callKey) !== undefined
  }

  /**
   * Asks Tencent about a ticket, unless the circuit or our own cap says not to. Calls `take` once, in the async context of this
   * call and never before it has returned, unless it was left before.
   */
  ask(question: TencentQuestion, take: (reply: Outcome) => void): Asked {
    const { callKey } = question
    const underWay = this.#underWay.get(callKey)
    if (underWay !== undefined) return this.#join(underWay, question, take)
    const kept = this.#keptReply(callKey)
    if (kept === undefined) return this.#start(question, take)
    this.#kept.delete(callKey)
    return { kind: 'answered', reply: kept }
  }

  #keptReply(callKey: string): Outcome | undefined {
    const kept = this.#kept.get(callKey)
    return kept !== undefined && this.#clock.nowMs() - kept.endedMs < keptMs ? kept.reply : undefined
  }

  #start(question: TencentQuestion, take: (reply: Outcome) => void): Asked {
    const { call, callKey, limitKey, timeoutMs } = question
    const isKnown = this.#site.ledger.verifiedPerMinute(limitKey) > 0
    const leaveInFlight = this.#site.inFlight.enter(limitKey, isKnown)
    if (leaveInFlight === undefined) return answered(degraded('overloaded', { wasSent: false }))
    let giveUp = () => {}
    const permit = this.#site.circuit.admit({ clientKey: limitKey, isKnown, release: () => giveUp() })
    if (permit === undefined) {
      leaveInFlight()
      return answered(degraded('circuit_open', { wasSent: false }))
    }
    const underWay: CallUnderWay = {
      endMs: this.#clock.nowMs() + timeoutMs,
      takers: new Set(),
      endCharge: undefined,
    }
    this.#underWay.set(callKey, underWay)
    giveUp = this.#upstream.verify(call, timeoutMs, (result) => {
      this.#underWay.delete(callKey)
      leaveInFlight()
      const reply = classifyReply(result, call.channel)
      const report = circuitReport(reply)
      if (report === 'throttled') this.#site.noteThrottled()
      // A lost permit would hold a probing circuit open for ever.
      this.#site.circuit.settle(permit, report)
      this.#end(underWay, question, reply)
    })
    return this.#join(underWay, question, take)
  }

  /** Waits for a call; not longer than this caller's own deadline, where the call has another one's. */
  #join(underWay: CallUnderWay, question: TencentQuestion, take: (reply: Outcome) => void): Asked {
    const { limitKey, timeoutMs } = question
    underWay.endCharge?.(false)
    underWay.endCharge = undefined
    const caller = new AsyncResource('TencentCaptchaCall')
    const taker = (reply: Outcome) => {
      timer?.cancel()
      caller.runInAsyncScope(take, undefined, reply)
    }
    underWay.takers.add(taker)
    const leave = () => {
      timer?.cancel()
      if (!underWay.takers.delete(taker) || underWay.takers.size > 0) return
      underWay.endCharge = this.#site.charges.chargeRunning(limitKey)
    }
    const isShorter = this.#clock.nowMs() + timeoutMs < underWay.endMs
    const timer = isShorter ? this.#clock.after(timeoutMs, () => this.#stopWaiting(underWay, taker)) : undefined
    return { kind: 'waiting', leave }
  }

  /** The caller is still there, so nothing is charged; a refusal of the call is, when it comes. */
  #stopWaiting({ takers }: CallUnderWay, taker: (reply: Outcome) => void): void {
    if (takers.delete(taker)) taker(degraded('timeout', { isEvidence: false }))
  }

  #end({ takers, endCharge }: CallUnderWay, { callKey, limitKey }: TencentQuestion, reply: Outcome): void {
    const isRefused = reply.kind === 'refused'
    if (endCharge !== undefined) endCharge(isRefused)
    else if (isRefused) this.#site.charges.charge(limitKey)
    if (takers.size === 0) this.#keep(callKey, reply)
    const waiting = [...takers]
    takers.clear()
    for (const taker of waiting) taker(reply)
  }

  /** What the circuit gave up, or a bug, is no reply to be collected. */
  #keep(callKey: string, reply: Outcome): void {
    if (reply.kind === 'bug' || (reply.kind === 'degraded' && reply.cause === 'circuit_open')) return
    const nowMs = this.#clock.nowMs()
    this.#kept.set(callKey, { reply, endedMs: nowMs }, ({ endedMs }) => nowMs - endedMs >= keptMs)
  }
}

function answered(reply: Outcome): Asked {
  return { kind: 'answered', reply }
}
