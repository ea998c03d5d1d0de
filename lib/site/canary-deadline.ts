/** Before a caller's deadline a canary's verdict is due by so much: time to open the circuit and to release the caller. */
const aheadMs = 50
const shortestMs = 1000
const slowestFactor = 3
const remembered = 5

/** How long a canary may take. */
export class CanaryDeadline {
  /** Of the last five that were answered. */
  readonly #tookMs: number[] = []

  /** @param tookMs how long a canary took that was answered in time */
  note(tookMs: number): void {
    this.#tookMs.push(tookMs)
    if (this.#tookMs.length > remembered) this.#tookMs.shift()
  }

  /**
   * In time for the first caller that waits, but never so short that a canary fails for a lost packet, or where canaries or
   * users' answers are slow anyway.
   *
   * @param callerLeftMs what is left of the first waiting call's deadline; `undefined` while no call waits
   * @param callTimeoutMs the whole of the longest call's deadline
   */
  timeoutMs(callerLeftMs: number | undefined, callTimeoutMs: number): number {
    // What takes longer than any caller waits must not lengthen itself without end.
    const slowestMs = Math.min(Math.max(0, ...this.#tookMs), Math.max(callTimeoutMs, shortestMs))
    const forCallerMs = callerLeftMs === undefined ? callTimeoutMs : callerLeftMs - aheadMs
    return Math.max(forCallerMs, slowestFactor * slowestMs, shortestMs)
  }

  forget(): void {
    this.#tookMs.length = 0
  }
}
