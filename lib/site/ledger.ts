import { randomUUID } from 'node:crypto'
import type { Claim, PurseName } from '../admission/question.js'
import type { Clock } from '../clock.js'
import type { StoreClaim, StoreClaimResult } from '../store/captcha-store.js'
import type { StoreLink } from '../store/store-link.js'
import { ClientHistory } from './client-history.js'
import type { Purse, PurseClaim, PurseConfig, PurseSnapshot } from './purse.js'
import { PurseBook, takeFromAll } from './purse-book.js'
import { ReplayMemory, replayWindowMs } from './replay-memory.js'

/** A guard's settings of the two purses, by the names that {@link Ledger.openPurses} gave them. */
export type PurseSettings = Readonly<Record<PurseName, string>>

/** A claim of one degraded pass. */
export interface PassClaim {
  readonly purse: PurseName
  readonly setting: string
  readonly clientKey: string
  readonly isFallback: boolean
  /** Marked as passed when the claim is granted; absent where no ticket came, or this request has marked it before. */
  readonly ticketKey: string | undefined
  /** This request has drawn on the purse's parent before: one request takes one pass from it. */
  readonly isParentDrawn: boolean
}

/** The result of a claim; a granted one can be given back, once. */
export type PassResult =
  | (Extract<Claim, { kind: 'granted' }> & { giveBack(): void })
  | Exclude<Claim, { kind: 'granted' }>

/** The result of recording a verified ticket. */
export interface VerifiedRecord {
  /** False when the ticket had passed already. */
  readonly isFirst: boolean
  /** The client's first verified pass in this minute. */
  readonly isFirstThisMinute: boolean
}

const passedBefore: VerifiedRecord = Object.freeze({ isFirst: false, isFirstThisMinute: false })

/** What a ledger is made of. */
export interface LedgerOptions {
  readonly clock: Clock
  /** Tokens a minute that a purse's total refills with right now. */
  readonly totalPerMinute: (config: PurseConfig['total']) => number
  /** The shared store, where there is one. */
  readonly store: () => StoreLink | undefined
  /** @default an empty one */
  readonly history?: ClientHistory | undefined
}

/** What has passed and what still may: replay memory, purses, client history. A granted claim marks the ticket in the same step. */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #books: Readonly<Record<PurseName, PurseBook>>
  readonly #replay = new ReplayMemory()
  readonly #history: ClientHistory

  constructor(options: LedgerOptions) {
    const { clock, totalPerMinute, history } = options
    this.#options = options
    this.#history = history ?? new ClientHistory()
    this.#books = {
      // A known key, behind which many users may sit, may pass more often than the limit; only with evidence of an outage.
      outage: new PurseBook({
        name: 'outage',
        shape: { halvesFallback: false, ownRateFactor: 3 },
        clock,
        totalPerMinute,
      }),
      doubt: new PurseBook({ name: 'doubt', shape: { halvesFallback: true, ownRateFactor: 0 }, clock, totalPerMinute }),
    }
  }

  /** Opens a guard's purses. Returns the names of their settings, for claims and snapshots. */
  openPurses(config: Readonly<Record<PurseName, PurseConfig>>): PurseSettings {
    return { outage: this.#books.outage.open(config.outage), doubt: this.#books.doubt.open(config.doubt) }
  }

  /** True when this ticket passed here in the last five minutes. */
  hasPassed(ticketKey: string): boolean {
    return this.#replay.has(ticketKey, this.#now())
  }

  /** Takes one degraded pass and marks the ticket, together or not at all. */
  claimPass(claim: PassClaim): PassResult | Promise<PassResult> {
    this.#books[claim.purse].followBaseline()
    if (claim.ticketKey !== undefined && this.hasPassed(claim.ticketKey)) return { kind: 'replayed' }
    const store = this.#liveStore()
    return store === undefined ? this.#claimLocally(claim) : this.#claimShared(claim, store)
  }

  /** Marks a verified ticket and notes the client's history, unless the ticket has passed already. */
  recordVerified(ticketKey: string, clientKey: string): VerifiedRecord | Promise<VerifiedRecord> {
    this.followBaseline()
    if (!this.#replay.markPassed(ticketKey, this.#now())) return passedBefore
    const store = this.#liveStore()
    return store === undefined ? this.#noteVerified(clientKey) : this.#recordShared(store, ticketKey, clientKey)
  }

  /** Notes the history of a client whose degraded pass turned out genuine. */
  recordGenuine(clientKey: string): void {
    this.#history.noteVerified(clientKey, this.#now())
    this.#options.store()?.tell((session) => session.recordHistory(clientKey))
  }

  /** The client's own verified passes a minute; 0 without history. */
  verifiedPerMinute(clientKey: string): number {
    return this.#history.verifiedPerMinute(clientKey, this.#now())
  }

  /** Asks the store for a client's history, which it may have from another process. */
  lookForHistory(clientKey: string): void {
    this.#options.store()?.tell(async (session) => {
      const history = await session.readHistory(clientKey)
      if (history) this.#history.adopt(clientKey, history.verifiedPerMinute, this.#now())
    })
  }

  /** Sets the totals to what is expected now, as soon as it is known: a purse has to fill before the outage, not in it. */
  followBaseline(): void {
    this.#books.outage.followBaseline()
    this.#books.doubt.followBaseline()
  }

  /** The purses of a guard's settings as plain JSON. */
  snapshot(settings: PurseSettings): Readonly<Record<PurseName, PurseSnapshot>> {
    this.followBaseline()
    const of = (name: PurseName) => this.#books[name].ownPurse(settings[name]).snapshot(this.#now())
    return { outage: of('outage'), doubt: of('doubt') }
  }

  #now(): number {
    return this.#options.clock.nowMs()
  }

  #liveStore(): StoreLink | undefined {
    const store = this.#options.store()
    return store?.isDown ? undefined : store
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

  #claimLocally(claim: PassClaim): PassResult {
    const nowMs = this.#now()
    const { ticketKey } = claim
    if (ticketKey !== undefined && this.hasPassed(ticketKey)) return { kind: 'replayed' }
    const result = takeFromAll(this.#chain(claim), this.#purseClaim(claim), nowMs)
    if (result.kind === 'refused') return this.#exhausted(claim, result.by)
    if (ticketKey !== undefined) this.#replay.markPassed(ticketKey, nowMs)
    const giveBack = () => {
      result.giveBack()
      if (ticketKey !== undefined) this.#replay.unmark(ticketKey)
    }
    return { kind: 'granted', ...this.#use(claim), giveBack }
  }

  /**
   * Asks the store first, for it alone sees all processes; then the local total, which is this process's share. Whatever
   * the local total would refuse anyway is not asked about: a flood must not become a flood on the store.
   */
  async #claimShared(claim: PassClaim, store: StoreLink): Promise<PassResult> {
    const nowMs = this.#now()
    const purseClaim = this.#purseClaim(claim)
    const rooms = this.#chain(claim).map((purse) => purse.roomFor(purseClaim, nowMs))
    if (rooms.includes('none')) return this.#exhausted(claim, 'total')
    const shared = this.#sharedClaim(claim, rooms.includes('known_only'))
    const answer = await store.ask((session) => session.claim(shared))
    if (answer.kind === 'down') {
      const undoLate = async () => {
        const late = await answer.late
        if (late?.kind === 'granted') store.undo((session) => session.release(shared))
      }
      return holdingBoth(this.#claimLocally(claim), () => void undoLate())
    }
    this.#adoptHistory(claim.clientKey, answer.value)
    switch (answer.value.kind) {
      case 'replayed':
        return { kind: 'replayed' }
      case 'over_limit':
        return this.#exhausted(claim, 'client')
      case 'unknown_client':
        return this.#exhausted(claim, 'total')
      case 'granted':
        return holdingBoth(this.#claimLocally(claim), () => store.tell((session) => session.release(shared)))
    }
  }

  #sharedClaim(claim: PassClaim, requireKnown: boolean): StoreClaim {
    const { clientKey, ticketKey } = claim
    const purses = this.#chain(claim).map((purse) => ({
      name: this.#books[claim.purse].storeName(purse),
      ...purse.config.perClient,
      ownRateFactor: purse.ownRateFactor,
    }))
    return { claimId: randomUUID(), purses, clientKey, ticketKey, replayMs: replayWindowMs, requireKnown }
  }

  #chain({ purse, setting, isParentDrawn }: PassClaim): readonly Purse[] {
    return this.#books[purse].chain(setting, isParentDrawn)
  }

  #purseClaim({ clientKey, isFallback }: PassClaim): PurseClaim {
    const verifiedPerMinute = this.verifiedPerMinute(clientKey)
    return { clientKey, isKnown: verifiedPerMinute > 0, verifiedPerMinute, isFallback }
  }

  #exhausted(claim: PassClaim, by: 'client' | 'total'): PassResult {
    return { kind: 'exhausted', by, ...this.#use(claim) }
  }

  #use(claim: PassClaim) {
    const nowMs = this.#now()
    const own = this.#books[claim.purse].ownPurse(claim.setting)
    const limit = own.limitFor(this.#purseClaim(claim))
    return { used: own.used(claim.clientKey, nowMs), limit, remaining: own.remaining(nowMs) }
  }

  #adoptHistory(clientKey: string, result: StoreClaimResult): void {
    if ('history' in result && result.history)
      this.#history.adopt(clientKey, result.history.verifiedPerMinute, this.#now())
  }
}

/** Ties what the store holds, or will hold when the claim reaches it late, to the local pass: both are given back together. */
function holdingBoth(local: PassResult, release: () => void): PassResult {
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
