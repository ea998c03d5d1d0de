import { afterSockets, type Clock, type Timer } from '../clock.js'
import type { Permit } from './waiting-calls.js'

/**
 * Calls that have failed while a canary is under way. Their decisions wait for its verdict, for without it they would have no
 * evidence; none waits beyond its own deadline.
 */
export class HeldCalls {
  readonly #clock: Clock
  readonly #timers = new Map<Permit, Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What is left of the first call's deadline, in milliseconds; `undefined` while none is held. */
  get firstLeftMs(): number | undefined {
    const [first] = this.#timers.keys()
    return first && first.deadlineMs - this.#clock.nowMs()
  }

  /** Holds a call until it is taken out; at its deadline it is released. */
  add(permit: Permit): void {
    const leftMs = Math.max(0, permit.deadlineMs - this.#clock.nowMs())
    const release = () => {
      if (this.delete(permit)) permit.release()
    }
    this.#timers.set(
      permit,
      this.#clock.after(leftMs, () => afterSockets(this.#clock, release)),
    )
  }

  /** Takes a call out. Returns whether it was held. */
  delete(permit: Permit): boolean {
    this.#timers.get(permit)?.cancel()
    return this.#timers.delete(permit)
  }

  /** Takes all calls out and returns them. */
  drain(): readonly Permit[] {
    const held = [...this.#timers.keys()]
    for (const permit of held) this.delete(permit)
    return held
  }
}
