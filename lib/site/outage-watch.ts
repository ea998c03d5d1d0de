import type { DegradationCause } from '../admission/cause-table.js'
import type { Clock } from '../clock.js'

/** State of one path to Tencent. */
export type WatchState = 'healthy' | 'suspect' | 'outage'

/** What the snapshot shows of one path to Tencent. */
export interface WatchSnapshot {
  readonly state: WatchState
  /** ISO 8601: since when it is in this state. */
  readonly since: string
  readonly why: string
}

/** What is known about one path to Tencent now, and why. */
export type PathFinding = Pick<WatchSnapshot, 'state' | 'why'>

/** An outage that is over: how long it was, and what was decided meanwhile, by cause. */
export interface EndedOutage {
  readonly why: string
  readonly durationMs: number
  readonly decisions: Readonly<Record<string, number>>
}

/** A change of state. */
export interface StateChanged extends WatchSnapshot {
  readonly before: WatchState
}

/** Called when a path's state changes, and when an outage starts and ends. */
export interface OutageListener {
  /** Called for every change of state, before the others. */
  changed(change: StateChanged): void
  started(outage: { readonly why: string }): void
  ended(outage: EndedOutage): void
}

/** State of one path to Tencent for the operator: since when, why, and what was decided meanwhile. */
export class OutageWatch {
  readonly #clock: Clock
  readonly #listener: OutageListener
  #state: WatchState = 'healthy'
  #why = 'no failure seen'
  #sinceEpochMs: number
  #sinceMs: number
  #decisions = new Map<DegradationCause, number>()

  constructor(clock: Clock, listener: OutageListener) {
    this.#clock = clock
    this.#listener = listener
    this.#sinceEpochMs = clock.epochMs()
    this.#sinceMs = clock.nowMs()
  }

  /** Notes the state and why. Calls the listener where an outage starts or ends. */
  move({ state, why }: PathFinding): void {
    if (state === this.#state) {
      if (state !== 'healthy') this.#why = why
      return
    }
    const durationMs = this.#clock.nowMs() - this.#sinceMs
    const decisions = Object.fromEntries(this.#decisions)
    const [before, whyBefore] = [this.#state, this.#why]
    this.#state = state
    this.#why = why
    this.#sinceEpochMs = this.#clock.epochMs()
    this.#sinceMs = this.#clock.nowMs()
    this.#decisions.clear()
    this.#listener.changed({ ...this.snapshot(), before })
    if (before === 'outage') this.#listener.ended({ why: whyBefore, durationMs, decisions })
    if (state === 'outage') this.#listener.started({ why })
  }

  /** Counts a degraded decision, by cause, for the line at the outage's end. */
  count(cause: DegradationCause): void {
    this.#decisions.set(cause, (this.#decisions.get(cause) ?? 0) + 1)
  }

  /** The state as of the last {@link move}. */
  get state(): WatchState {
    return this.#state
  }

  /** The path as plain JSON. */
  snapshot(): WatchSnapshot {
    return { state: this.#state, since: new Date(this.#sinceEpochMs).toISOString(), why: this.#why }
  }
}
