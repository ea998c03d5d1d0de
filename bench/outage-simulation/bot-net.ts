import type { PurseName } from '../../lib/admission/question.js'
import type { DegradationConfig } from '../../lib/options/config.js'
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
 * What is refused for certain need not be run, for a refused attempt changes nothing in the guard (a property test says so)
 * and a Poisson stream has no memory: such requests are counted, and the stream is drawn anew after them. Passes have the
 * same distribution as if each request had been run. Two things make a refusal certain.
 *
 * An address without history that had its limit in the sliding window is refused whatever the totals hold.
 *
 * A total earns one token in `tokenMs`. If it holds at most one token at a time m (as it does when it refuses then), and lets
 * a bot in at a later g, it held at most 1 + (g − m) / tokenMs before and at most (g − m) / tokenMs after. So it holds less
 * than one until m + tokenMs, whatever others draw meanwhile, and at most one then: the next m.
 */
export class BotNet {
  readonly #options: BotNetOptions
  /** Times of passes, by purse and address. */
  readonly #passes: Readonly<Record<PurseName, number[][]>>
  /** A time at which each purse's total held at most one token, and what a token took it then. */
  readonly #atMostOne: Record<PurseName, { readonly atMs: number; readonly tokenMs: number } | undefined> = {
    outage: undefined,
    doubt: undefined,
  }
  readonly #emptyUntilMs: Record<PurseName, number> = { outage: 0, doubt: 0 }

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

  /** @param tokenMs How long what such a key can draw on takes to earn one token, at least. */
  notePass(address: number, purse: PurseName, nowMs: number, tokenMs: number): void {
    this.#passes[purse][address]?.push(nowMs)
    const before = this.#atMostOne[purse]
    if (before?.tokenMs !== tokenMs) {
      this.#atMostOne[purse] = undefined
      return
    }
    this.#emptyUntilMs[purse] = before.atMs + tokenMs
    this.#atMostOne[purse] = { atMs: before.atMs + tokenMs, tokenMs }
  }

  /** A bot that was not at its limit was refused: by the total. */
  noteRefused(purse: PurseName, nowMs: number, tokenMs: number): void {
    this.#atMostOne[purse] = { atMs: nowMs, tokenMs }
  }

  /** Until when the total is empty for certain, at most a short jump from now. */
  emptyUntilMs(purse: PurseName, nowMs: number): number {
    return Math.max(nowMs, Math.min(this.#emptyUntilMs[purse], nowMs + maxJumpMs))
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
