import { AsyncResource } from 'node:async_hooks'
import type { VerifyTrace } from '../report/publishers.js'
import { type DecisionContext, type DecisionEnd, type DecisionPolicy, PendingDecision } from './pending-decision.js'

/** What starts a decision and gives it up. */
export type RunningDecision = Pick<PendingDecision, 'start' | 'abandon' | 'isOver'>

/**
 * A decision with its trace around it. What follows the decision runs in the context in which it was made, so that the spans of a
 * route's handler are no children of the verification.
 */
export class TracedDecision implements RunningDecision {
  readonly #pending: PendingDecision
  readonly #trace: VerifyTrace

  constructor(trace: VerifyTrace, policy: DecisionPolicy, context: DecisionContext, end: DecisionEnd) {
    const caller = new AsyncResource('TencentCaptchaVerify')
    this.#trace = trace
    this.#pending = new PendingDecision(policy, context, {
      report: (decision) => end.report(decision),
      decided(decision) {
        trace.finish({ result: decision.verdict })
        caller.runInAsyncScope(end.decided, end, decision)
      },
      failed(error) {
        trace.finish({ error })
        caller.runInAsyncScope(end.failed, end, error)
      },
    })
  }

  get isOver(): boolean {
    return this.#pending.isOver
  }

  start(): void {
    this.#trace.run(() => this.#pending.start())
  }

  abandon(): void {
    if (this.isOver) return
    this.#pending.abandon()
    this.#trace.finish({ abandoned: true })
  }
}
