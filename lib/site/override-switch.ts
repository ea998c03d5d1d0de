import type { OverrideMode } from '../admission/question.js'
import type { Clock, Timer } from '../clock.js'

/** The override as the snapshot shows it. */
export interface OverrideSnapshot {
  readonly mode: OverrideMode
  readonly by?: string
  /** ISO 8601 by the wall clock of this moment, for people; absent where it lasts until it is changed. */
  readonly until?: string
}

/** An override, as of now. */
export interface OverrideState {
  readonly mode: OverrideMode
  readonly by: string
  /** Milliseconds that it lasts from now on; infinite where it lasts until it is changed. */
  readonly leftMs: number
}

/** Set here, set at another process, or ended by time. */
export type OverrideChange = 'set' | 'shared' | 'expired'

/** No override. */
export const overrideOff: OverrideState = Object.freeze({ mode: 'none', by: '', leftMs: Number.POSITIVE_INFINITY })

/**
 * The operator's kill switch: passes all, or refuses every degraded pass, until its end. The end is on the monotonic clock, so
 * that a wall clock that is set back lengthens nothing.
 */
export class OverrideSwitch {
  readonly #clock: Clock
  readonly #onChange: (state: OverrideState, why: OverrideChange) => void
  #state: OverrideState = overrideOff
  /** On the monotonic clock. */
  #endMs = Number.POSITIVE_INFINITY
  #timer: Timer | undefined

  constructor(clock: Clock, onChange: (state: OverrideState, why: OverrideChange) => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** Sets a state; `'shared'` where another process set it. */
  set(state: OverrideState, why: 'set' | 'shared' = 'set'): void {
    this.#timer?.cancel()
    this.#state = state
    this.#endMs = this.#clock.nowMs() + state.leftMs
    this.#watchForEnd()
    this.#onChange(state, why)
  }

  /** Frees the timer. */
  close(): void {
    this.#timer?.cancel()
  }

  /** Notices the end in time where no request reads {@link mode}. */
  #watchForEnd(): void {
    if (!Number.isFinite(this.#endMs)) return
    this.#timer = this.#clock.after(this.#endMs - this.#clock.nowMs(), () => {
      this.#endIfDue()
      // A timer may fire early.
      this.#watchForEnd()
    })
  }

  #endIfDue(): void {
    if (this.#endMs > this.#clock.nowMs()) return
    const expired = { ...this.#state, leftMs: 0 }
    this.#state = overrideOff
    this.#endMs = Number.POSITIVE_INFINITY
    this.#onChange(expired, 'expired')
  }

  /** The mode in force now; `'none'` from the end on. */
  get mode(): OverrideMode {
    this.#endIfDue()
    return this.#state.mode
  }

  /** The override as plain JSON. */
  snapshot(): OverrideSnapshot {
    const mode = this.mode
    const { by } = this.#state
    const leftMs = this.#endMs - this.#clock.nowMs()
    const until = Number.isFinite(leftMs) && { until: new Date(this.#clock.epochMs() + leftMs).toISOString() }
    return { mode, ...(by && { by }), ...until }
  }
}
