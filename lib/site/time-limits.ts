import { CanaryDeadline } from './canary-deadline.js'
import { ShortWait } from './short-wait.js'
import { UsualLatency } from './usual-latency.js'

/** The limits while nothing is learned; they may change as guards join a site. */
export interface TimeSettings {
  /** Longest that a call may go unanswered before it raises suspicion, in milliseconds. */
  readonly suspicionMs: number
  /** Longest deadline of a call, in milliseconds. */
  readonly canaryTimeoutMs: number
}

const suspicionFactor = 1.5
const shortestSuspicionMs = 100
const shortWaitFactor = 4
const shortestWaitMs = 250
/** Where users' answers take long, a canary may as well; up to the whole of a call's deadline. */
const canaryFactor = 2

/**
 * How long calls, canaries and callers may take, learned from answers that no caller can hurry: code 1 and the canary's.
 * A caller that makes Tencent slow lengthens these limits up to what is set; none can shorten them.
 */
export class TimeLimits {
  readonly #usual = new UsualLatency()
  readonly #canary = new CanaryDeadline()
  readonly #shortWait = new ShortWait()
  #settings: TimeSettings

  constructor(settings: TimeSettings) {
    this.#settings = settings
  }

  configure(settings: TimeSettings): void {
    this.#settings = settings
  }

  /** A call that is unanswered for this long raises suspicion. */
  get suspicionMs(): number {
    const usualMs = this.#usual.p99Ms
    const { suspicionMs } = this.#settings
    if (usualMs === undefined) return suspicionMs
    return Math.min(suspicionMs, Math.max(shortestSuspicionMs, suspicionFactor * usualMs))
  }

  /** The next canary's deadline. @param callerLeftMs see {@link CanaryDeadline.timeoutMs} */
  canaryTimeoutMs(callerLeftMs: number | undefined): number {
    const { canaryTimeoutMs } = this.#settings
    const forCallerMs = this.#canary.timeoutMs(callerLeftMs, canaryTimeoutMs)
    return Math.max(forCallerMs, Math.min(canaryTimeoutMs, canaryFactor * (this.#usual.p99Ms ?? 0)))
  }

  /** How long a caller waits for an answer. @param timeoutMs its own deadline */
  callerWaitMs(timeoutMs: number): number {
    if (!this.#shortWait.isOn) return timeoutMs
    const usualMs = this.#usual.p99Ms
    if (usualMs === undefined) return timeoutMs
    return Math.min(timeoutMs, Math.max(shortestWaitMs, shortWaitFactor * usualMs))
  }

  /** A call was answered with code 1. */
  noteVerified(tookMs: number): void {
    this.#usual.note(tookMs)
    this.#shortWait.end()
  }

  /** A call ran into its whole deadline. */
  noteDeadline(clientKey: string): void {
    this.#shortWait.noteDeadline(clientKey)
  }

  /** @param tookMs how long a canary took, where it says how long one takes */
  noteCanary(report: 'healthy' | 'failed', tookMs: number | undefined): void {
    this.#shortWait.noteCanary(report)
    if (report === 'healthy' && tookMs !== undefined) this.#canary.note(tookMs)
  }

  /** Calls go to another place, where other times are usual. */
  forget(): void {
    this.#usual.forget()
    this.#canary.forget()
    this.#shortWait.end()
  }
}
