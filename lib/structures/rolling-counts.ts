/**
 * Counts by kind over the last `windowMs`, in slots: constant memory, no timer. Never older ones; the oldest slot leaves as
 * a whole. A clock that steps back counts into the youngest slot.
 */
export class RollingCounts<const Kind extends string> {
  readonly #kinds: readonly Kind[]
  readonly #slotMs: number
  readonly #slotCount: number
  /** A row of counts for each slot. */
  readonly #counts: Uint32Array
  /** The youngest slot, counted from time 0. */
  #slot = 0

  constructor(kinds: readonly Kind[], windowMs: number, slotCount: number) {
    this.#kinds = kinds
    this.#slotMs = windowMs / slotCount
    this.#slotCount = slotCount
    this.#counts = new Uint32Array(slotCount * kinds.length)
  }

  add(kind: Kind, nowMs: number): void {
    this.#roll(nowMs)
    const at = this.#placeOf(this.#slot, kind)
    this.#counts[at] = (this.#counts[at] as number) + 1
  }

  /** Counts of a kind in the last `withinMs`, at most the whole window, as a whole number of slots. */
  count(kind: Kind, nowMs: number, withinMs = Number.POSITIVE_INFINITY): number {
    this.#roll(nowMs)
    const slots = Math.min(this.#slotCount, Math.ceil(withinMs / this.#slotMs))
    let total = 0
    for (let back = 0; back < slots; back++) total += this.#counts[this.#placeOf(this.#slot - back, kind)] as number
    return total
  }

  clear(): void {
    this.#counts.fill(0)
  }

  #roll(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs)
    const passed = Math.min(this.#slotCount, slot - this.#slot)
    const width = this.#kinds.length
    for (let step = 1; step <= passed; step++) {
      const row = ((this.#slot + step) % this.#slotCount) * width
      this.#counts.fill(0, row, row + width)
    }
    this.#slot = Math.max(this.#slot, slot)
  }

  #placeOf(slot: number, kind: Kind): number {
    const row = (slot + this.#slotCount) % this.#slotCount
    return row * this.#kinds.length + this.#kinds.indexOf(kind)
  }
}
