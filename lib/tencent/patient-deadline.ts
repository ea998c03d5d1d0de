import { afterSockets, type Clock, type Timer } from '../clock.js'
import type { UpstreamResult } from './upstream-result.js'
import { type Done, runUntil, type StartCall } from './with-deadline.js'

/** How finely lateness is measured, in parts of the deadline. */
const slices = 20
/** Lateness up to this share of the deadline prolongs nothing: callers wait for the verdict, and a canary has time to spare. */
const toleratedShare = 1 / 8
/** More than this share of the time late: what failed meanwhile may have been our own doing. */
const busyShare = 1 / 4

/**
 * Runs a canary's call as `withDeadline` does, on a machine that may be busy: the deadline is prolonged by the time that the
 * event loop was late for more than an eighth of it, up to twice its length. A caller who keeps the loop busy must not make a canary fail by it.
 */
export function withPatientDeadline(start: StartCall, timeoutMs: number, clock: Clock, done: Done): () => void {
  const deadline = new PatientDeadline(clock, timeoutMs)
  return runUntil(
    (onOver) => deadline.start(() => onOver(false)),
    start,
    (result) => done(deadline.isLoopBusy ? withoutBlame(result) : result),
  )
}

/** A connection that failed, or an answer that did not come, while our own event loop was busy. */
function withoutBlame(result: UpstreamResult): UpstreamResult {
  const mayBeOurs = result.kind === 'timeout' || result.kind === 'unreachable'
  return mayBeOurs ? { kind: 'local', problem: 'event loop busy' } : result
}

/** A deadline that looks at the clock in between, to see how late the event loop is. */
class PatientDeadline {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #startedMs: number
  #lateMs = 0
  #dueMs: number
  #timer: Timer | undefined
  #onOver = () => {}

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#startedMs = clock.nowMs()
    this.#dueMs = this.#startedMs
  }

  /** @param onOver called once the deadline is over and pending sockets were read */
  start(onOver: () => void): Timer {
    this.#onOver = onOver
    this.#wait(this.#timeoutMs)
    return { cancel: () => this.#timer?.cancel() }
  }

  /** Whether the event loop was late for more than a quarter of the time until now. */
  get isLoopBusy(): boolean {
    const nowMs = this.#clock.nowMs()
    const lateMs = this.#lateMs + Math.max(0, nowMs - this.#dueMs)
    return lateMs > busyShare * (nowMs - this.#startedMs)
  }

  #wait(leftMs: number): void {
    const delayMs = Math.min(leftMs, this.#timeoutMs / slices)
    this.#dueMs = this.#clock.nowMs() + delayMs
    this.#timer = this.#clock.after(delayMs, () => this.#tick())
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs()
    this.#lateMs += Math.max(0, nowMs - this.#dueMs)
    const prolongedMs = Math.max(0, this.#lateMs - toleratedShare * this.#timeoutMs)
    const leftMs = this.#startedMs + this.#timeoutMs + Math.min(prolongedMs, this.#timeoutMs) - nowMs
    if (leftMs > 0) return this.#wait(Math.ceil(leftMs))
    this.#dueMs = nowMs
    afterSockets(this.#clock, this.#onOver)
  }
}
