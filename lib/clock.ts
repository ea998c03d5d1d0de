/** A timer that can be cancelled; it never holds the process. */
export interface Timer {
  cancel(): void
}

/** Time, and chance in time, as the guard sees it. Injected, so that tests and the simulation set it. */
export interface Clock {
  /** Monotonic milliseconds; for every interval. */
  nowMs(): number
  /** Milliseconds since 1970; for what people and browsers wrote down. */
  epochMs(): number
  after(delayMs: number, run: () => void): Timer
  /** Runs once pending sockets have been read: after a blocked event loop the answer may already be waiting there. */
  afterPoll(run: () => void): void
  /** From 0 up to 1, at random: spreads what the processes of a fleet would otherwise do in the same moment. */
  jitter(): number
}

/** A longer `setTimeout` runs at once. */
export const longestTimeoutMs = 2 ** 31 - 1

/** The end of the year 9999, milliseconds since 1970: the last moment that ISO 8601 writes with four digits. A `Date` ends later, and throws. */
export const lastEpochMs = 253_402_300_799_999

/** The clock of this process; timers are unref'd. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, run) {
    if (delayMs > longestTimeoutMs) return afterLong(delayMs, run)
    return new SystemTimer(run, delayMs)
  },
  afterPoll: (run) => {
    setImmediate(run)
  },
  jitter: Math.random,
}

/** A class, for a busy process has thousands of them. */
class SystemTimer implements Timer {
  readonly #timeout: ReturnType<typeof setTimeout>

  constructor(run: () => void, delayMs: number) {
    this.#timeout = setTimeout(run, delayMs)
    this.#timeout.unref?.()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}

/**
 * Runs once an answer that was there before has been read whole: a blocked event loop reads sockets after its timers, and their
 * content after that.
 */
export function afterSockets(clock: Clock, run: () => void): void {
  clock.afterPoll(() => clock.afterPoll(run))
}

function afterLong(delayMs: number, run: () => void): Timer {
  let step = systemClock.after(longestTimeoutMs, () => {
    step = systemClock.after(delayMs - longestTimeoutMs, run)
  })
  return { cancel: () => step.cancel() }
}
