import type { OverrideMode } from '../admission/question.js'
import type { Clock, Timer } from '../clock.js'

/** The override as the snapshot shows it. */
export interface OverrideSnapshot {
  readonly mode: OverrideMode
  readonly by?: string
  /** ISO 8601; absent where it lasts until it is changed. */
  readonly until?: string
}

/** An override in force. */
export interface OverrideState {
  readonly mode: OverrideMode
  readonly by: string
  /** When it ends, in milliseconds since 1970; infinite where it lasts until it is changed. */
  readonly untilMs: number
}

/** Set here, set at another process, or ended by time. */
export type OverrideChange = 'set' | 'shared' | 'expired'

/** No override. */
export const overrideOff: OverrideState = Object.freeze({ mode: 'none', by: '', untilMs: Number.POSITIVE_INFINITY })

/** The operator's kill switch: passes all, or refuses every degraded pass, until its end. */
export class OverrideSwitch {
  readonly #clock: Clock
  readonly #onChange: (state: OverrideState, why: OverrideChange) => void
  #state: OverrideState = overrideOff
  #timer: Timer | undefined

  constructor(clock: Clock, onChange: (state: OverrideState, why: OverrideChange) => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** Sets a state; `'shared'` where another process set it. */
  set(state: OverrideState, why: 'set' | 'shared' = 'set'): void {
    this.#timer?.cancel()
    this.#state = state
    this.#watchForEnd()
    this.#onChange(state, why)
  }

  /** Frees the timer. */
  close(): void {
    this.#timer?.cancel()
  }

  /** Notices the end in time where no request reads {@link mode}. */
  #watchForEnd(): void {
    const { untilMs } = this.#state
    if (!Number.isFinite(untilMs)) return
    this.#timer = this.#clock.after(Math.max(0, untilMs - this.#clock.epochMs()), () => {
      if (this.mode !== 'none') this.#watchForEnd()
    })
  }

  /** The mode in force now; `'none'` from the end on. */
  get mode(): OverrideMode {
    if (this.#state.untilMs <= this.#clock.epochMs()) {
      const expired = this.#state
      this.#state = overrideOff
      this.#onChange(expired, 'expired')
    }
    return this.#state.mode
  }

  /** The override as plain JSON. */
  snapshot(): OverrideSnapshot {
    const mode = this.mode
    const { by, untilMs } = this.#state
    return { mode, ...(by && { by }), ...(Number.isFinite(untilMs) && { until: new Date(untilMs).toISOString() }) }
  }
}
