import { type Clock, systemClock } from '../../lib/clock.js'
import { ManualClock } from './manual-clock.js'

const turnEveryMs = 2
/** More than passes between two turns while the process has a core. */
const longestTurnMs = 8

/**
 * The system's clock for tests on real sockets, without the time in which a busy machine kept the process waiting: deadlines and
 * bounds are then as far away as on an idle one. Runs until it is closed.
 */
export class PatientClock implements Clock {
  readonly #hands = new ManualClock()
  readonly #timer = setInterval(() => this.#turn(), turnEveryMs)
  #turnedMs = systemClock.nowMs()

  readonly epochMs = systemClock.epochMs
  readonly jitter = systemClock.jitter
  readonly afterPoll = systemClock.afterPoll
  readonly after: Clock['after'] = (delayMs, run) => this.#hands.after(delayMs, run)

  nowMs(): number {
    return this.#hands.nowMs()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #turn(): void {
    const nowMs = systemClock.nowMs()
    const byMs = Math.min(nowMs - this.#turnedMs, longestTurnMs)
    this.#turnedMs = nowMs
    void this.#hands.advance(byMs)
  }
}
