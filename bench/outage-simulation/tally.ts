import type { HonestRequest } from './honest-users.js'
import type { RunResult } from './run-result.js'

const waitedMs = 100

/** Counts one run. */
export class Tally {
  readonly #startMs: number
  readonly #minutes: number
  readonly #honestRequests: number[]
  readonly #honestPassed: number[]
  readonly #botPassed: number[]
  readonly #counts = {
    honestWaited: 0,
    knownRequests: 0,
    knownPassed: 0,
    ticketRequests: 0,
    ticketPassed: 0,
    botRequests: 0,
  }

  constructor(startMs: number, minutes: number) {
    this.#startMs = startMs
    this.#minutes = minutes
    const zeros = () => Array.from({ length: minutes }, () => 0)
    this.#honestRequests = zeros()
    this.#honestPassed = zeros()
    this.#botPassed = zeros()
  }

  honest({ isKnown, hasScript }: HonestRequest, arrivedMs: number, passed: boolean, tookMs: number): void {
    const minute = this.#minuteOf(arrivedMs)
    if (minute === undefined) return
    const pass = passed ? 1 : 0
    addAt(this.#honestRequests, minute, 1)
    addAt(this.#honestPassed, minute, pass)
    if (tookMs > waitedMs) this.#counts.honestWaited++
    if (isKnown) {
      this.#counts.knownRequests++
      this.#counts.knownPassed += pass
    }
    if (hasScript) {
      this.#counts.ticketRequests++
      this.#counts.ticketPassed += pass
    }
  }

  botsAsked(count: number): void {
    this.#counts.botRequests += count
  }

  botPassed(arrivedMs: number): void {
    const minute = this.#minuteOf(arrivedMs)
    if (minute !== undefined) addAt(this.#botPassed, minute, 1)
  }

  result(normalPerMinute: number): RunResult {
    return {
      normalPerMinute,
      ...this.#counts,
      honestRequests: this.#honestRequests,
      honestPassed: this.#honestPassed,
      botPassed: this.#botPassed,
    }
  }

  #minuteOf(atMs: number): number | undefined {
    const minute = Math.floor((atMs - this.#startMs) / 60_000)
    return minute >= 0 && minute < this.#minutes ? minute : undefined
  }
}

function addAt(counts: number[], index: number, count: number): void {
  counts[index] = (counts[index] ?? 0) + count
}
