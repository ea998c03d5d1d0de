import { HistorySegment } from '../structures/history-segment.js'
import { KeyedHash } from '../structures/keyed-hash.js'
import { storeLifetimes } from './store-lifetimes.js'

/** The store forgets and averages over the same times. */
const historySeconds = storeLifetimes.historyMs / 1000
const rateMemorySeconds = storeLifetimes.rateMemoryMs / 1000
/** Segments grow one by one, so that no request has to rebuild a large table. */
const segmentCount = 256
const maxSetsInSegment = 256

/**
 * Client keys with a verified pass in the last 24 hours: the one thing about a caller that had to be earned.
 *
 * A busy site sees far more keys in a day than a map of strings may hold. So a key is its keyed 64-bit hash, in a table of
 * sixteen bytes to a key that grows with use to about a million keys in 17 MB; then the oldest of sixteen makes room.
 */
export class ClientHistory {
  readonly #hash: KeyedHash
  readonly #segments = Array.from({ length: segmentCount }, () => new HistorySegment(maxSetsInSegment))

  /** @param hash Under a random key, unless the same run must give the same evictions. */
  constructor(hash = new KeyedHash()) {
    this.#hash = hash
  }

  /**
   * Notes a verified pass; true when it is the key's first in this minute.
   *
   * @param isVouched The application vouches for the user, whose passes are counted apart: the key stays known, its own rate does
   * not rise. Else bots behind a carrier's address would have what its users have for themselves.
   */
  noteVerified(clientKey: string, nowMs: number, isVouched = false): boolean {
    const segment = this.#segmentOf(clientKey)
    const { low, high } = this.#hash
    const second = secondOf(nowMs)
    const at = segment.find(low, high)
    if (at < 0) {
      segment.add(low, high, second, 1, second - historySeconds)
      return true
    }
    const before = segment.second(at)
    const weight = segment.weight(at) * decay(second - before)
    segment.update(at, second, isVouched ? Math.max(1, weight) : weight + 1)
    return Math.floor(before / 60) !== Math.floor(second / 60)
  }

  /** Takes over what another process knows of a key. */
  adopt(clientKey: string, verifiedPerMinute: number, nowMs: number): void {
    // As exact as the table: the same rate must not be higher than itself, and renew what is held.
    const weight = Math.fround((verifiedPerMinute * rateMemorySeconds) / 60)
    if (perMinute(weight) <= this.verifiedPerMinute(clientKey, nowMs)) return
    const segment = this.#segmentOf(clientKey)
    const { low, high } = this.#hash
    const second = secondOf(nowMs)
    const at = segment.find(low, high)
    if (at < 0) segment.add(low, high, second, weight, second - historySeconds)
    else segment.update(at, second, weight)
  }

  /**
   * The key's own verified passes a minute, as of its last one; 0 without history. It does not fall with the time since: in an
   * outage no key is verified, and a carrier's address with two hundred users behind it needs its limit most at the end.
   */
  verifiedPerMinute(clientKey: string, nowMs: number): number {
    const segment = this.#segmentOf(clientKey)
    const at = segment.find(this.#hash.low, this.#hash.high)
    if (at < 0 || secondOf(nowMs) - segment.second(at) >= historySeconds) return 0
    return perMinute(segment.weight(at))
  }

  /** Keys held, those that are too old but not yet dropped included. */
  get size(): number {
    return this.#segments.reduce((total, segment) => total + segment.size, 0)
  }

  #segmentOf(clientKey: string): HistorySegment {
    this.#hash.hash(clientKey)
    return this.#segments[this.#hash.high >>> 24] as HistorySegment
  }
}

/** Seconds since the clock's start; a clock that steps back before it stays there. */
function secondOf(nowMs: number): number {
  return Math.max(0, Math.floor(nowMs / 1000))
}

function decay(elapsedSeconds: number): number {
  return Math.exp(-Math.max(0, elapsedSeconds) / rateMemorySeconds)
}

function perMinute(weight: number): number {
  return (weight * 60) / rateMemorySeconds
}
