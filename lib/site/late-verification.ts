import { causeTable, type RefusalReason } from '../admission/cause-table.js'
import { mayHaveSpent, type Outcome } from '../admission/outcome.js'
import type { Clock, Timer } from '../clock.js'
import { replayWindowMs } from './replay-memory.js'

/** What became of an ordinary ticket that had passed degraded, once Tencent was back. */
export type LateVerdict =
  /** Tencent verified it after all. */
  | { readonly outcome: 'genuine'; readonly captchaCode: number }
  /** Tencent refuses it. */
  | { readonly outcome: 'refused'; readonly reason: RefusalReason; readonly captchaCode?: number }
  /** Code 9 after a call of this process that was never answered, or three failed tries: the ticket may have been good. */
  | { readonly outcome: 'inconclusive'; readonly captchaCode?: number }

/** An ordinary ticket that passed degraded and may not have expired yet. */
export interface LateTicket {
  readonly passedMs: number
  /** A call of this process ended without an answer: Tencent may have spent the ticket on it. */
  mayBeSpent: boolean
}

/** Tickets that wait, and late verdicts since the start by outcome. */
export interface LateCounts {
  readonly waiting: number
  readonly genuine: number
  readonly refused: number
  readonly inconclusive: number
}

/** What late verification is made of. */
export interface LateVerificationOptions<Ticket extends LateTicket> {
  readonly clock: Clock
  /**
   * Verifies one ticket and calls `done` exactly once, never before it has returned. Returns false, and makes no call, when
   * there is no room behind live traffic.
   */
  readonly verify: (ticket: Ticket, done: (reply: Outcome) => void) => boolean
  readonly isOn: () => boolean
  /** Whether Tencent is back. */
  readonly isBack: () => boolean
  readonly onVerdict: (ticket: Ticket, lateVerdict: LateVerdict) => void
  /** Called when no ticket waits any more. */
  readonly onDrained: () => void
}

const maxTickets = 5_000
/** One ticket every 50 ms: twenty a second, beside a default allowance of a thousand. */
const paceMs = 50
/** A ticket that Tencent fails on every time must not be tried without end. */
const maxTries = 3
/** Without a verdict everything waits, longer each time. */
const firstPauseMs = 1_000
const maxPauseMs = 30_000

/**
 * Verifies, once Tencent is back, the tickets that passed unverified. In memory, bounded, for at most five minutes: an older
 * ticket has expired.
 */
export class LateVerification<Ticket extends LateTicket> {
  readonly #options: LateVerificationOptions<Ticket>
  /** How often each was tried without a verdict. */
  readonly #queue = new Map<Ticket, number>()
  /** Where dropping has come to, while tickets have to be dropped. Kept any longer it would hold every table that the map outgrew. */
  #byAge: Iterator<Ticket> | undefined
  /** Tickets that Tencent is asked about right now. */
  readonly #underWay = new Set<Ticket>()
  readonly #counts = { genuine: 0, refused: 0, inconclusive: 0 }
  #pauseMs = 0
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: LateVerificationOptions<Ticket>) {
    this.#options = options
  }

  /** Keeps a ticket. Returns a function that drops it again. */
  add(ticket: Ticket): () => void {
    if (this.#isClosed || !this.#options.isOn()) return () => {}
    if (this.#queue.size >= maxTickets) this.#queue.delete(this.#oldest())
    else this.#byAge = undefined
    this.#queue.set(ticket, 0)
    this.resume()
    return () => {
      this.#queue.delete(ticket)
      this.#underWay.delete(ticket)
    }
  }

  /** One iterator for all, which goes on where it was: a new one would walk over what was deleted before. */
  #oldest(): Ticket {
    let next = this.#byAge?.next()
    if (next === undefined || next.done) {
      this.#byAge = this.#queue.keys()
      next = this.#byAge.next()
    }
    return next.value as Ticket
  }

  /** Starts the next verification if Tencent is back; to be called when the circuit changes. */
  resume(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#queue.size === 0 || !this.#options.isBack()) return
    const delayMs = Math.max(paceMs, this.#pausedUntilMs - this.#options.clock.nowMs())
    this.#timer = this.#options.clock.after(delayMs, () => this.#step())
  }

  /** The counts now. */
  snapshot(): LateCounts {
    return { waiting: this.#queue.size + this.#underWay.size, ...this.#counts }
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#queue.clear()
    this.#underWay.clear()
  }

  #step(): void {
    this.#timer = undefined
    this.#byAge = undefined
    this.#dropDead()
    const [first] = this.#queue
    if (first === undefined) return this.#tellIfDrained()
    if (!this.#options.isBack()) return
    const [ticket, tries] = first
    if (this.#options.verify(ticket, (reply) => this.#settle(ticket, reply, tries))) {
      this.#queue.delete(ticket)
      this.#underWay.add(ticket)
    }
    this.resume()
  }

  #settle(ticket: Ticket, reply: Outcome, triesBefore: number): void {
    const isCalledOff = !this.#underWay.delete(ticket)
    if (isCalledOff) return
    const judged = judgeLate(reply, ticket.mayBeSpent)
    const tries = isTry(reply) ? triesBefore + 1 : triesBefore
    // A late call without an answer may have spent it, too.
    if (mayHaveSpent(reply)) ticket.mayBeSpent = true
    if (judged === undefined) this.#pause()
    else this.#pauseMs = 0
    if (judged === undefined && tries < maxTries) this.#queue.set(ticket, tries)
    else this.#tell(ticket, judged ?? { outcome: 'inconclusive' })
    this.resume()
  }

  #tell(ticket: Ticket, lateVerdict: LateVerdict): void {
    this.#counts[lateVerdict.outcome]++
    this.#options.onVerdict(ticket, lateVerdict)
    this.#tellIfDrained()
  }

  #tellIfDrained(): void {
    if (this.#queue.size + this.#underWay.size === 0) this.#options.onDrained()
  }

  /** Calls that were under way when a pause began do not lengthen it. */
  #pause(): void {
    const nowMs = this.#options.clock.nowMs()
    if (nowMs < this.#pausedUntilMs) return
    this.#pauseMs = Math.min(maxPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2))
    this.#pausedUntilMs = nowMs + this.#pauseMs
    // The next ticket was to be asked about before.
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #dropDead(): void {
    const oldestAliveMs = this.#options.clock.nowMs() - replayWindowMs
    for (const ticket of this.#queue.keys()) {
      if (ticket.passedMs > oldestAliveMs) return
      this.#queue.delete(ticket)
    }
  }
}

/** Judges the reply to a late call. Returns `undefined` where it is no verdict: the ticket waits on. */
export function judgeLate(reply: Outcome, mayBeSpent: boolean): LateVerdict | undefined {
  switch (reply.kind) {
    case 'verified':
      return { outcome: 'genuine', captchaCode: 1 }
    case 'refused': {
      const { captchaCode } = reply.facts
      const code = captchaCode === undefined ? {} : { captchaCode }
      // It may have been spent by an own call that was never answered.
      return reply.reason === 'ticket_reused' && mayBeSpent
        ? { outcome: 'inconclusive', ...code }
        : { outcome: 'refused', reason: reply.reason, ...code }
    }
    case 'degraded':
    case 'bug':
      return undefined
  }
}

/** Throttling and wrong keys do not count as tries of the ticket. */
function isTry(reply: Outcome): boolean {
  return reply.kind === 'bug' || (reply.kind === 'degraded' && causeTable[reply.cause].canary === 'failed')
}
