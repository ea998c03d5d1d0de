import { KeyedHash } from './keyed-hash.js'

const minimumRing = 1024
/** The time of an event that was taken back. */
const gone = Number.NEGATIVE_INFINITY

/** What is known of a key's event, by place, once a key has had two. */
interface Chains {
  /** How many positions back the key's event before is; 0 where there is none. */
  readonly backs: Uint32Array
  /** Events of the key that are held; true of its youngest alone. */
  readonly counts: Uint32Array
}

/**
 * The events of keys over a sliding window, exact, in bounded memory: each is forgotten `windowMs` after it was added, and the
 * oldest where there would be more than `maxEvents`. Of a key its keyed hash is held. Events lie in a ring of typed arrays, oldest
 * first; an index by hash finds a key's youngest, and each event the one before it: 16 to 24 bytes to an event and an index of 8 or
 * more, where a map of strings to lists takes 150. Constant work an event, on average; no timer.
 */
export class RecentEvents {
  #windowMs: number
  readonly #maxEvents: number
  readonly #hash = new KeyedHash()
  /** Positions count on for ever; the ring's length, a power of two, wraps them to places. */
  #first = 0
  #next = 0
  /** Events in the ring that were taken back. No key leads to them. */
  #gone = 0
  #lows = new Uint32Array(minimumRing)
  #highs = new Uint32Array(minimumRing)
  #timesMs = new Float64Array(minimumRing)
  #chains: Chains | undefined
  /** Place of a key's youngest event plus one, by hash; 0 is empty. Twice as long as the ring, so that probing stays short. */
  #index = new Uint32Array(2 * minimumRing)

  constructor(windowMs: number, maxEvents = 500_000) {
    this.#windowMs = windowMs
    this.#maxEvents = maxEvents
  }

  /** A longer window sees what is still held; a shorter one forgets what is older. */
  setWindow(windowMs: number): void {
    this.#windowMs = windowMs
  }

  /** Events held. */
  get size(): number {
    return this.#next - this.#first - this.#gone
  }

  /** Whether the key has an event in the window. */
  has(key: string, nowMs: number): boolean {
    const youngest = this.#youngest(this.#slotOfKey(key))
    return this.#isHeld(youngest) && !this.#isOld(youngest, nowMs)
  }

  /** Events of the key in the window. */
  count(key: string, nowMs: number): number {
    this.#dropOld(nowMs)
    return this.#countAt(this.#youngest(this.#slotOfKey(key)))
  }

  /** @param maxOfKey most that is kept of this key, the youngest */
  add(key: string, nowMs: number, maxOfKey = Number.POSITIVE_INFINITY): void {
    this.#makeRoom(nowMs)
    this.#hash.hash(key)
    this.#append(this.#hash.low, this.#hash.high, nowMs)
    const youngest = this.#next - 1
    if (this.#countAt(youngest) > maxOfKey) this.#cut(youngest, maxOfKey)
  }

  /** Takes one event of this very time back. */
  remove(key: string, atMs: number): void {
    const slot = this.#slotOfKey(key)
    const youngest = this.#youngest(slot)
    let younger = -1
    let position = youngest
    while (this.#isHeld(position) && this.#timesMs[this.#placeOf(position)] !== atMs) {
      younger = position
      position = this.#olderThan(position)
    }
    if (!this.#isHeld(position)) return
    const older = this.#olderThan(position)
    const left = this.#countAt(youngest) - 1
    this.#takeBack(position)
    if (left === 0) return this.#closeGap(slot)
    const { backs, counts } = this.#chains as Chains
    if (position === youngest) this.#index[slot] = this.#placeOf(older) + 1
    else backs[this.#placeOf(younger)] = this.#isHeld(older) ? younger - older : 0
    counts[this.#placeOf(position === youngest ? older : youngest)] = left
  }

  /** Takes every event of a key back. */
  delete(key: string): void {
    const slot = this.#slotOfKey(key)
    this.#takeBackFrom(this.#youngest(slot))
    this.#closeGap(slot)
  }

  #placeOf(position: number): number {
    return position & (this.#lows.length - 1)
  }

  #isHeld(position: number): boolean {
    return position >= this.#first
  }

  #isOld(position: number, nowMs: number): boolean {
    return nowMs - (this.#timesMs[this.#placeOf(position)] as number) >= this.#windowMs
  }

  /** Events of a key, of which this is the youngest. */
  #countAt(youngest: number): number {
    if (!this.#isHeld(youngest)) return 0
    return this.#chains === undefined ? 1 : (this.#chains.counts[this.#placeOf(youngest)] as number)
  }

  /** The position of the key's event before, which is held no more where it is the last one. */
  #olderThan(position: number): number {
    const back = this.#chains?.backs[this.#placeOf(position)] ?? 0
    return back === 0 ? -1 : position - back
  }

  /** The position of the youngest event that a slot leads to, or -1. */
  #youngest(slot: number): number {
    const place = (this.#index[slot] as number) - 1
    return place < 0 ? -1 : this.#first + this.#placeOf(place - this.#placeOf(this.#first))
  }

  #slotOfKey(key: string): number {
    this.#hash.hash(key)
    return this.#slotOf(this.#hash.low, this.#hash.high)
  }

  /** The slot of the index that leads to a hash, or the empty one for it. */
  #slotOf(low: number, high: number): number {
    const mask = this.#index.length - 1
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const place = (this.#index[slot] as number) - 1
      if (place < 0 || (this.#lows[place] === low && this.#highs[place] === high)) return slot
    }
  }

  #append(low: number, high: number, timeMs: number): void {
    const slot = this.#slotOf(low, high)
    const before = this.#youngest(slot)
    const position = this.#next++
    const place = this.#placeOf(position)
    this.#lows[place] = low
    this.#highs[place] = high
    this.#timesMs[place] = timeMs
    this.#index[slot] = place + 1
    if (before >= 0) this.#chains ??= newChains(this.#lows.length)
    if (this.#chains === undefined) return
    this.#chains.backs[place] = before < 0 ? 0 : position - before
    this.#chains.counts[place] = this.#countAt(before) + 1
  }

  /** Takes a key's events back but for so many, at least one. */
  #cut(youngest: number, kept: number): void {
    const { backs, counts } = this.#chains as Chains
    let oldest = youngest
    for (let count = 1; count < kept; count++) oldest = this.#olderThan(oldest)
    this.#takeBackFrom(this.#olderThan(oldest))
    backs[this.#placeOf(oldest)] = 0
    counts[this.#placeOf(youngest)] = kept
  }

  #takeBackFrom(youngest: number): void {
    for (let position = youngest; this.#isHeld(position); position = this.#olderThan(position)) this.#takeBack(position)
  }

  /** Stays in the ring until it is the oldest, or the ring is made anew. */
  #takeBack(position: number): void {
    this.#timesMs[this.#placeOf(position)] = gone
    this.#gone++
  }

  #makeRoom(nowMs: number): void {
    this.#dropOld(nowMs)
    const held = this.#next - this.#first
    const { length } = this.#lows
    if (length > minimumRing && held < length / 8) this.#resize(length / 2)
    else if (held < Math.min(length, this.#maxEvents)) return
    // What one key has had taken back leaves the ring before another's events do.
    else if (this.#gone > held / 8) this.#resize(length)
    else if (held < this.#maxEvents) this.#resize(length * 2)
    else this.#dropFirst()
  }

  #dropOld(nowMs: number): void {
    while (this.#first < this.#next && this.#isOld(this.#first, nowMs)) this.#dropFirst()
  }

  #dropFirst(): void {
    const place = this.#placeOf(this.#first)
    if (this.#timesMs[place] === gone) this.#gone--
    else {
      const slot = this.#slotOf(this.#lows[place] as number, this.#highs[place] as number)
      const youngest = (this.#index[slot] as number) - 1
      if (youngest === place) this.#closeGap(slot)
      else this.#countOneLess(youngest)
    }
    this.#first++
  }

  #countOneLess(youngest: number): void {
    const { counts } = this.#chains as Chains
    counts[youngest] = (counts[youngest] as number) - 1
  }

  /** Empties a slot of the index and moves up what was pushed past it. */
  #closeGap(slot: number): void {
    const mask = this.#index.length - 1
    let gap = slot
    for (let at = (slot + 1) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const home = (this.#lows[(this.#index[at] as number) - 1] as number) & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      this.#index[gap] = this.#index[at] as number
      gap = at
    }
    this.#index[gap] = 0
  }

  /** Makes the ring anew, without what was taken back. */
  #resize(length: number): void {
    const [lows, highs, timesMs, first, next] = [this.#lows, this.#highs, this.#timesMs, this.#first, this.#next]
    const mask = lows.length - 1
    this.#lows = new Uint32Array(length)
    this.#highs = new Uint32Array(length)
    this.#timesMs = new Float64Array(length)
    this.#index = new Uint32Array(2 * length)
    this.#chains = undefined
    this.#first = 0
    this.#next = 0
    this.#gone = 0
    for (let position = first; position < next; position++) {
      const timeMs = timesMs[position & mask] as number
      if (timeMs !== gone) this.#append(lows[position & mask] as number, highs[position & mask] as number, timeMs)
    }
  }
}

/** For events that are one of each key so far, in a ring of this length. */
function newChains(length: number): Chains {
  return { backs: new Uint32Array(length), counts: new Uint32Array(length).fill(1) }
}
