import type { Clock, Timer } from '../clock.js'

/** What a canary says about Tencent. `unknown`: it was given up, or the failure may be this process's own. */
export type CanaryReport = 'healthy' | 'failed' | 'unknown'

/**
 * Verifies a fallback-format ticket that belongs to no user. Calls `done` exactly once, never before it has returned. Returns a
 * function that gives the canary up; `done` is then called with `unknown`.
 */
export type RunCanary = (done: (report: CanaryReport) => void) => () => void

/** The result of a canary that was not `unknown`. */
export interface CanaryResult {
  readonly report: 'healthy' | 'failed'
  readonly atMs: number
}

/** Bounds of the interval, in milliseconds from one canary's start to the next one's. */
export interface CanaryIntervals {
  readonly canaryIntervalMs: number
  readonly canaryMaxIntervalMs: number
}

/** An interval is up to this share longer, so that the processes of a fleet do not ask at once. */
const jitterShare = 0.25

/** Starts canaries: one at a time, with back-off after failures, and only when one is asked for. */
export class CanarySchedule {
  readonly #clock: Clock
  readonly #intervals: () => CanaryIntervals
  readonly #run: RunCanary
  readonly #onEnd: (result: CanaryResult | undefined) => void
  #intervalMs: number
  #jitter = 0
  #startedMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #giveUp: (() => void) | undefined
  #isClosed = false
  /** Counts calls of {@link forget}: the report of a canary of an older epoch decides nothing. */
  #epoch = 0
  #last: CanaryResult | undefined
  /** Shown in the snapshot; it survives {@link forget}, unlike what decides. */
  #lastShown: CanaryResult | undefined
  #lastFailureMs = Number.NEGATIVE_INFINITY

  /** @param onEnd called at every end of a canary; with `undefined` after `unknown` or a report of an older epoch */
  constructor(
    clock: Clock,
    intervals: () => CanaryIntervals,
    run: RunCanary,
    onEnd: (result: CanaryResult | undefined) => void,
  ) {
    this.#clock = clock
    this.#intervals = intervals
    this.#run = run
    this.#onEnd = onEnd
    this.#intervalMs = intervals().canaryIntervalMs
  }

  /** The last result of this epoch. */
  get last(): CanaryResult | undefined {
    return this.#last
  }

  /** The last result of any epoch. */
  get lastShown(): CanaryResult | undefined {
    return this.#lastShown
  }

  /** When a canary last failed; minus infinity before. */
  get lastFailureMs(): number {
    return this.#lastFailureMs
  }

  /** Starts a canary, as soon as the interval since the last one's start is over. */
  request(): void {
    if (this.#giveUp !== undefined || this.#timer !== undefined || this.#isClosed) return
    const delayMs = this.#startedMs + this.#intervalMs * (1 + this.#jitter) - this.#clock.nowMs()
    if (delayMs <= 0) return this.#start()
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined
      this.#start()
    })
  }

  /** Begins a new epoch, with the shortest interval. */
  forget(): void {
    this.#epoch++
    this.#last = undefined
    this.#intervalMs = this.#intervals().canaryIntervalMs
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** The interval after a failure, in milliseconds: twice as long, up to `canaryMaxIntervalMs`. */
  backedOff(intervalMs: number): number {
    return Math.min(intervalMs * 2, this.#intervals().canaryMaxIntervalMs)
  }

  /** Gives up the canary under way; none starts after it. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#giveUp?.()
  }

  #start(): void {
    const epoch = this.#epoch
    this.#startedMs = this.#clock.nowMs()
    this.#jitter = jitterShare * this.#clock.jitter()
    this.#giveUp = () => {}
    this.#giveUp = this.#run((report) => {
      this.#giveUp = undefined
      if (!this.#isClosed) this.#onEnd(epoch === this.#epoch ? this.#learn(report) : undefined)
    })
  }

  #learn(report: CanaryReport): CanaryResult | undefined {
    if (report === 'unknown') return undefined
    const atMs = this.#clock.nowMs()
    this.#last = { report, atMs }
    this.#lastShown = this.#last
    if (report === 'failed') this.#lastFailureMs = atMs
    this.#intervalMs = report === 'failed' ? this.backedOff(this.#intervalMs) : this.#intervals().canaryIntervalMs
    return this.#last
  }
}
