/** Keys leave in batches of this share: a `Map` walks over the holes of deleted keys before it finds its oldest one. */
const batchShare = 1 / 64

/**
 * A map in the order of last setting that lets go of what is old. Old keys leave as new ones come, twice as many, so that it
 * shrinks again after a flood; `maxKeys` bounds the rest, oldest first. Constant work per key, on average; no timer.
 */
export class AgingMap<Value> {
  readonly #maxKeys: number
  readonly #entries = new Map<string, Value>()
  #setSinceSweep = 0

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)
  }

  /** Makes this key the youngest, then drops old ones as far as it is time. */
  set(key: string, value: Value, isOld: (value: Value) => boolean): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    this.#setSinceSweep++
    const isOver = this.#entries.size > this.#maxKeys
    if (isOver || this.#setSinceSweep >= this.#entries.size * batchShare) this.#sweep(isOver, isOld)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  #sweep(isOver: boolean, isOld: (value: Value) => boolean): void {
    let mustLeave = isOver ? Math.ceil(this.#maxKeys * batchShare) : 0
    let mayLeave = 2 * this.#setSinceSweep
    this.#setSinceSweep = 0
    for (const [key, value] of this.#entries) {
      if (mustLeave-- <= 0 && (mayLeave-- <= 0 || !isOld(value))) return
      this.#entries.delete(key)
    }
  }
}
