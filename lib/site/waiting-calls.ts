import type { Clock, Timer } from '../clock.js'
import { LinkedQueue, type Place } from '../structures/linked-queue.js'

/** Permission of the circuit to ask Tencent; to be settled exactly once. */
export interface Permit {
  readonly epoch: number
  readonly clientKey: string
  readonly startedMs: number
  /** When its own deadline is over. */
  readonly deadlineMs: number
  /** When the turn was due that the call took as a probe; absent on any other call. */
  readonly turnDueMs?: number
  /** Called when the circuit opens over the waiting call, or when a failed call that was held may be judged. */
  readonly release: () => void
  /** Among the calls under way, while it is not overdue. */
  place?: Place<Permit>
}

/** Calls under way. Those that stay unanswered longer than the suspicion delay are overdue. */
export class WaitingCalls {
  readonly #clock: Clock
  readonly #suspicionMs: () => number
  readonly #onOverdue: () => void
  /** Younger than the suspicion delay, oldest first. */
  readonly #fresh = new LinkedQueue<Permit>()
  readonly #overdue = new Set<Permit>()
  #timer: Timer | undefined
  #isClosed = false

  constructor(clock: Clock, suspicionMs: () => number, onOverdue: () => void) {
    this.#clock = clock
    this.#suspicionMs = suspicionMs
    this.#onOverdue = onOverdue
  }

  /** Calls under way. */
  get size(): number {
    return this.#fresh.size + this.#overdue.size
  }

  /** Those of them that are unanswered for longer than the suspicion delay. */
  get overdue(): number {
    return this.#overdue.size
  }

  /** What is left of the first call's deadline, in milliseconds; `undefined` while no call is under way. */
  get firstLeftMs(): number | undefined {
    const [first = this.#fresh.first?.item] = this.#overdue
    return first && first.deadlineMs - this.#clock.nowMs()
  }

  /** Starts to watch a call. */
  add(permit: Permit): void {
    permit.place = this.#fresh.add(permit)
    this.#watch()
  }

  /** Ends the watch of a call; a call that is not watched is ignored. Returns whether it was overdue. */
  delete(permit: Permit): boolean {
    const wasFresh = permit.place !== undefined && this.#fresh.remove(permit.place)
    const wasOverdue = !wasFresh && this.#overdue.delete(permit)
    if (this.#fresh.size === 0) this.#stopWatching()
    return wasOverdue
  }

  /** Takes all calls out and returns them. */
  drain(): readonly Permit[] {
    const waiting = [...this.#fresh.drain(), ...this.#overdue]
    this.#overdue.clear()
    this.#stopWatching()
    return waiting
  }

  /** Frees the timer; no call is watched any more. */
  close(): void {
    this.#isClosed = true
    this.#stopWatching()
  }

  /** One timer for the oldest young call, however many there are. */
  #watch(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    const oldest = this.#fresh.first?.item
    if (oldest === undefined) return
    const delayMs = Math.max(0, oldest.startedMs + this.#suspicionMs() - this.#clock.nowMs())
    this.#timer = this.#clock.after(delayMs, () => this.#clock.afterPoll(() => this.#collect()))
  }

  #stopWatching(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #collect(): void {
    this.#stopWatching()
    const oldestAllowedMs = this.#clock.nowMs() - this.#suspicionMs()
    for (let place = this.#fresh.first; place !== undefined; place = this.#fresh.first) {
      if (place.item.startedMs > oldestAllowedMs) break
      this.#fresh.remove(place)
      this.#overdue.add(place.item)
    }
    this.#watch()
    if (this.#overdue.size > 0) this.#onOverdue()
  }
}
