import type { PurseName } from '../decision/decide.js'
import type { DegradationConfig } from '../option-types.js'
import { ClientHistory } from './client-history.js'
import type { Clock } from './clock.js'
import { Purse, type PurseSnapshot } from './purse.js'
import { RefusalLimiter } from './refusal-limiter.js'
import { ReplayMemory } from './replay-memory.js'

/** A degraded pass asked for. */
export interface PassClaim {
  readonly purse: PurseName
  readonly clientKey: string
  readonly isFallback: boolean
  /** Absent where no ticket came along (an override lets those in too). */
  readonly ticketKey: string | undefined
}

export type PassResult =
  | { readonly kind: 'granted'; readonly remaining: number; giveBack(): void }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'exhausted'; readonly remaining: number }

/** What has passed and what still may: replay memory, purses, client history. Granting marks the ticket in the same step. */
export class Ledger {
  readonly #clock: Clock
  readonly #purses: Readonly<Record<PurseName, Purse>>
  readonly #replay = new ReplayMemory()
  readonly #history = new ClientHistory()
  readonly #refusals = new RefusalLimiter()

  constructor(config: DegradationConfig, clock: Clock) {
    this.#clock = clock
    const nowMs = clock.nowMs()
    this.#purses = {
      outage: new Purse({ config: config.outage, halvesFallback: false, ownRateFactor: 3 }, nowMs),
      doubt: new Purse({ config: config.doubt, halvesFallback: true, ownRateFactor: 0 }, nowMs),
    }
  }

  /** True when this ticket passed here in the last five minutes. */
  hasPassed(ticketKey: string): boolean {
    return this.#replay.has(ticketKey, this.#clock.nowMs())
  }

  /** Takes one degraded pass and marks the ticket, together or not at all. */
  claimPass(claim: PassClaim): PassResult {
    const nowMs = this.#clock.nowMs()
    const { ticketKey, clientKey } = claim
    if (ticketKey !== undefined && this.#replay.has(ticketKey, nowMs)) return { kind: 'replayed' }
    const purse = this.#purses[claim.purse]
    const hold = purse.take(
      {
        clientKey,
        isKnown: this.#history.isKnown(clientKey, nowMs),
        verifiedPerMinute: this.#history.verifiedPerMinute(clientKey, nowMs),
        isFallback: claim.isFallback,
      },
      nowMs,
    )
    const { remaining } = purse.snapshot(nowMs)
    if (hold.kind === 'refused') return { kind: 'exhausted', remaining }
    if (ticketKey !== undefined) this.#replay.markPassed(ticketKey, nowMs)
    return { kind: 'granted', remaining, giveBack: () => this.#giveBack(hold, ticketKey) }
  }

  /** Marks a verified ticket and notes the client's history; false when the ticket had passed already. */
  recordVerified(ticketKey: string, clientKey: string): boolean {
    const nowMs = this.#clock.nowMs()
    if (!this.#replay.markPassed(ticketKey, nowMs)) return false
    this.#history.noteVerified(clientKey, nowMs)
    return true
  }

  noteRefused(clientKey: string): void {
    this.#refusals.noteRefused(clientKey, this.#clock.nowMs())
  }

  /** True for a client that keeps being refused and has never earned anything here. */
  isRateLimited(clientKey: string): boolean {
    const nowMs = this.#clock.nowMs()
    return this.#refusals.isLimited(clientKey, nowMs) && !this.#history.isKnown(clientKey, nowMs)
  }

  snapshot(): Readonly<Record<PurseName, PurseSnapshot>> {
    const nowMs = this.#clock.nowMs()
    return { outage: this.#purses.outage.snapshot(nowMs), doubt: this.#purses.doubt.snapshot(nowMs) }
  }

  #giveBack(hold: { giveBack(): void }, ticketKey: string | undefined): void {
    hold.giveBack()
    if (ticketKey !== undefined) this.#replay.unmark(ticketKey)
  }
}
