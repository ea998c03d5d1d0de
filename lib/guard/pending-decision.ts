import { type Admission, admit } from '../admission/admit.js'
import { causeTable, type DegradationCause } from '../admission/cause-table.js'
import { mayHaveSpent, type Outcome } from '../admission/outcome.js'
import type {
  Answer,
  AppliedRule,
  Claim,
  Decision,
  Evidence,
  PurseName,
  Question,
  RuleAction,
} from '../admission/question.js'
import { callOption } from '../options/call-option.js'
import type { DegradationRule } from '../options/options.js'
import type { PurseSettings } from '../site/ledger.js'
import { isVouchedFor } from '../site/vouched-key.js'
import type { VerifyCall } from '../tencent/verify-call.js'
import type { CaptchaRequest } from '../types.js'
import type { RequestContext } from './request-context.js'
import type { LateReport, SiteServices } from './site-services.js'

/** What a guard decides by. */
export interface DecisionPolicy {
  readonly services: SiteServices
  readonly purses: PurseSettings
  readonly timeoutMs: number
  readonly maxFallbackAgeMs: number
  /** The operator's own rules; a cause without one follows the cause table. */
  readonly rules: { readonly [cause in DegradationCause]?: DegradationRule | undefined }
  /** Told what Tencent says later about a ticket that passed degraded. */
  reportLate(late: LateReport): void
}

/** A request's part of the context, without what only the report needs. */
export type DecisionContext = Pick<
  RequestContext,
  'req' | 'channel' | 'ticket' | 'clientKey' | 'addressKey' | 'limitKey' | 'ticketKey' | 'shared' | 'risk' | 'startedMs'
> & { readonly address: { readonly ip: string } | undefined }

/** Told how a decision ended: `decided` or `failed`, exactly once, or neither for a decision that was abandoned. */
export interface DecisionEnd {
  /** Told before `decided`; what it throws fails the decision. */
  report(decision: Decision): void
  decided(decision: Decision): void
  failed(error: unknown): void
}

/**
 * Runs the decision about one request: puts the questions of {@link admit} to the site, to Tencent and to the rules, and
 * goes on as the answers come. The only place that does, for the middleware, `check()`, the simulation and the proofs alike.
 */
export class PendingDecision {
  readonly #policy: DecisionPolicy
  readonly #context: DecisionContext
  readonly #end: DecisionEnd
  readonly #steps: Admission
  readonly #callKey: string | undefined
  /** Made once, where it is needed. */
  #call: VerifyCall | undefined
  #leaveCall: (() => void) | undefined
  #isOver = false
  #isRunning = false
  /** The answer that was given and not yet taken. */
  #given: Answer | undefined

  constructor(policy: DecisionPolicy, context: DecisionContext, end: DecisionEnd) {
    this.#policy = policy
    this.#context = context
    this.#end = end
    this.#callKey = callKeyOf(context)
    const { ticket, address } = context
    const hasAddress = address !== undefined
    this.#steps = admit({ ticket, hasAddress, maxFallbackAgeMs: policy.maxFallbackAgeMs })
  }

  start(): void {
    this.#policy.services.site.clientPath.noteTraffic(this.#context.ticket.kind === 'fallback')
    // The first step takes no answer.
    this.#resume(0)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The client went away: the call runs on without it, what was drawn for the request is given back, and neither end is told. */
  abandon(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#leaveCall?.()
    this.#context.shared.giveBack()
  }

  /** Takes an answer. One that comes at once goes on in the loop that asked, so that what an end throws reaches its caller. */
  #resume(answer: Answer): void {
    if (this.#isOver) return
    this.#given = answer
    if (this.#isRunning) return
    this.#isRunning = true
    let decision: Decision | undefined
    try {
      decision = this.#run()
    } catch (error) {
      return this.#fail(error)
    } finally {
      this.#isRunning = false
    }
    if (decision === undefined || this.#isOver) return
    this.#isOver = true
    this.#end.decided(decision)
  }

  /** Goes on as far as there are answers. Returns the decision, reported, where it has come to its end. */
  #run(): Decision | undefined {
    while (this.#given !== undefined) {
      const answer = this.#given
      this.#given = undefined
      const step = this.#steps.next(answer)
      if (step.done) {
        this.#note(step.value)
        this.#end.report(step.value)
        return step.value
      }
      this.#answer(step.value)
    }
    return undefined
  }

  /** A bug passes no request, and keeps no pass. */
  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#context.shared.giveBack()
    this.#end.failed(error)
  }

  #answer(question: Question): void {
    const { site, clock } = this.#policy.services
    const { ticket, ticketKey, limitKey, shared, startedMs } = this.#context
    switch (question.kind) {
      case 'look':
        return this.#resume({
          override: site.override.mode,
          hasPassed:
            !shared.hasPassed &&
            ticketKey !== undefined &&
            site.ledger.hasPassed(ticketKey, ticket.kind === 'fallback'),
          isRateLimited: this.#needsCall() && site.charges.isLimited(limitKey),
          epochMs: clock.epochMs(),
        })
      case 'ask_tencent':
        return this.#askTencent()
      case 'record_verified':
        return this.#recordVerified()
      case 'weigh': {
        const { evidence, evidenceWhy } = site.evidenceFor(ticket.kind)
        return this.#resume({ override: site.override.mode, evidence, evidenceWhy })
      }
      case 'apply_rule':
        return this.#resume(this.#applyRule(question.cause, question.evidence))
      case 'claim_pass':
        return this.#claimPass(question.purse)
      case 'measure_time':
        return this.#resume(Math.round(clock.nowMs() - startedMs))
    }
  }

  /** Whether Tencent would have to be asked anew: no guard has its reply, and no call about the ticket is under way. */
  #needsCall(): boolean {
    const { calls } = this.#policy.services
    return this.#context.shared.reply === undefined && !(this.#callKey && calls.knows(this.#callKey))
  }

  #callToMake(): VerifyCall | undefined {
    this.#call ??= callOf(this.#context)
    return this.#call
  }

  #askTencent(): void {
    const { services, timeoutMs } = this.#policy
    const { shared, limitKey } = this.#context
    // A second guard on this request: the ticket is spent, its reply is not.
    if (shared.reply !== undefined) return this.#resume(shared.reply)
    const call = this.#callToMake()
    const callKey = this.#callKey
    if (call === undefined || callKey === undefined) throw new TypeError('only an ordinary ticket can be asked about')
    // A guard before let it pass unasked: asked about late as well, one of the two would find it spent.
    shared.dropLate?.()
    shared.dropLate = undefined
    const asked = services.calls.ask({ call, callKey, limitKey, timeoutMs }, (reply) => {
      this.#leaveCall = undefined
      this.#takeReply(reply)
    })
    if (asked.kind === 'answered') return this.#takeReply(asked.reply)
    this.#leaveCall = asked.leave
  }

  #takeReply(reply: Outcome): void {
    // A request that was not sent leaves the ticket to the next guard.
    if (reply.kind !== 'bug' && !(reply.kind === 'degraded' && !reply.wasSent)) this.#context.shared.reply = reply
    this.#resume(reply)
  }

  #recordVerified(): void {
    const { ticketKey, addressKey, limitKey, shared } = this.#context
    const { site, calls } = this.#policy.services
    // From here on every client has history.
    shared.wasKnown ??= site.ledger.isKnown(limitKey)
    const record = site.recordVerified(ticketKey as string, addressKey, () => !this.#isOver, isVouchedFor(limitKey))
    const finish = (isFirst: boolean) => {
      // The client went away while the store was asked: the reply waits for the ticket to be sent again.
      if (this.#isOver && isFirst) return calls.keep(this.#callKey as string, shared.reply as Outcome)
      if (isFirst) shared.hasPassed = true
      this.#resume({ isFirst: shared.hasPassed })
    }
    this.#whenKnown(record, finish)
  }

  #applyRule(cause: DegradationCause, evidence: Evidence): AppliedRule {
    const rule = this.#policy.rules[cause]
    if (rule === undefined) return { action: causeTable[cause].rule, from: 'default' }
    if (typeof rule !== 'function') return { action: rule, from: 'option' }
    const { ticket, clientKey, req } = this.#context
    const request = req as CaptchaRequest
    const ticketKind = ticket.kind === 'malformed' ? 'missing' : ticket.kind
    const clientErrorCode = ticket.kind === 'fallback' ? { clientErrorCode: ticket.clientErrorCode } : {}
    const situation = Object.freeze({ cause, evidence, ...clientErrorCode, ticketKind, clientKey, request })
    const action: RuleAction = callOption(`degradation.rules.${cause}`, rule, situation)
    if (action === 'pass' || action === 'refuse') return { action, from: 'function' }
    throw new TypeError(
      `tencent-captcha-guard: the rule for \`${cause}\` returned ${String(action)}; it must return 'pass' or 'refuse'.`,
    )
  }

  /** A second guard with the same setting reuses what the first one drew: one request, one pass. */
  #claimPass(purse: PurseName): void {
    const { shared, ticket, ticketKey, addressKey, limitKey } = this.#context
    const setting = this.#policy.purses[purse]
    const drawn = shared.resultOf(purse, setting, limitKey)
    if (drawn !== undefined) return this.#resume(drawn)
    const isParentDrawn = shared.hasDrawn(purse)
    const claim = this.#policy.services.site.ledger.claimPass({
      purse,
      setting,
      clientKey: limitKey,
      addressKey,
      ticketKey: shared.hasPassed ? undefined : ticketKey,
      isFallback: ticket.kind === 'fallback',
      isParentDrawn,
    })
    this.#whenKnown(claim, (result) => {
      // The client went away while the store was asked.
      if (this.#isOver) return result.kind === 'granted' ? result.giveBack() : undefined
      shared.note({ purse, setting, limitKey, result })
      if (result.kind === 'granted') shared.hasPassed = true
      this.#resume(result satisfies Claim)
    })
  }

  /** Goes on at once where the answer is known; a promise is waited for. */
  #whenKnown<Value>(value: Value | Promise<Value>, finish: (value: Value) => void): void {
    if (!(value instanceof Promise)) return finish(value)
    value.then(finish).catch((error: unknown) => this.#fail(error))
  }

  /** Counts the decision; a real ticket behind a degraded pass is verified when Tencent is back. */
  #note({ verdict, trace }: Decision): void {
    const { site, late, clock } = this.#policy.services
    site.noteVerdict(verdict)
    if (!(verdict.passed && verdict.degraded)) return
    const { shared, addressKey, limitKey, clientKey } = this.#context
    const call = this.#callToMake()
    const callKey = this.#callKey
    if (call === undefined || callKey === undefined || shared.dropLate) return
    // Nothing of the request itself: thousands of these may wait for minutes.
    shared.dropLate = late.add({
      call,
      callKey,
      verdict,
      purse: trace.purse,
      addressKey,
      isVouched: isVouchedFor(limitKey),
      clientKey,
      at: clock.epochMs(),
      report: this.#policy.reportLate,
      passedMs: clock.nowMs(),
      mayBeSpent: shared.reply !== undefined && mayHaveSpent(shared.reply),
    })
  }
}

/** The call that verifies a request's ticket, holding nothing of the request; `undefined` where only its form counts. */
export function callOf({ ticket, address, channel, risk }: DecisionContext): VerifyCall | undefined {
  if (ticket.kind !== 'ordinary' || address === undefined) return undefined
  const call = { channel, ticket: ownText(ticket.ticket), randstr: ownText(ticket.randstr), userIp: address.ip }
  return risk === undefined ? call : { ...call, risk: structuredClone(risk) }
}

/** A part of a text may keep the whole of it alive, here a request's body of 100 kB. V8 copies a part of fewer than 13 characters. */
function ownText(text: string): string {
  return text.length < 13 ? text : JSON.parse(JSON.stringify(text))
}

/** Names a ticket among the calls; `undefined` without an ordinary one. Joined, it holds none of its parts. */
export function callKeyOf({ ticket, channel, ticketKey }: DecisionContext): string | undefined {
  return ticket.kind === 'ordinary' ? [channel, ticketKey, ticket.randstr].join(' ') : undefined
}
