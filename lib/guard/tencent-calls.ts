import { AsyncResource } from 'node:async_hooks'
import { circuitReport, degraded, type Outcome } from '../admission/outcome.js'
import { afterSockets, type Clock } from '../clock.js'
import type { AllowedCall } from '../site/call-allowance.js'
import type { Site } from '../site/site.js'
import { AgingMap } from '../structures/aging-map.js'
import { LinkedQueue, type Place } from '../structures/linked-queue.js'
import { classifyReply } from '../tencent/classify-reply.js'
import type { Endpoint } from '../tencent/endpoint.js'
import type { UpstreamResult } from '../tencent/upstream-result.js'
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

/** Told of a call that ended: where it went, what came back, and when it began. */
export type TellCall = (endpoint: Endpoint, reply: Outcome, startedMs: number) => void

interface CallUnderWay {
  readonly endMs: number
  /** One caller may send one ticket thousands of times: each joins and leaves in constant work. */
  readonly takers: LinkedQueue<Taker>
  /** Ends the charge of a call that runs on without a caller. */
  endCharge: ((isRefused: boolean) => void) | undefined
}

type Taker = (reply: Outcome) => void

/** How a call ends. */
interface CallEnd {
  finish(reply: Outcome): void
  /** Whether a caller waits for it. */
  isAwaited(): boolean
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
  readonly #endpoint: () => Endpoint
  readonly #clock: Clock
  readonly #tellCall: TellCall
  readonly #underWay = new Map<string, CallUnderWay>()
  readonly #kept = new AgingMap<KeptReply>(maxKept)

  /**
   * @param endpoint where calls go now
   * @param tellCall told of each call that ended
   */
  constructor(site: Site, endpoint: () => Endpoint, clock: Clock, tellCall: TellCall = () => {}) {
    this.#site = site
    this.#endpoint = endpoint
    this.#clock = clock
    this.#tellCall = tellCall
  }

  /** Whether a call about this ticket is under way, or its reply waits to be collected. */
  knows(callKey: string): boolean {
    return this.#underWay.has(callKey) || this.#keptReply(callKey) !== undefined
  }

  /**
   * Asks Tencent about a ticket, unless the circuit or our own cap says not to. Calls `take` once, in the async context of this
   * call and never before it has returned, unless it was left before.
   */
  ask(question: TencentQuestion, take: Taker): Asked {
    const { callKey } = question
    const underWay = this.#underWay.get(callKey)
    if (underWay !== undefined) return this.#join(underWay, question, take)
    const kept = this.#keptReply(callKey)
    if (kept === undefined) return this.#start(question, take)
    this.#kept.delete(callKey)
    return { kind: 'answered', reply: kept }
  }

  /**
   * Takes the reply of a call about this ticket that was begun before, as soon as it is there. Calls `take` once, never before it
   * has returned. Returns false where there is no such call.
   */
  follow(callKey: string, take: Taker): boolean {
    const underWay = this.#underWay.get(callKey)
    const kept = this.#keptReply(callKey)
    if (underWay !== undefined) underWay.takers.add(take)
    else if (kept !== undefined) this.#clock.afterPoll(() => take(kept))
    this.#kept.delete(callKey)
    return underWay !== undefined || kept !== undefined
  }

  /** Keeps a reply to be collected. What the circuit gave up, what was never sent, or a bug, is none. */
  keep(callKey: string, reply: Outcome): void {
    if (reply.kind === 'bug') return
    if (reply.kind === 'degraded' && (reply.cause === 'circuit_open' || !reply.wasSent)) return
    const nowMs = this.#clock.nowMs()
    this.#kept.set(callKey, { reply, endedMs: nowMs }, ({ endedMs }) => nowMs - endedMs >= keptMs)
  }

  #keptReply(callKey: string): Outcome | undefined {
    const kept = this.#kept.get(callKey)
    return kept !== undefined && this.#clock.nowMs() - kept.endedMs < keptMs ? kept.reply : undefined
  }

  #start(question: TencentQuestion, take: Taker): Asked {
    // First of all: in an outage every request comes here, and a full house of calls says less than an open circuit.
    if (this.#site.circuit.isShut) return answered(notAdmitted)
    const { call, callKey, limitKey, timeoutMs } = question
    const isKnown = this.#site.ledger.isKnown(limitKey)
    const leaveInFlight = this.#site.inFlight.enter(limitKey, isKnown)
    if (leaveInFlight === undefined) return answered(degraded('overloaded', { wasSent: false }))
    const allowed = this.#allow(limitKey, isKnown)
    if (allowed === undefined) {
      leaveInFlight()
      return answered(degraded('throttled', { wasSent: false, isEvidence: false }))
    }
    const startedMs = this.#clock.nowMs()
    const underWay: CallUnderWay = { endMs: startedMs + timeoutMs, takers: new LinkedQueue(), endCharge: undefined }
    const finish = (reply: Outcome) => {
      this.#underWay.delete(callKey)
      leaveInFlight()
      this.#end(underWay, question, reply)
    }
    const end: CallEnd = { finish, isAwaited: () => underWay.takers.size > 0 }
    const { keys } = this.#endpoint().ways.calls
    if (keys === undefined || this.#site.circuit.state === 'open' || keys.take() !== undefined) {
      if (!this.#send(question, allowed, 0, end)) {
        leaveInFlight()
        return answered(notAdmitted)
      }
    } else {
      // Before the permit: a provider that hangs must not look like a call that Tencent leaves unanswered.
      keys.wait(timeoutMs, (failure) => {
        if (failure !== undefined) finish(classifyReply(failure, call.channel))
        else if (!this.#send(question, allowed, this.#clock.nowMs() - startedMs, end)) finish(notAdmitted)
      })
    }
    this.#underWay.set(callKey, underWay)
    return this.#join(underWay, question, take)
  }

  /** Sends the call, of whose time so much is over. Returns false, and does nothing, where the circuit says not to. */
  #send(question: TencentQuestion, allowed: AllowedCall, waitedMs: number, end: CallEnd): boolean {
    const { call, timeoutMs } = question
    const { clientKey, isKnown } = allowed
    let giveUp = () => {}
    const permit = this.#site.circuit.admit({
      clientKey,
      isKnown,
      timeoutMs: timeoutMs - waitedMs,
      release: () => giveUp(),
    })
    if (permit === undefined) return false
    const endpoint = this.#endpoint()
    const judge = (result: UpstreamResult) => {
      const given = classifyReply(result, call.channel)
      this.#tellCall(endpoint, given, permit.startedMs)
      const reply = endpoint.judge(given)
      const report = endpoint.isTrialFailure(given, allowed) ? 'failure' : circuitReport(reply)
      this.#site.callAllowance.settle(allowed, reply)
      giveUp = () => {}
      // A lost permit would hold a probing circuit open for ever.
      const isHeld = this.#site.circuit.settle(permit, report)
      if (isHeld && end.isAwaited()) giveUp = () => end.finish(reply)
      else end.finish(reply)
    }
    giveUp = endpoint.ways.calls.verify(call, timeoutMs, judge, waitedMs)
    return true
  }

  /** An open circuit decides by itself, and its reason says more than that Tencent throttled before. */
  #allow(limitKey: string, isKnown: boolean): AllowedCall | undefined {
    const { circuit, callAllowance } = this.#site
    return circuit.state === 'open' ? callAllowance.uncounted(limitKey, isKnown) : callAllowance.take(limitKey, isKnown)
  }

  /**
   * Waits for a call; not longer than this caller's own deadline, where the call has another one's, nor than answers usually take
   * while Tencent leaves calls unanswered.
   */
  #join(underWay: CallUnderWay, question: TencentQuestion, take: Taker): Asked {
    const { limitKey, timeoutMs } = question
    underWay.endCharge?.(false)
    underWay.endCharge = undefined
    const caller = new AsyncResource('TencentCaptchaCall')
    const taker: Taker = (reply) => {
      timer?.cancel()
      caller.runInAsyncScope(take, undefined, reply)
    }
    const place = underWay.takers.add(taker)
    const leave = () => {
      timer?.cancel()
      if (!underWay.takers.remove(place) || underWay.takers.size > 0) return
      underWay.endCharge = this.#site.charges.chargeRunning(limitKey)
    }
    const waitMs = this.#site.circuit.callerWaitMs(timeoutMs)
    const isShorter = this.#clock.nowMs() + waitMs < underWay.endMs
    const stopWaiting = () => this.#stopWaiting(underWay, place)
    const timer = isShorter ? this.#clock.after(waitMs, () => afterSockets(this.#clock, stopWaiting)) : undefined
    return { kind: 'waiting', leave }
  }

  /** The caller is still there, so nothing is charged; a refusal of the call is, when it comes. */
  #stopWaiting({ takers }: CallUnderWay, place: Place<Taker>): void {
    if (takers.remove(place)) place.item(degraded('timeout', { isEvidence: false }))
  }

  #end(underWay: CallUnderWay, { callKey, limitKey }: TencentQuestion, reply: Outcome): void {
    const { endCharge } = underWay
    const takers = underWay.takers.drain()
    const isRefused = reply.kind === 'refused'
    if (endCharge !== undefined) endCharge(isRefused)
    else if (isRefused) this.#site.charges.charge(limitKey)
    if (takers.length === 0) this.keep(callKey, reply)
    for (const taker of takers) taker(reply)
  }
}

const notAdmitted = degraded('circuit_open', { wasSent: false })

function answered(reply: Outcome): Asked {
  return { kind: 'answered', reply }
}
