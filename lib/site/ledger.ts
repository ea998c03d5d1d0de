import { randomUUID } from 'node:crypto'
import { maxClockLeadMs } from '../admission/admit.js'
import type { Claim, PurseName } from '../admission/question.js'
import type { Clock } from '../clock.js'
import type { StoreClaim, StoreClaimResult, StoreSession } from '../store/captcha-store.js'
import { ClientHistory } from '../store/client-history.js'
import type { StoreAnswer, StoreLink } from '../store/store-link.js'
import type { PurseClaim, PurseConfig, PurseSnapshot } from './purse.js'
import { PurseBook, type PurseChain, takeFromAll } from './purse-book.js'
import { ReplayMemory } from './replay-memory.js'
import { StoreRefusals } from './store-refusals.js'
import { VouchedAddress } from './vouched-address.js'
import { isVouchedFor } from './vouched-key.js'

/** A guard's settings of the two purses, by the names that {@link Ledger.openPurses} gave them. */
export type PurseSettings = Readonly<Record<PurseName, string>>

/** A claim of one degraded pass. */
export interface PassClaim {
  readonly purse: PurseName
  readonly setting: string
  readonly clientKey: string
  /** The address behind an identity that the application vouches for, which counts its passes. */
  readonly addressKey?: string | undefined
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

/** Names the part of the totals that is reserved for clients with history. */
const reserve = 'reserve'
/** How long a client that the store has no history of counts as unknown. */
const unknownForMs = 5_000

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
  readonly #replay = { ordinary: new ReplayMemory(), fallback: new ReplayMemory() }
  readonly #vouchedAddress = new VouchedAddress()
  readonly #refusals = new StoreRefusals()
  readonly #history: ClientHistory

  constructor(options: LedgerOptions) {
    const { clock, totalPerMinute, history } = options
    this.#options = options
    this.#history = history ?? new ClientHistory()
    this.#books = {
      // A known key, behind which many users may sit, may pass more often than the limit; only with evidence of an outage.
      outage: new PurseBook({
        name: 'outage',
        shape: { halvesFallback: false, ownRateFactor: 3, vouchedPerMinute: 5 },
        clock,
        totalPerMinute,
      }),
      doubt: new PurseBook({
        name: 'doubt',
        shape: { halvesFallback: true, ownRateFactor: 0, vouchedPerMinute: 0.3 },
        clock,
        totalPerMinute,
      }),
    }
  }

  /** Opens a guard's purses. Returns the names of their settings, for claims and snapshots. */
  openPurses(config: Readonly<Record<PurseName, PurseConfig>>): PurseSettings {
    return { outage: this.#books.outage.open(config.outage), doubt: this.#books.doubt.open(config.doubt) }
  }

  /** Holds fallback tickets that passed as long as they are valid: their time stamp may be ahead, and guards differ in the age. */
  holdFallbackFor(maxAgeMs: number): void {
    this.#replay.fallback.widen(maxAgeMs + maxClockLeadMs)
  }

  /** True when this ticket passed here in the last five minutes; a fallback ticket, as long as it is valid. */
  hasPassed(ticketKey: string, isFallback = false): boolean {
    return this.#replayOf(isFallback).has(ticketKey, this.#now())
  }

  /** Takes one degraded pass and marks the ticket, together or not at all. */
  claimPass(claim: PassClaim): PassResult | Promise<PassResult> {
    this.#books[claim.purse].followBaseline()
    const store = this.#liveStore()
    return store === undefined ? this.#claimLocally(claim) : this.#claimShared(claim, store)
  }

  /**
   * Marks a verified ticket and notes the client's history, unless the ticket has passed already.
   *
   * @param isWanted false once the client has gone: the ticket may then come again
   * @param isVouched see {@link ClientHistory.noteVerified}
   */
  recordVerified(
    ticketKey: string,
    clientKey: string,
    isWanted: () => boolean = () => true,
    isVouched = false,
  ): VerifiedRecord | Promise<VerifiedRecord> {
    this.followBaseline()
    if (!this.#replay.ordinary.markPassed(ticketKey, this.#now())) return passedBefore
    const store = this.#liveStore()
    if (store === undefined) return this.#noteVerified(clientKey, isVouched)
    return this.#recordShared(store, { ticketKey, clientKey, isWanted, isVouched })
  }

  /** Notes the history of a client whose degraded pass turned out genuine. @param isVouched see {@link ClientHistory.noteVerified} */
  recordGenuine(clientKey: string, isVouched = false): void {
    this.#noteVerified(clientKey, isVouched)
    // The identity has history at every process.
    if (!isVouched) this.#options.store()?.tell((session) => session.recordHistory(clientKey))
  }

  /** The client's own verified passes a minute; 0 without history. */
  verifiedPerMinute(clientKey: string): number {
    return this.#history.verifiedPerMinute(clientKey, this.#now())
  }

  /** Whether the client has a verified pass in the last 24 hours, or is vouched for by the application. */
  isKnown(clientKey: string): boolean {
    return isVouchedFor(clientKey) || this.verifiedPerMinute(clientKey) > 0
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
  async #recordShared(store: StoreLink, verified: VerifiedTicket): Promise<VerifiedRecord> {
    const { ticketKey, clientKey, isWanted, isVouched } = verified
    const { windowMs: replayMs } = this.#replay.ordinary
    const passId = randomUUID()
    const pass = { passId, ticketKey, clientKey, replayMs, ...(isVouched && { isVouched }) }
    const answer = await store.ask((session) => session.recordVerified(pass))
    if (answer.kind === 'answer' && !answer.value.isFirst) return passedBefore
    if (!isWanted()) {
      this.#replay.ordinary.unmark(ticketKey)
      const mark: StoreClaim = { claimId: passId, purses: [], clientKey, ticketKey, replayMs, requireKnown: false }
      releaseWhenHeld(store, answer, mark, ({ isFirst }) => isFirst)
    }
    return this.#noteVerified(clientKey, isVouched)
  }

  #noteVerified(clientKey: string, isVouched: boolean): VerifiedRecord {
    this.#refusals.forget(clientKey)
    return { isFirst: true, isFirstThisMinute: this.#history.noteVerified(clientKey, this.#now(), isVouched) }
  }

  #claimLocally(claim: PassClaim): PassResult {
    const nowMs = this.#now()
    const { ticketKey, isFallback } = claim
    const replay = this.#replayOf(isFallback)
    if (ticketKey !== undefined && replay.has(ticketKey, nowMs)) return { kind: 'replayed' }
    const uncount = this.#vouchedAddress.take(countedAddressOf(claim), nowMs)
    if (uncount === undefined) return this.#exhausted(claim, 'client')
    const purseClaim = this.#purseClaim(claim)
    const result = takeFromAll(this.#chain(claim), purseClaim, nowMs)
    if (result.kind === 'refused') {
      uncount()
      return this.#exhausted(claim, result.by)
    }
    if (ticketKey !== undefined) replay.markPassed(ticketKey, nowMs)
    const giveBack = () => {
      result.giveBack()
      uncount()
      this.#refusals.forget(claim.clientKey)
      if (ticketKey !== undefined) replay.unmark(ticketKey)
    }
    const { used, limit, remaining } = result.use
    return { kind: 'granted', used, limit, remaining, giveBack }
  }

  /**
   * Asks the store first, for it alone sees all processes; then the local total, which is this process's share. Whatever
   * the local total would refuse anyway is not asked about, and nothing again that the store is known to refuse: a flood must not
   * become a flood on the store.
   */
  async #claimShared(claim: PassClaim, store: StoreLink): Promise<PassResult> {
    const nowMs = this.#now()
    const { clientKey, ticketKey, isFallback } = claim
    if (ticketKey !== undefined && this.hasPassed(ticketKey, isFallback)) return { kind: 'replayed' }
    const purses = `${claim.purse} ${claim.setting} ${claim.isParentDrawn}`
    if (this.#refusals.has(clientKey, purses, nowMs)) return this.#exhausted(claim, 'client')
    const purseClaim = this.#purseClaim(claim)
    const rooms = this.#chain(claim).map((purse) => purse.roomFor(purseClaim, nowMs))
    if (rooms.includes('none')) return this.#exhausted(claim, 'total')
    const requireKnown = rooms.includes('known_only')
    if (requireKnown && this.#refusals.has(clientKey, reserve, nowMs)) return this.#exhausted(claim, 'total')
    const shared = this.#sharedClaim(claim, requireKnown)
    const answer = await store.ask((session) => session.claim(shared))
    const release = () => releaseWhenHeld(store, answer, shared, ({ kind }) => kind === 'granted')
    if (answer.kind === 'down') return holdingBoth(this.#claimLocally(claim), release)
    this.#adoptHistory(clientKey, answer.value)
    switch (answer.value.kind) {
      case 'replayed':
        return { kind: 'replayed' }
      case 'over_limit':
        this.#refusals.note(clientKey, purses, nowMs + shortest(answer.value.retryAfterMs, shared), nowMs)
        return this.#exhausted(claim, 'client')
      case 'unknown_client':
        this.#refusals.note(clientKey, reserve, nowMs + unknownForMs, nowMs)
        return this.#exhausted(claim, 'total')
      case 'granted':
        return holdingBoth(this.#claimLocally(claim), release)
    }
  }

  #sharedClaim(claim: PassClaim, requireKnown: boolean): StoreClaim {
    const { clientKey, ticketKey, isFallback } = claim
    const drawn = this.#chain(claim).map((purse) => ({
      name: this.#books[claim.purse].storeName(purse),
      ...purse.perClientOf(clientKey),
      ownRateFactor: purse.ownRateFactor,
    }))
    const countedAddress = countedAddressOf(claim)
    const purses = countedAddress === undefined ? drawn : [...drawn, this.#vouchedAddress.storePurse(countedAddress)]
    const replayMs = this.#replayOf(isFallback).windowMs
    return { claimId: randomUUID(), purses, clientKey, ticketKey, replayMs, requireKnown }
  }

  #replayOf(isFallback: boolean): ReplayMemory {
    return isFallback ? this.#replay.fallback : this.#replay.ordinary
  }

  #chain({ purse, setting, isParentDrawn }: PassClaim): PurseChain {
    return this.#books[purse].chain(setting, isParentDrawn)
  }

  #purseClaim({ clientKey, isFallback }: PassClaim): PurseClaim {
    const verifiedPerMinute = this.verifiedPerMinute(clientKey)
    return { clientKey, isKnown: verifiedPerMinute > 0 || isVouchedFor(clientKey), verifiedPerMinute, isFallback }
  }

  #exhausted(claim: PassClaim, by: 'client' | 'total'): PassResult {
    const own = this.#books[claim.purse].ownPurse(claim.setting)
    const { used, limit, remaining } = own.useOf(this.#purseClaim(claim), this.#now())
    return { kind: 'exhausted', by, used, limit, remaining }
  }

  #adoptHistory(clientKey: string, result: StoreClaimResult): void {
    if ('history' in result && result.history)
      this.#history.adopt(clientKey, result.history.verifiedPerMinute, this.#now())
  }
}

/** The address whose vouched passes count this one; a request takes one of them, whichever purses it draws on. */
function countedAddressOf({ clientKey, addressKey, isParentDrawn }: PassClaim): string | undefined {
  return isVouchedFor(clientKey) && !isParentDrawn ? addressKey : undefined
}

/** A ticket that Tencent verified. */
interface VerifiedTicket {
  readonly ticketKey: string
  readonly clientKey: string
  readonly isWanted: () => boolean
  readonly isVouched: boolean
}

/** Releases what the store holds, or will hold when a claim that was given up reaches it late. */
function releaseWhenHeld<T>(
  store: StoreLink,
  answer: StoreAnswer<T>,
  claim: StoreClaim,
  isHeld: (value: T) => boolean,
) {
  const release = (session: StoreSession) => session.release(claim)
  if (answer.kind === 'answer') return store.tell(release)
  void answer.late.then((late) => {
    if (late !== undefined && isHeld(late)) store.undo(release)
  })
}

/** A store of the application's own must not lock a client out for longer than a window. */
function shortest(retryAfterMs: number, { purses }: StoreClaim): number {
  return Math.min(retryAfterMs, ...purses.map(({ windowMs }) => windowMs))
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
