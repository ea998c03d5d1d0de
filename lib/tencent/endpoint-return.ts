import type { CanaryReport } from '../admission/outcome.js'
import type { Clock, Timer } from '../clock.js'

/** Asks an endpoint once. Calls `done` exactly once, never before it has returned. Returns what gives it up. */
export type AskEndpoint = (done: (report: CanaryReport) => void) => () => void

const healthyInRow = 3
const shortestHoldMs = 30_000
const longestHoldMs = 900_000
/** Preferred endpoints that fail this soon after their return are held off longer the next time. */
const relapseMs = 600_000
/** A fleet must not come back as one. */
const jitterShare = 0.25

/**
 * When calls go back to the preferred endpoint: after three healthy canaries in a row, spread over the hold. A host that fails
 * soon after its return is held off twice as long, so that one that flaps does not make the calls flap.
 */
export class EndpointReturn {
  readonly #clock: Clock
  readonly #ask: AskEndpoint
  readonly #onReady: () => void
  #holdMs = shortestHoldMs
  #returnedMs = Number.NEGATIVE_INFINITY
  #healthy = 0
  #timer: Timer | undefined
  #giveUp: (() => void) | undefined
  #isAway = false

  /** @param onReady called once for each time away */
  constructor(clock: Clock, ask: AskEndpoint, onReady: () => void) {
    this.#clock = clock
    this.#ask = ask
    this.#onReady = onReady
  }

  /** Calls have left the preferred endpoint. */
  left(): void {
    if (this.#isAway) return
    const isRelapse = this.#clock.nowMs() - this.#returnedMs < relapseMs
    this.#holdMs = isRelapse ? Math.min(this.#holdMs * 2, longestHoldMs) : shortestHoldMs
    this.#isAway = true
    this.#healthy = 0
    this.#wait()
  }

  /** Calls are back at the preferred endpoint. */
  returned(): void {
    this.#returnedMs = this.#clock.nowMs()
    this.close()
  }

  /** Frees the timer and gives up a canary under way. */
  close(): void {
    this.#isAway = false
    this.#timer?.cancel()
    this.#giveUp?.()
  }

  #wait(): void {
    const intervalMs = (this.#holdMs / healthyInRow) * (1 + jitterShare * this.#clock.jitter())
    this.#timer = this.#clock.after(intervalMs, () => {
      this.#giveUp = this.#ask((report) => this.#take(report))
    })
  }

  #take(report: CanaryReport): void {
    this.#giveUp = undefined
    if (!this.#isAway) return
    if (report === 'healthy') this.#healthy++
    else if (report === 'failed') this.#healthy = 0
    if (this.#healthy >= healthyInRow) this.#onReady()
    else this.#wait()
  }
}
