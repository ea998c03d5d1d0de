import type { CanaryReport } from '../admission/outcome.js'
import type { Clock, Timer } from '../clock.js'

/**
 * Verifies a fallback-format ticket that belongs to no user, under a deadline. Calls `done` exactly once, never before it has
 * returned. Returns a function that gives the canary up; `done` is then called with `unknown`.
 */
export type RunCanary = (timeoutMs: number, done: (report: CanaryReport) => void) => () => void

/** The result of a canary that was not `unknown`. */
export interface CanaryResult {
  readonly report: Exclude<CanaryReport, 'unknown'>
  readonly startedMs: number
  readonly atMs: number
  /** How long it took; absent over its own deadline, which a busy event loop or a second try has prolonged. */
  readonly tookMs?: number
}

/** What a schedule asks before each canary. */
export interface CanaryPlan {
  intervals(): CanaryIntervals
  timeoutMs(): number
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
  readonly #plan: CanaryPlan
  readonly #run: RunCanary
  readonly #onEnd: (result: CanaryResult | undefined) => void
  #intervalMs: number
  #jitter = 0
  #startedMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  /** When the timer fires. */
  #dueMs = 0
  #giveUp: (() => void) | undefined
  #isClosed = false
  /** Counts calls of {@link forget}: the report of a canary of an older epoch decides nothing. */
  #epoch = 0
  #last: CanaryResult | undefined
  /** Shown in the snapshot; it survives {@link forget}, unlike what decides. */
  #lastShown: CanaryResult | undefined
  #lastFailureMs = Number.NEGATIVE_INFINITY
  #failureBeforeMs = Number.NEGATIVE_INFINITY

  /** @param onEnd called at every end of a canary; with `undefined` after `unknown` or a report of an older epoch */
  constructor(clock: Clock, plan: CanaryPlan, run: RunCanary, onEnd: (result: CanaryResult | undefined) => void) {
    this.#clock = clock
    this.#plan = plan
    this.#run = run
    this.#onEnd = onEnd
    this.#intervalMs = plan.intervals().canaryIntervalMs
  }

  /** The last result of this epoch. */
  get last(): CanaryResult | undefined {
    return this.#last
  }

  /** The last result of any epoch. */
  get lastShown(): CanaryResult | undefined {
    return this.#lastShown
  }

  /** Whether a canary is under way. */
  get isUnderWay(): boolean {
    return this.#giveUp !== undefined
  }

  /** Milliseconds to the next canary, 0 while one is under way; `undefined` where none is asked for. */
  get nextInMs(): number | undefined {
    if (this.isUnderWay) return 0
    return this.#timer === undefined ? undefined : Math.max(0, this.#dueMs - this.#clock.nowMs())
  }

  /** When the failure before the last one was; minus infinity before two have failed. */
  get failureBeforeMs(): number {
    return this.#failureBeforeMs
  }

  /** Starts a canary, as soon as the interval since the last one's start is over. */
  request(): void {
    if (this.#giveUp !== undefined || this.#timer !== undefined || this.#isClosed) return
    const delayMs = this.#startedMs + this.#intervalMs * (1 + this.#jitter) - this.#clock.nowMs()
    if (delayMs <= 0) return this.#start()
    this.#dueMs = this.#clock.nowMs() + delayMs
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined
      this.#start()
    })
  }

  /** Begins a new epoch, with the shortest interval. */
  forget(): void {
    this.#epoch++
    this.#last = undefined
    this.#intervalMs = this.#plan.intervals().canaryIntervalMs
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** The interval after a failure, in milliseconds: twice as long, up to `canaryMaxIntervalMs`. */
  backedOff(intervalMs: number): number {
    return Math.min(intervalMs * 2, this.#plan.intervals().canaryMaxIntervalMs)
  }

  /** Gives up the canary under way; none starts after it. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#giveUp?.()
  }

  #start(): void {
    const epoch = this.#epoch
    const startedMs = this.#clock.nowMs()
    const timeoutMs = this.#plan.timeoutMs()
    this.#startedMs = startedMs
    this.#jitter = jitterShare * this.#clock.jitter()
    this.#giveUp = () => {}
    this.#giveUp = this.#run(timeoutMs, (report) => {
      this.#giveUp = undefined
      if (this.#isClosed) return
      if (report === 'unknown' || epoch !== this.#epoch) return this.#onEnd(undefined)
      const atMs = this.#clock.nowMs()
      const tookMs = atMs - startedMs
      this.#onEnd(this.#learn({ report, startedMs, atMs, ...(tookMs <= timeoutMs && { tookMs }) }))
    })
  }

  #learn(result: CanaryResult): CanaryResult {
    this.#last = result
    this.#lastShown = result
    if (result.report === 'healthy') {
      this.#intervalMs = this.#plan.intervals().canaryIntervalMs
    } else {
      this.#failureBeforeMs = this.#lastFailureMs
      this.#lastFailureMs = result.atMs
      this.#intervalMs = this.backedOff(this.#intervalMs)
    }
    return result
  }
}
