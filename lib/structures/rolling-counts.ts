const slotCount = 10

interface Slot {
  readonly index: number
  success: number
  failure: number
  throttled: number
  neutral: number
}

export type CallOutcome = 'success' | 'failure' | 'throttled' | 'neutral'

/**
 * Outcomes of the calls in the last `windowMs`, in ten slots: constant memory, no timer. Never older ones; the oldest tenth
 * leaves as a whole.
 */
export class RollingCounts {
  readonly #slotMs: number
  #slots: Slot[] = []

  constructor(windowMs: number) {
    this.#slotMs = windowMs / slotCount
  }

  add(outcome: CallOutcome, nowMs: number): void {
    const index = this.#indexAt(nowMs)
    let slot = this.#slots.at(-1)
    if (slot === undefined || slot.index !== index) {
      slot = { index, success: 0, failure: 0, throttled: 0, neutral: 0 }
      this.#slots.push(slot)
      if (this.#slots.length > slotCount) this.#slots.shift()
    }
    slot[outcome]++
  }

  totals(nowMs: number): Readonly<Record<CallOutcome, number>> {
    const oldestIndex = this.#indexAt(nowMs) - slotCount + 1
    const totals = { success: 0, failure: 0, throttled: 0, neutral: 0 }
    for (const slot of this.#slots) {
      if (slot.index < oldestIndex) continue
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

  #indexAt(nowMs: number): number {
    return Math.floor(nowMs / this.#slotMs)
  }
}
