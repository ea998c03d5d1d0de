import type { Clock } from '../clock.js'
import { RecentEvents } from '../structures/recent-events.js'

const maxProbesAtOnce = 2
const keyPauseMs = 60_000

/**
 * Whose call may find out whether users are verified again while the canary is healthy and their calls fail: one call in each
 * interval. Its first half is for clients with history, so that a flood of junk does not take every turn; a key has one turn
 * a minute; and a probe that taught nothing hands its turn on at once, so that refusals and throttling use none up.
 */
export class ProbeTurns {
  readonly #clock: Clock
  readonly #backOff: (intervalMs: number) => number
  readonly #recent = new RecentEvents(keyPauseMs)
  #intervalMs: number
  #dueMs: number
  #running = 0

  /** @param backOff returns the interval after a failure */
  constructor(clock: Clock, intervalMs: number, backOff: (intervalMs: number) => number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#dueMs = clock.nowMs() + intervalMs
    this.#backOff = backOff
  }

  /** Takes a turn for a call of this client. Returns when the turn was due, or `undefined` where the client has none. */
  take(clientKey: string, isKnown: boolean): number | undefined {
    const nowMs = this.#clock.nowMs()
    const dueMs = this.#dueMs
    const openSinceMs = isKnown ? dueMs : dueMs + this.#intervalMs / 2
    if (nowMs < openSinceMs || this.#running >= maxProbesAtOnce || this.#recent.has(clientKey, nowMs)) return undefined
    this.#recent.add(clientKey, nowMs)
    this.#running++
    this.#dueMs = nowMs + this.#intervalMs
    return dueMs
  }

  /** Ends a probe that failed: the next turn comes later. */
  failed(): void {
    this.#running--
    this.#intervalMs = this.#backOff(this.#intervalMs)
    this.#dueMs = this.#clock.nowMs() + this.#intervalMs
  }

  /** Ends the probe of a turn that taught nothing: the next turn is this one again. */
  handOn(turnDueMs: number): void {
    this.#running--
    this.#dueMs = Math.min(this.#dueMs, turnDueMs)
  }
}
