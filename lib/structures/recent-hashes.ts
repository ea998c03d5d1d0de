import { KeyedHash } from './keyed-hash.js'

const minimumRing = 1024
/** Never, as a time. */
const gone = Number.NEGATIVE_INFINITY

/**
 * A set of texts that forgets each one `windowMs` after it was added, and the oldest where it would outgrow `maxKeys`. It
 * holds keyed hashes in a ring of typed arrays, oldest first, and finds them by open addressing: 16 bytes and an index of
 * 8 or less to a text, where a map of strings takes 100. Constant work a text, on average; no timer.
 */
export class RecentHashes {
  #windowMs: number
  readonly #maxKeys: number
  readonly #hash = new KeyedHash()
  /** Positions count on for ever; the ring's length, a power of two, wraps them. */
  #first = 0
  #next = 0
  #deleted = 0
  #lows = new Uint32Array(minimumRing)
  #highs = new Uint32Array(minimumRing)
  #addedMs = new Float64Array(minimumRing)
  /** Place in the ring plus one, by hash; 0 is empty. Twice as long as the ring, so that probing stays short. */
  #index = new Uint32Array(2 * minimumRing)

  constructor(windowMs: number, maxKeys: number) {
    this.#windowMs = windowMs
    this.#maxKeys = maxKeys
  }

  /** A longer window holds what is still there; a shorter one forgets at once. */
  setWindow(windowMs: number): void {
    this.#windowMs = windowMs
  }

  get size(): number {
    return this.#next - this.#first - this.#deleted
  }

  has(key: string, nowMs: number): boolean {
    const place = this.#placeOf(key)
    return place >= 0 && nowMs - (this.#addedMs[place] as number) < this.#windowMs
  }

  /** False when it is there already. */
  add(key: string, nowMs: number): boolean {
    const place = this.#placeOf(key)
    if (place >= 0) {
      if (nowMs - (this.#addedMs[place] as number) < this.#windowMs) return false
      this.#forget(place)
    }
    const { low, high } = this.#hash
    this.#dropOld(nowMs)
    if (this.#next - this.#first === this.#lows.length) this.#resize(this.#lows.length * 2)
    this.#append(low, high, nowMs)
    return true
  }

  delete(key: string): void {
    const place = this.#placeOf(key)
    if (place >= 0) this.#forget(place)
  }

  /** Place in the ring, or -1. */
  #placeOf(key: string): number {
    this.#hash.hash(key)
    const { low, high } = this.#hash
    const mask = this.#index.length - 1
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const place = (this.#index[slot] as number) - 1
      if (place < 0) return -1
      if (this.#lows[place] === low && this.#highs[place] === high && this.#addedMs[place] !== gone) return place
    }
  }

  #append(low: number, high: number, addedMs: number): void {
    const place = this.#next++ & (this.#lows.length - 1)
    this.#lows[place] = low
    this.#highs[place] = high
    this.#addedMs[place] = addedMs
    const mask = this.#index.length - 1
    let slot = low & mask
    while (this.#index[slot] !== 0) slot = (slot + 1) & mask
    this.#index[slot] = place + 1
  }

  /** Stays in the ring, and in the index, until it is the oldest. */
  #forget(place: number): void {
    this.#addedMs[place] = gone
    this.#deleted++
  }

  /** Two for each one added, so that it shrinks after a flood; and whatever is over the bound. */
  #dropOld(nowMs: number): void {
    for (let dropped = 0; this.#first < this.#next; dropped++) {
      const addedMs = this.#addedMs[this.#first & (this.#lows.length - 1)] as number
      const isOver = this.#next - this.#first >= this.#maxKeys
      if (!isOver && (dropped >= 2 || nowMs - addedMs < this.#windowMs)) break
      this.#dropFirst()
    }
    const { length } = this.#lows
    if (length > minimumRing && this.#next - this.#first < length / 8) this.#resize(length / 2)
  }

  #dropFirst(): void {
    const place = this.#first++ & (this.#lows.length - 1)
    if (this.#addedMs[place] === gone) this.#deleted--
    const mask = this.#index.length - 1
    let slot = (this.#lows[place] as number) & mask
    while (this.#index[slot] !== place + 1) slot = (slot + 1) & mask
    this.#closeGap(slot, mask)
  }

  /** Empties a slot of the index and moves up what was pushed past it. */
  #closeGap(slot: number, mask: number): void {
    let gap = slot
    for (let at = (slot + 1) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const home = (this.#lows[(this.#index[at] as number) - 1] as number) & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      this.#index[gap] = this.#index[at] as number
      gap = at
    }
    this.#index[gap] = 0
  }

  #resize(length: number): void {
    const [lows, highs, times, first, next] = [this.#lows, this.#highs, this.#addedMs, this.#first, this.#next]
    const mask = lows.length - 1
    this.#lows = new Uint32Array(length)
    this.#highs = new Uint32Array(length)
    this.#addedMs = new Float64Array(length)
    this.#index = new Uint32Array(2 * length)
    this.#first = 0
    this.#next = 0
    this.#deleted = 0
    for (let position = first; position < next; position++) {
      const addedMs = times[position & mask] as number
      if (addedMs !== gone) this.#append(lows[position & mask] as number, highs[position & mask] as number, addedMs)
    }
  }
}
