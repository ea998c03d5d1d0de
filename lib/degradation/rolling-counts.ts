const slotCount = 10

interface Slot {
  startMs: number
  success: number
  failure: number
  throttled: number
  neutral: number
}

export type CallOutcome = 'success' | 'failure' | 'throttled' | 'neutral'

/** Outcomes of the calls in the last `windowMs`, in ten slots: constant memory, no timer. */
export class RollingCounts {
  readonly #slotMs: number
  #slots: Slot[] = []

  constructor(windowMs: number) {
    this.#slotMs = windowMs / slotCount
  }

  add(outcome: CallOutcome, nowMs: number): void {
    const startMs = Math.floor(nowMs / this.#slotMs) * this.#slotMs
    let slot = this.#slots.at(-1)
    if (slot === undefined || slot.startMs !== startMs) {
      slot = { startMs, success: 0, failure: 0, throttled: 0, neutral: 0 }
      this.#slots.push(slot)
      if (this.#slots.length > slotCount) this.#slots.shift()
    }
    slot[outcome]++
  }

  totals(nowMs: number): Readonly<Record<CallOutcome, number>> {
    const oldestMs = nowMs - this.#slotMs * slotCount
    const totals = { success: 0, failure: 0, throttled: 0, neutral: 0 }
    for (const slot of this.#slots) {
      if (slot.startMs + this.#slotMs <= oldestMs) continue
      totals.success += slot.success
      totals.failure += slot.failure
      totals.throttled += slot.throttled
      totals.neutral += slot.neutral
    }
    return totals
  }

  clear(): void {
    this.#slots = []
  }
}
