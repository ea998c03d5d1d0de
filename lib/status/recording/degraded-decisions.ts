import type { CaptchaReason, DegradationCause } from '../../admission/cause-table.js'
import type { DecisionTrace } from '../../admission/question.js'

/** A degraded decision with what decided it: the fields of its log line. */
export interface DegradedDecision extends Partial<DecisionTrace> {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly passed: boolean
  readonly reason: CaptchaReason
  readonly cause?: DegradationCause
  readonly captchaCode?: number
  readonly errorCode?: string
  readonly clientErrorCode?: number
  readonly requestId?: string
  readonly ticketHash?: string
  readonly userIp?: string
  readonly durationMs?: number
}

/** Decisions that are kept. */
export const decisionsKept = 50

/** The last degraded decisions, each written over the oldest one. */
export class DegradedDecisions {
  readonly #ring: DegradedDecision[] = []
  #next = 0

  /** Keeps a decision. */
  add(decision: DegradedDecision): void {
    this.#ring[this.#next] = decision
    this.#next = (this.#next + 1) % decisionsKept
  }

  /** Newest first. */
  read(): readonly DegradedDecision[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse()
  }
}
