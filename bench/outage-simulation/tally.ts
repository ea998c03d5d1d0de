import type { RunResult } from './run-result.js'

const waitedMs = 100
const waitedLongMs = 500
/** From here on a move to another host has to be over. */
const settledMs = 2_000
/** From here on a host that refuses every ticket has to be given up. */
const laterMs = 30_000

/** What is known about an honest request. */
export interface HonestKind {
  /** To the guard: by its address, or as the application says. */
  readonly isKnown: boolean
  readonly isReturning: boolean
  readonly hasScript: boolean
}

/** How a request ended. */
export interface Passing {
  readonly passed: boolean
  readonly verified: boolean
  readonly tookMs: number
}

/** Counts one run. */
export class Tally {
  readonly #startMs: number
  #firstMs = Number.POSITIVE_INFINITY
  readonly #minutes: number
  readonly #honestRequests: number[]
  readonly #honestPassed: number[]
  readonly #botPassed: number[]
  readonly #counts = {
    honestWaited: 0,
    honestWaitedLong: 0,
    slowestMs: 0,
    verified: 0,
    settledTickets: 0,
    settledVerified: 0,
    laterTickets: 0,
    laterVerified: 0,
    settledBots: 0,
    knownRequests: 0,
    knownPassed: 0,
    returningRequests: 0,
    returningPassed: 0,
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

  /** Notes that a request arrives. */
  arrives(atMs: number): void {
    if (atMs >= this.#startMs) this.#firstMs = Math.min(this.#firstMs, atMs)
  }

  honest({ isKnown, isReturning, hasScript }: HonestKind, arrivedMs: number, passing: Passing): void {
    const minute = this.#minuteOf(arrivedMs)
    if (minute === undefined) return
    const counts = this.#counts
    const pass = passing.passed ? 1 : 0
    const verified = passing.verified ? 1 : 0
    addAt(this.#honestRequests, minute, 1)
    addAt(this.#honestPassed, minute, pass)
    counts.verified += verified
    if (passing.tookMs > waitedMs) counts.honestWaited++
    if (passing.tookMs > waitedLongMs) counts.honestWaitedLong++
    counts.slowestMs = Math.max(counts.slowestMs, passing.tookMs)
    if (isKnown) {
      counts.knownRequests++
      counts.knownPassed += pass
    }
    if (isReturning) {
      counts.returningRequests++
      counts.returningPassed += pass
    }
    if (hasScript) {
      counts.ticketRequests++
      counts.ticketPassed += pass
    }
    if (this.#isAfter(settledMs, arrivedMs)) {
      if (hasScript) counts.settledTickets++
      counts.settledVerified += verified
    }
    if (this.#isAfter(laterMs, arrivedMs)) {
      if (hasScript) counts.laterTickets++
      counts.laterVerified += verified
    }
  }

  botsAsked(count: number): void {
    this.#counts.botRequests += count
  }

  botPassed(arrivedMs: number): void {
    if (this.#isAfter(settledMs, arrivedMs)) this.#counts.settledBots++
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

  /** Nothing can be known before the first request. */
  #isAfter(delayMs: number, atMs: number): boolean {
    return atMs >= this.#firstMs + delayMs
  }

  #minuteOf(atMs: number): number | undefined {
    const minute = Math.floor((atMs - this.#startMs) / 60_000)
    return minute >= 0 && minute < this.#minutes ? minute : undefined
  }
}

function addAt(counts: number[], index: number, count: number): void {
  counts[index] = (counts[index] ?? 0) + count
}
