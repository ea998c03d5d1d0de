/** Slots that one hash may be in. */
const ways = 16
/** Words of a slot: hash low, hash high, second of the last pass plus one (0 is an empty slot), weight. */
const slotWords = 4

/**
 * One part of the table behind {@link ClientHistory}: sets of sixteen slots on one typed array. It doubles when half full,
 * which leaves one key in a thousand without room; at its largest a set lets go of its oldest.
 */
export class HistorySegment {
  readonly #maxSets: number
  #sets = 1
  #used = 0
  #words = new Uint32Array(ways * slotWords)
  /** The same memory, for weights. */
  #floats = new Float32Array(this.#words.buffer)

  constructor(maxSets: number) {
    this.#maxSets = maxSets
  }

  get size(): number {
    return this.#used
  }

  /** Where the hash is, or -1. */
  find(low: number, high: number): number {
    const words = this.#words
    const first = this.#firstOf(low)
    for (let at = first; at < first + ways * slotWords; at += slotWords) {
      if (words[at] === low && words[at + 1] === high && words[at + 2] !== 0) return at
    }
    return -1
  }

  second(at: number): number {
    return (this.#words[at + 2] as number) - 1
  }

  weight(at: number): number {
    return this.#floats[at + 3] as number
  }

  update(at: number, second: number, weight: number): void {
    this.#words[at + 2] = second + 1
    this.#floats[at + 3] = weight
  }

  /** Adds a hash that is not there. What is older than `oldestSecond` makes room first. */
  add(low: number, high: number, second: number, weight: number, oldestSecond: number): void {
    if (this.#sets < this.#maxSets && this.#used >= (this.#sets * ways) / 2) this.#rebuild(oldestSecond)
    const at = this.#freeSlot(low)
    if (this.#words[at + 2] === 0) this.#used++
    this.#words[at] = low
    this.#words[at + 1] = high
    this.update(at, second, weight)
  }

  #firstOf(low: number): number {
    return (low & (this.#sets - 1)) * ways * slotWords
  }

  /** An empty slot of the set, or its oldest. */
  #freeSlot(low: number): number {
    const words = this.#words
    const first = this.#firstOf(low)
    let oldestAt = first
    for (let at = first; at < first + ways * slotWords; at += slotWords) {
      if ((words[at + 2] as number) < (words[oldestAt + 2] as number)) oldestAt = at
    }
    return oldestAt
  }

  /** Drops what is too old; doubles if that alone does not help. */
  #rebuild(oldestSecond: number): void {
    const words = this.#words
    const floats = this.#floats
    const isLive = (at: number) => (words[at + 2] as number) > Math.max(0, oldestSecond + 1)
    let live = 0
    for (let at = 0; at < words.length; at += slotWords) if (isLive(at)) live++
    if (live >= (this.#sets * ways) / 4) this.#sets *= 2
    this.#words = new Uint32Array(this.#sets * ways * slotWords)
    this.#floats = new Float32Array(this.#words.buffer)
    this.#used = 0
    for (let at = 0; at < words.length; at += slotWords) {
      if (!isLive(at)) continue
      const second = (words[at + 2] as number) - 1
      this.add(words[at] as number, words[at + 1] as number, second, floats[at + 3] as number, oldestSecond)
    }
  }
}
