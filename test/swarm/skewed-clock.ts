import type { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import type { Clock, Timer } from '../../lib/clock.js'
import type { PlannedProcess } from './plan.js'

/** The clock of one process: the same time as all others, but counted from elsewhere, with a wall clock that is wrong and set. */
export class SkewedClock implements Clock {
  readonly #base: VirtualClock
  readonly #process: PlannedProcess

  constructor(base: VirtualClock, process: PlannedProcess) {
    this.#base = base
    this.#process = process
  }

  nowMs(): number {
    return this.#base.nowMs() + this.#process.originMs
  }

  epochMs(): number {
    const { resetAtMs, skewMs, skewAfterResetMs } = this.#process
    return this.#base.epochMs() + (this.#base.nowMs() < resetAtMs ? skewMs : skewAfterResetMs)
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#base.after(delayMs, run)
  }

  afterPoll(run: () => void): void {
    this.#base.afterPoll(run)
  }

  jitter(): number {
    return this.#base.jitter()
  }
}
