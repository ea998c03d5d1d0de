import type { Reply } from '../decision/classify-reply.js'
import type { LateVerdict } from '../option-types.js'
import type { Clock, Timer } from './clock.js'
import { replayWindowMs } from './replay-memory.js'

/** An ordinary ticket that passed degraded and may still be alive. */
export interface LateTicket<Context> {
  readonly context: Context
  readonly passedMs: number
  /** A call of ours ended without an answer: Tencent may have spent the ticket on it. */
  readonly hadUnansweredCall: boolean
}

export interface LateCounts {
  readonly waiting: number
  readonly genuine: number
  readonly refused: number
  readonly inconclusive: number
}

export interface LateVerificationOptions<Context> {
  readonly clock: Clock
  /** Verifies one ticket; `undefined` when there is no room for it behind live traffic. */
  readonly verify: (context: Context) => Promise<Reply> | undefined
  /** Whether Tencent is back. */
  readonly isBack: () => boolean
  readonly onVerdict: (ticket: LateTicket<Context>, lateVerdict: LateVerdict) => void
  /** Told when nothing waits any more. */
  readonly onDrained: () => void
}

const maxTickets = 5_000
/** One ticket every 50 ms: twenty a second, beside a default allowance of a thousand. */
const paceMs = 50
/** A ticket that makes Tencent stumble every time must not be tried for ever. */
const maxTries = 3

/**
 * Verifies, once Tencent is back, what was let in unverified. In memory, bounded, for at most five minutes: an older ticket
 * is dead anyway.
 */
export class LateVerification<Context> {
  readonly #options: LateVerificationOptions<Context>
  /** Waiting tickets, and how often each was tried without a verdict. */
  readonly #queue = new Map<LateTicket<Context>, number>()
  readonly #counts = { genuine: 0, refused: 0, inconclusive: 0 }
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: LateVerificationOptions<Context>) {
    this.#options = options
  }

  add(ticket: LateTicket<Context>): void {
    if (this.#isClosed) return
    const [oldest] = this.#queue.keys()
    if (this.#queue.size >= maxTickets && oldest !== undefined) this.#queue.delete(oldest)
    this.#queue.set(ticket, 0)
    this.resume()
  }

  /** Goes on if Tencent is back; called when the circuit changes. */
  resume(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#queue.size === 0 || !this.#options.isBack()) return
    this.#timer = this.#options.clock.after(paceMs, () => this.#step())
  }

  snapshot(): LateCounts {
    return { waiting: this.#queue.size, ...this.#counts }
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#queue.clear()
  }

  #step(): void {
    this.#timer = undefined
    this.#dropDead()
    const [[ticket, tries] = []] = this.#queue
    if (ticket === undefined || tries === undefined) return this.#options.onDrained()
    if (!this.#options.isBack()) return
    const verification = this.#options.verify(ticket.context)
    if (verification === undefined) return this.resume()
    this.#queue.delete(ticket)
    verification.then((reply) => this.#settle(ticket, judgeLate(reply, ticket.hadUnansweredCall), tries + 1))
    if (this.#queue.size > 0) this.resume()
  }

  #settle(ticket: LateTicket<Context>, judged: LateVerdict | undefined, tries: number): void {
    if (this.#isClosed) return
    if (judged === undefined && tries < maxTries) {
      this.#queue.set(ticket, tries)
      return this.resume()
    }
    const lateVerdict = judged ?? { outcome: 'inconclusive' }
    this.#counts[lateVerdict.outcome]++
    this.#options.onVerdict(ticket, lateVerdict)
    if (this.#queue.size === 0) this.#options.onDrained()
  }

  #dropDead(): void {
    const oldestAliveMs = this.#options.clock.nowMs() - replayWindowMs
    for (const ticket of this.#queue.keys()) {
      if (ticket.passedMs > oldestAliveMs) return
      this.#queue.delete(ticket)
    }
  }
}

/** `undefined`: no verdict this time, the ticket waits on. */
export function judgeLate(reply: Reply, hadUnansweredCall: boolean): LateVerdict | undefined {
  switch (reply.kind) {
    case 'verified':
      return { outcome: 'genuine', captchaCode: reply.facts.captchaCode ?? 1 }
    case 'refused': {
      const { captchaCode } = reply.facts
      const code = captchaCode === undefined ? {} : { captchaCode }
      // Expired while it waited here, or spent by a call of ours that was never answered: it may have been good.
      const mayHaveBeenGood =
        reply.reason === 'ticket_expired' || (reply.reason === 'ticket_reused' && hadUnansweredCall)
      return mayHaveBeenGood
        ? { outcome: 'inconclusive', ...code }
        : { outcome: 'refused', reason: reply.reason, ...code }
    }
    case 'unavailable':
    case 'throttled':
    case 'misconfigured':
    case 'aborted':
    case 'bug':
      return undefined
  }
}
