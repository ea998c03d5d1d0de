import { randomUUID } from 'node:crypto'
import type { PurseName } from '../admission/decide.js'
import type { Clock } from '../clock.js'
import type { DegradationConfig, PurseConfig } from '../options/options.js'
import type { StoreClaim, StoreClaimResult } from '../store/captcha-store.js'
import type { StoreLink } from '../store/store-link.js'
import { ClientHistory } from './client-history.js'
import { Purse, type PurseClaim, type PurseSnapshot } from './purse.js'
import { RefusalLimiter } from './refusal-limiter.js'
import { ReplayMemory, replayWindowMs } from './replay-memory.js'

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

export interface VerifiedRecord {
  /** False when the ticket had passed already. */
  readonly isFirst: boolean
  /** The client's first verified pass in this minute. */
  readonly isFirstThisMinute: boolean
}

const passedBefore: VerifiedRecord = Object.freeze({ isFirst: false, isFirstThisMinute: false })

export interface LedgerOptions {
  readonly config: Pick<DegradationConfig, PurseName>
  readonly clock: Clock
  /** Tokens a minute that each purse's total refills with right now. */
  readonly totalPerMinute: (config: PurseConfig['total']) => number
  /** The shared store, where there is one. */
  readonly store?: StoreLink | undefined
  /** @default an empty one */
  readonly history?: ClientHistory | undefined
}

/** Only a known key behind which many users sit may pass more often than the limit, and only on evidence of an outage. */
const ownRateFactors: Readonly<Record<PurseName, number>> = { outage: 3, doubt: 0 }

/** What has passed and what still may: replay memory, purses, client history. Granting marks the ticket in the same step. */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #purses: Readonly<Record<PurseName, Purse>>
  readonly #replay = new ReplayMemory()
  readonly #history: ClientHistory
  readonly #refusals = new RefusalLimiter()

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#history = options.history ?? new ClientHistory()
    this.#purses = { outage: this.#newPurse('outage', false), doubt: this.#newPurse('doubt', true) }
  }

  /** True when this ticket passed here in the last five minutes. */
  hasPassed(ticketKey: string): boolean {
    return this.#replay.has(ticketKey, this.#now())
  }

  /** Takes one degraded pass and marks the ticket, together or not at all. */
  claimPass(claim: PassClaim): PassResult | Promise<PassResult> {
    const { store } = this.#options
    this.#followBaseline(claim.purse)
    if (claim.ticketKey !== undefined && this.hasPassed(claim.ticketKey)) return { kind: 'replayed' }
    return store === undefined || store.isDown ? this.#claimLocally(claim) : this.#claimShared(claim, store)
  }

  /** Marks a verified ticket and notes the client's history, unless the ticket has passed already. */
  recordVerified(ticketKey: string, clientKey: string): VerifiedRecord | Promise<VerifiedRecord> {
    const { store } = this.#options
    this.followBaseline()
    if (!this.#replay.markPassed(ticketKey, this.#now())) return passedBefore
    return store === undefined || store.isDown
      ? this.#noteVerified(clientKey)
      : this.#recordShared(store, ticketKey, clientKey)
  }

  /** A ticket that passed degraded was good after all: its client has earned history. */
  recordGenuine(clientKey: string): void {
    this.#history.noteVerified(clientKey, this.#now())
    this.#options.store?.tell((session) => session.recordHistory(clientKey))
  }

  noteRefused(clientKey: string): void {
    const nowMs = this.#now()
    this.#refusals.noteRefused(clientKey, nowMs)
    if (this.isRateLimited(clientKey)) this.#lookForHistory(clientKey)
  }

  /** True for a client that keeps being refused and has never earned anything here. */
  isRateLimited(clientKey: string): boolean {
    const nowMs = this.#now()
    return this.#refusals.isLimited(clientKey, nowMs) && !this.#history.isKnown(clientKey, nowMs)
  }

  /** Sets the totals to what is expected now, as soon as it is known: a purse has to fill before the outage, not in it. */
  followBaseline(): void {
    this.#followBaseline('outage')
    this.#followBaseline('doubt')
  }

  snapshot(): Readonly<Record<PurseName, PurseSnapshot>> {
    this.followBaseline()
    const nowMs = this.#now()
    return { outage: this.#purses.outage.snapshot(nowMs), doubt: this.#purses.doubt.snapshot(nowMs) }
  }

  #now(): number {
    return this.#options.clock.nowMs()
  }

  /** A ticket may have passed degraded at another process, which spent nothing at Tencent. */
  async #recordShared(store: StoreLink, ticketKey: string, clientKey: string): Promise<VerifiedRecord> {
    const verified = { passId: randomUUID(), ticketKey, clientKey, replayMs: replayWindowMs }
    const answer = await store.ask((session) => session.recordVerified(verified))
    return answer.kind === 'answer' && !answer.value.isFirst ? passedBefore : this.#noteVerified(clientKey)
  }

  #noteVerified(clientKey: string): VerifiedRecord {
    return { isFirst: true, isFirstThisMinute: this.#history.noteVerified(clientKey, this.#now()) }
  }

  /** Starts full: what is expected of a site is known before its first outage. */
  #newPurse(name: PurseName, halvesFallback: boolean): Purse {
    const { config, clock, totalPerMinute } = this.#options
    const shape = { config: config[name], halvesFallback, ownRateFactor: ownRateFactors[name] }
    return new Purse(shape, clock.nowMs(), totalPerMinute(config[name].total))
  }

  #followBaseline(purse: PurseName): void {
    const perMinute = this.#options.totalPerMinute(this.#options.config[purse].total)
    this.#purses[purse].setTotal(perMinute, this.#now())
  }

  #claimLocally(claim: PassClaim): PassResult {
    const nowMs = this.#now()
    const { ticketKey } = claim
    if (ticketKey !== undefined && this.hasPassed(ticketKey)) return { kind: 'replayed' }
    const purse = this.#purses[claim.purse]
    const hold = purse.take(this.#purseClaim(claim), nowMs)
    const remaining = purse.remaining(nowMs)
    if (hold.kind === 'refused') return { kind: 'exhausted', remaining }
    if (ticketKey !== undefined) this.#replay.markPassed(ticketKey, nowMs)
    return { kind: 'granted', remaining, giveBack: () => this.#giveBack(hold, ticketKey) }
  }

  /**
   * Asks the store first, for it alone sees all processes; then the local total, which is this process's share. Whatever
   * the local total would refuse anyway is not asked about: a flood must not become a flood on the store.
   */
  async #claimShared(claim: PassClaim, store: StoreLink): Promise<PassResult> {
    const nowMs = this.#now()
    const purse = this.#purses[claim.purse]
    const room = purse.roomFor(this.#purseClaim(claim), nowMs)
    if (room === 'none') return { kind: 'exhausted', remaining: purse.remaining(nowMs) }
    const shared = this.#sharedClaim(claim, room === 'known_only')
    const answer = await store.ask((session) => session.claim(shared))
    if (answer.kind === 'down') {
      const undoLate = async () => {
        const late = await answer.late
        if (late?.kind === 'granted') store.undo((session) => session.release(shared))
      }
      return this.#holdingBoth(this.#claimLocally(claim), () => void undoLate())
    }
    this.#adoptHistory(claim.clientKey, answer.value)
    switch (answer.value.kind) {
      case 'replayed':
        return { kind: 'replayed' }
      case 'over_limit':
      case 'unknown_client':
        return { kind: 'exhausted', remaining: purse.remaining(this.#now()) }
      case 'granted':
        return this.#holdingBoth(this.#claimLocally(claim), () => store.tell((session) => session.release(shared)))
    }
  }

  /** What the store holds, or will hold when a claim reaches it late, goes with the local pass. */
  #holdingBoth(local: PassResult, release: () => void): PassResult {
    if (local.kind !== 'granted') {
      release()
      return local
    }
    const giveBack = () => {
      local.giveBack()
      release()
    }
    return { ...local, giveBack }
  }

  #sharedClaim({ purse, clientKey, ticketKey }: PassClaim, requireKnown: boolean): StoreClaim {
    const { limit, windowMs } = this.#options.config[purse].perClient
    const purses = [{ name: purse, limit, windowMs, ownRateFactor: ownRateFactors[purse] }]
    return { claimId: randomUUID(), purses, clientKey, ticketKey, replayMs: replayWindowMs, requireKnown }
  }

  #purseClaim({ clientKey, isFallback }: PassClaim): PurseClaim {
    const verifiedPerMinute = this.#history.verifiedPerMinute(clientKey, this.#now())
    return { clientKey, isKnown: verifiedPerMinute > 0, verifiedPerMinute, isFallback }
  }

  #adoptHistory(clientKey: string, result: StoreClaimResult): void {
    if ('history' in result && result.history)
      this.#history.adopt(clientKey, result.history.verifiedPerMinute, this.#now())
  }

  /** The client may have earned its history at another process. */
  #lookForHistory(clientKey: string): void {
    this.#options.store?.tell(async (session) => {
      const history = await session.readHistory(clientKey)
      if (history) this.#history.adopt(clientKey, history.verifiedPerMinute, this.#now())
    })
  }

  #giveBack(hold: { giveBack(): void }, ticketKey: string | undefined): void {
    hold.giveBack()
    if (ticketKey !== undefined) this.#replay.unmark(ticketKey)
  }
}
