import type { CaptchaReason } from '../../admission/cause-table.js'
import { ClientPasses } from './client-passes.js'
import { WaitHistogram } from './wait-histogram.js'

/** What decisions of one kind have in common. Figures are sums over kinds. */
export interface DecisionKind {
  readonly event: string
  readonly reason: string
  readonly cause: string | undefined
  readonly purse: string | undefined
  readonly exhaustedBy: string | undefined
  readonly passed: boolean
  /** Whether the client had history before; lines of older versions do not say. */
  readonly client: 'known' | 'new' | 'unknown'
  /** By what is logged of it: a fallback ticket has a client error code, and a pass of the override may have no ticket. */
  readonly ticket: 'ordinary' | 'fallback' | 'none'
}

/** What one late verdict said. */
export interface LateKind {
  readonly outcome: string
  readonly reason: string | undefined
}

/** What was decided in one minute. */
export class MinuteTally {
  /** Start of the minute, in milliseconds since 1970. */
  readonly startMs: number
  readonly decisions = new Map<DecisionKind, number>()
  readonly late = new Map<LateKind, number>()
  /** Lines that were sampled away, by event. A degraded pass never is. */
  readonly suppressed = new Map<string, number>()
  /** The same by event and reason; lines of older versions do not say. */
  readonly suppressedReasons = new Map<string, Map<CaptchaReason, number>>()
  /** First and last decision with evidence of an outage, or from the purse for one. */
  evidence: { readonly fromMs: number; readonly toMs: number } | undefined
  #waits: WaitHistogram | undefined
  #clients: ClientPasses | undefined

  constructor(startMs: number) {
    this.startMs = startMs
  }

  /** Waits of requests that passed. Most minutes have none: made when it is needed. */
  get waits(): WaitHistogram {
    this.#waits ??= new WaitHistogram()
    return this.#waits
  }

  /** Degraded passes by client; of the minutes around as well, where they were joined. */
  get clients(): ClientPasses {
    this.#clients = this.#clients?.current ?? new ClientPasses()
    return this.#clients
  }

  /** Makes both minutes count clients together: a client of a long outage then takes the memory of one. */
  joinClients(other: MinuteTally): void {
    this.clients.join(other.clients)
  }

  addSuppressed(event: string, lines: number): void {
    this.suppressed.set(event, (this.suppressed.get(event) ?? 0) + lines)
  }

  addSuppressedReason(event: string, reason: CaptchaReason, lines: number): void {
    const reasons = this.suppressedReasons.get(event) ?? new Map<CaptchaReason, number>()
    reasons.set(reason, (reasons.get(reason) ?? 0) + lines)
    this.suppressedReasons.set(event, reasons)
  }

  noteEvidence(atMs: number): void {
    const { fromMs, toMs } = this.evidence ?? { fromMs: atMs, toMs: atMs }
    this.evidence = { fromMs: Math.min(fromMs, atMs), toMs: Math.max(toMs, atMs) }
  }

  /** Adds the counts of another minute, those by client excepted. */
  merge(other: MinuteTally): void {
    for (const [kind, count] of other.decisions) this.decisions.set(kind, (this.decisions.get(kind) ?? 0) + count)
    for (const [event, lines] of other.suppressed) this.addSuppressed(event, lines)
    for (const [event, reasons] of other.suppressedReasons) {
      for (const [reason, lines] of reasons) this.addSuppressedReason(event, reason, lines)
    }
    if (other.#waits) this.waits.merge(other.#waits)
    this.mergeLate(other)
  }

  /** A copy for sums, without the late verdicts. */
  withoutLate(): MinuteTally {
    const copy = new MinuteTally(this.startMs)
    copy.merge(this)
    copy.#clients = this.#clients
    copy.late.clear()
    return copy
  }

  mergeLate(other: MinuteTally): void {
    for (const [kind, count] of other.late) this.late.set(kind, (this.late.get(kind) ?? 0) + count)
  }
}
