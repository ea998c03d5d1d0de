import type { PurseUse } from '../admission/question.js'
import { clientLimit } from '../store/client-limit.js'
import { RecentEvents } from '../structures/recent-events.js'
import { TokenBucket } from '../structures/token-bucket.js'
import { ReserveLog } from './reserve-log.js'
import { isVouchedFor } from './vouched-key.js'

/** A purse's setting. */
export interface PurseConfig {
  readonly perClient: { readonly limit: number; readonly windowMs: number }
  readonly total: { readonly floorPerMinute: number; readonly baselineFactor: number; readonly startPerMinute: number }
}

/** The client and the ticket of a claim, as far as a purse depends on them. */
export interface PurseClaim {
  readonly clientKey: string
  /** Has a verified pass in the last 24 hours, or is vouched for by the application. */
  readonly isKnown: boolean
  /** The key's own verified passes a minute. */
  readonly verifiedPerMinute: number
  readonly isFallback: boolean
}

/** The result of a claim; `giveBack` undoes it, once. */
export type PurseResult =
  | { readonly kind: 'taken'; readonly use: PurseUse; giveBack(): void }
  | { readonly kind: 'refused'; readonly by: 'client' | 'total' }

/** A purse as the snapshot shows it. */
export interface PurseSnapshot {
  /** What the total refills with. */
  readonly perMinute: number
  /** Most that it holds at once. */
  readonly capacity: number
  readonly remaining: number
  readonly taken: number
  readonly refusedByClientLimit: number
  readonly refusedByTotal: number
  /** Passes of one client in its window, before its own verified rate. */
  readonly perClient: { readonly limit: number; readonly windowMs: number }
}

/** What does not depend on a purse's setting. */
export interface PurseShape {
  /** Fallback tickets may use at most half of this purse: a caller can type them. */
  readonly halvesFallback: boolean
  /** A known key may stand for many users and pass this many times its own verified rate; 0 for never more than the limit. */
  readonly ownRateFactor: number
  /** Passes a minute of an identity that the application vouches for: it stands for one user. */
  readonly vouchedPerMinute: number
}

const minimumTokens = 10

/**
 * A bounded supply of degraded passes: a sliding limit per client and a total, taken together or not at all. A refused
 * attempt consumes nothing, so that refused callers cannot drain what others have.
 */
export class Purse {
  readonly #shape: PurseShape
  #config: PurseConfig
  readonly #passes: RecentEvents
  readonly #total: TokenBucket
  /** Half of the total, for keys without history: the other half is reserved for those with one. */
  readonly #strangers: TokenBucket
  readonly #reserve = new ReserveLog()
  readonly #fallback: TokenBucket | undefined
  #taken = 0
  #refusedByClientLimit = 0
  #refusedByTotal = 0

  constructor(shape: PurseShape, config: PurseConfig, nowMs: number, perMinute = config.total.startPerMinute) {
    this.#shape = shape
    this.#config = config
    this.#passes = new RecentEvents(config.perClient.windowMs)
    this.#total = new TokenBucket(perMinute, minimumTokens, nowMs)
    this.#strangers = new TokenBucket(perMinute / 2, minimumTokens / 2, nowMs)
    this.#fallback = shape.halvesFallback ? new TokenBucket(perMinute / 2, minimumTokens / 2, nowMs) : undefined
  }

  /** The setting now. */
  get config(): PurseConfig {
    return this.#config
  }

  /** See {@link PurseShape}. */
  get ownRateFactor(): number {
    return this.#shape.ownRateFactor
  }

  /** True while no pass is taken: nothing would be forgotten with this purse. */
  get isUntouched(): boolean {
    return this.#taken === 0
  }

  /** Takes a new setting; what was taken stays taken. */
  reshape(config: PurseConfig): void {
    this.#config = config
    this.#passes.setWindow(config.perClient.windowMs)
  }

  /** Takes a pass from the client's limit and from the total, or from neither. */
  take(claim: PurseClaim, nowMs: number): PurseResult {
    const limit = this.limitFor(claim)
    const before = this.#passes.count(claim.clientKey, nowMs)
    if (before >= limit) {
      this.#refusedByClientLimit++
      return { kind: 'refused', by: 'client' }
    }
    const usesReserve = this.#mayUseReserve(claim, nowMs)
    const buckets = this.#bucketsFor(claim, usesReserve)
    if (!areFilled(buckets, nowMs)) {
      this.#refusedByTotal++
      return { kind: 'refused', by: 'total' }
    }
    for (const bucket of buckets) bucket.take()
    this.#passes.add(claim.clientKey, nowMs)
    if (usesReserve) this.#reserve.add(claim.clientKey, claim.verifiedPerMinute, nowMs)
    this.#taken++
    let isHeld = true
    const giveBack = () => {
      if (!isHeld) return
      isHeld = false
      this.#giveBack(claim.clientKey, buckets, nowMs)
      if (usesReserve) this.#reserve.remove(claim.clientKey, nowMs)
    }
    return { kind: 'taken', use: { used: before + 1, limit, remaining: this.remaining(nowMs) }, giveBack }
  }

  /** How far the client has used it, and the total. Takes nothing. */
  useOf(claim: PurseClaim, nowMs: number): PurseUse {
    const used = this.#passes.count(claim.clientKey, nowMs)
    return { used, limit: this.limitFor(claim), remaining: this.remaining(nowMs) }
  }

  /** Whether a claim could succeed: for any key, only for a key with history, or not at all. Takes nothing. */
  roomFor(claim: PurseClaim, nowMs: number): 'any' | 'known_only' | 'none' {
    const isAvailable = (isKnown: boolean) => {
      const usesReserve = this.#mayUseReserve({ ...claim, isKnown }, nowMs)
      return areFilled(this.#bucketsFor(claim, usesReserve), nowMs)
    }
    if (this.#config.perClient.limit === 0 || !isAvailable(true)) return 'none'
    return isAvailable(claim.isKnown) ? 'any' : 'known_only'
  }

  /** Whole passes that the total holds. */
  remaining(nowMs: number): number {
    return Math.floor(this.#total.available(nowMs))
  }

  /** Degraded passes this client may have in one window. */
  limitFor({ clientKey, isKnown, verifiedPerMinute }: Omit<PurseClaim, 'isFallback'>): number {
    const { limit, windowMs } = this.perClientOf(clientKey)
    const { ownRateFactor } = this.#shape
    return clientLimit({ limit, windowMs, ownRateFactor }, isKnown ? verifiedPerMinute : undefined)
  }

  /** The limit of a key before its history; a vouched identity, one user, has less than an address and never more. */
  perClientOf(clientKey: string): PurseConfig['perClient'] {
    const { limit, windowMs } = this.#config.perClient
    if (!isVouchedFor(clientKey)) return this.#config.perClient
    const ofOneUser = Math.max(1, Math.floor((this.#shape.vouchedPerMinute * windowMs) / 60_000))
    return { limit: Math.min(limit, ofOneUser), windowMs }
  }

  /** Sets what the whole purse refills with, in passes a minute. */
  setTotal(perMinute: number, nowMs: number): void {
    this.#total.setRate(perMinute, nowMs)
    this.#strangers.setRate(perMinute / 2, nowMs)
    this.#fallback?.setRate(perMinute / 2, nowMs)
  }

  /** The purse as plain JSON. */
  snapshot(nowMs: number): PurseSnapshot {
    return {
      perMinute: this.#total.perMinute,
      capacity: this.#total.capacity,
      remaining: this.remaining(nowMs),
      taken: this.#taken,
      refusedByClientLimit: this.#refusedByClientLimit,
      refusedByTotal: this.#refusedByTotal,
      perClient: { ...this.#config.perClient },
    }
  }

  #bucketsFor({ isFallback }: PurseClaim, usesReserve: boolean): readonly TokenBucket[] {
    const buckets = usesReserve ? [this.#total] : [this.#total, this.#strangers]
    return isFallback && this.#fallback ? [...buckets, this.#fallback] : buckets
  }

  /** Whether the key need not draw on what is there for keys without history. */
  #mayUseReserve({ clientKey, isKnown, verifiedPerMinute }: PurseClaim, nowMs: number): boolean {
    if (!isKnown) return false
    const shareNeeded = this.#reserve.shareNeeded(clientKey, verifiedPerMinute, nowMs)
    return this.#total.available(nowMs) > shareNeeded * this.#total.capacity
  }

  #giveBack(clientKey: string, buckets: readonly TokenBucket[], takenMs: number): void {
    for (const bucket of buckets) bucket.giveBack()
    this.#passes.remove(clientKey, takenMs)
    this.#taken--
  }
}

function areFilled(buckets: readonly TokenBucket[], nowMs: number): boolean {
  return buckets.every((bucket) => bucket.available(nowMs) >= 1)
}
