import { type Clock, systemClock, type Timer } from '../../lib/clock.js'

interface PendingTimer {
  readonly dueMs: number
  readonly run: () => void
  real: Timer
}

/** The system's clock for tests on real sockets, which a test can move forward: what falls due on the way runs at once. */
export class ShiftedClock implements Clock {
  #shiftMs = 0
  readonly #timers = new Set<PendingTimer>()

  readonly jitter = systemClock.jitter

  nowMs(): number {
    return systemClock.nowMs() + this.#shiftMs
  }

  epochMs(): number {
    return systemClock.epochMs() + this.#shiftMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer: PendingTimer = { dueMs: this.nowMs() + delayMs, run, real: { cancel() {} } }
    this.#timers.add(timer)
    this.#schedule(timer)
    return {
      cancel: () => {
        this.#timers.delete(timer)
        timer.real.cancel()
      },
    }
  }

  afterPoll(run: () => void): void {
    systemClock.afterPoll(run)
  }

  forward(byMs: number): void {
    this.#shiftMs += byMs
    for (const timer of this.#timers) {
      timer.real.cancel()
      this.#schedule(timer)
    }
  }

  #schedule(timer: PendingTimer): void {
    timer.real = systemClock.after(Math.max(0, timer.dueMs - this.nowMs()), () => {
      this.#timers.delete(timer)
      timer.run()
    })
  }
}
