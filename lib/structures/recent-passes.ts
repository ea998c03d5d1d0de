const slotMs = 5_000
const slotCount = 60

/** Verified passes of the last five minutes, in slots of five seconds: constant memory, no timer. */
export class RecentPasses {
  readonly #counts = new Uint32Array(slotCount)
  #slot: number
  #total = 0

  constructor(nowMs: number) {
    this.#slot = slotOf(nowMs)
  }

  count(nowMs: number): void {
    this.#roll(nowMs)
    this.#counts[this.#slot % slotCount] = (this.#counts[this.#slot % slotCount] ?? 0) + 1
    this.#total++
  }

  /** Passes in the last `windowMs`, at most five minutes, as a whole number of slots. */
  within(windowMs: number, nowMs: number): number {
    this.#roll(nowMs)
    const slots = Math.min(slotCount, Math.ceil(windowMs / slotMs))
    if (slots === slotCount) return this.#total
    let passes = 0
    for (let back = 0; back < slots; back++) passes += this.#counts[(this.#slot - back + slotCount) % slotCount] ?? 0
    return passes
  }

  #roll(nowMs: number): void {
    const slot = slotOf(nowMs)
    const passed = Math.min(slotCount, slot - this.#slot)
    for (let step = 1; step <= passed; step++) {
      const oldest = (this.#slot + step) % slotCount
      this.#total -= this.#counts[oldest] ?? 0
      this.#counts[oldest] = 0
    }
    this.#slot = Math.max(this.#slot, slot)
  }
}

function slotOf(nowMs: number): number {
  return Math.floor(nowMs / slotMs)
}
