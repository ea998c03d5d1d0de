import type { PurseName } from '../../lib/decision/decide.js'
import type { DegradationConfig } from '../../lib/option-types.js'
import type { RandomDraws } from './random-draws.js'

export interface BotNetOptions {
  /** Addresses whose requests reach this part of the site. */
  readonly addresses: number
  readonly perMinute: number
  readonly config: DegradationConfig
  readonly draws: RandomDraws
}

/** Longest jump over requests that are refused for certain. */
const maxJumpMs = 100

/**
 * Bots that offer tickets at random times from addresses taken at random.
 *
 * What is refused for certain need not be run. An address without history that had its limit in the sliding window is
 * refused whatever the totals hold; a refused attempt changes nothing in the guard (a property test says so); and a Poisson
 * stream has no memory. So such requests are counted and skipped, and while every address is at its limit the stream is
 * drawn anew after a jump: the passes have the same distribution as if each request had been run.
 */
export class BotNet {
  readonly #options: BotNetOptions
  /** Times of passes, by purse and address. */
  readonly #passes: Readonly<Record<PurseName, number[][]>>

  constructor(options: BotNetOptions) {
    this.#options = options
    const none = () => Array.from({ length: options.addresses }, () => [])
    this.#passes = { outage: none(), doubt: none() }
  }

  nextMs(nowMs: number): number {
    return nowMs + this.#options.draws.gapMs(this.#options.perMinute)
  }

  pickAddress(): number {
    return this.#options.draws.below(this.#options.addresses)
  }

  clientKey(address: number): string {
    return `bot ${address}`
  }

  notePass(address: number, purse: PurseName, nowMs: number): void {
    this.#passes[purse][address]?.push(nowMs)
  }

  isAtLimit(address: number, purse: PurseName, nowMs: number): boolean {
    return this.#freeAtMs(address, purse, nowMs) > nowMs
  }

  /** Until when every address is at its limit, at most a short jump from now. */
  allAtLimitUntilMs(purse: PurseName, nowMs: number): number {
    if (this.#options.addresses > 20) return nowMs
    let untilMs = nowMs + maxJumpMs
    for (let address = 0; address < this.#options.addresses; address++) {
      untilMs = Math.min(untilMs, this.#freeAtMs(address, purse, nowMs))
    }
    return Math.max(nowMs, untilMs)
  }

  /** Requests in a jump. */
  skipped(jumpMs: number): number {
    return this.#options.draws.arrivals((this.#options.perMinute * jumpMs) / 60_000)
  }

  #freeAtMs(address: number, purse: PurseName, nowMs: number): number {
    const { limit, windowMs } = this.#options.config[purse].perClient
    const times = this.#passes[purse][address]
    if (times === undefined) return nowMs
    while (times.length > 0 && (times[0] as number) <= nowMs - windowMs) times.shift()
    return times.length < limit ? nowMs : (times[times.length - limit] as number) + windowMs
  }
}
