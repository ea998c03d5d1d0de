import type { RandomDraws } from './random-draws.js'
import type { BoughtKeys } from './scenario.js'

/** An outage is known about 2.5 s after it began. */
const spendFromMs = 3_000
const spendUntilMs = 8_000
/** The limit of a key. */
const perKey = 20

/** When such a group asks, in requests a minute, by the time since the fault began. */
interface Pace {
  readonly perMinute: number
  readonly fromMs: number
  readonly untilMs: number
}

/** Bots at addresses with history: bought ones, or carriers' that they share with users. Each of their requests is run. */
export class BotCrew {
  readonly keys: readonly string[]
  readonly #pace: Pace
  readonly #startMs: number
  readonly #draws: RandomDraws

  private constructor(keys: readonly string[], pace: Pace, startMs: number, draws: RandomDraws) {
    this.keys = keys
    this.#pace = pace
    this.#startMs = startMs
    this.#draws = draws
  }

  static ofBoughtKeys({ spent }: BoughtKeys, count: number, startMs: number, draws: RandomDraws): BotCrew {
    const keys = Array.from({ length: count }, (_, index) => `bought ${index}`)
    const perMinute = perKey * count
    const pace =
      spent === 'all-along'
        ? { perMinute, fromMs: 0, untilMs: Number.POSITIVE_INFINITY }
        : {
            perMinute: (perMinute * 60_000) / (spendUntilMs - spendFromMs),
            fromMs: spendFromMs,
            untilMs: spendUntilMs,
          }
    return new BotCrew(keys, pace, startMs, draws)
  }

  static behindCarriers(carriers: readonly string[], perMinuteEach: number, startMs: number, draws: RandomDraws) {
    const perMinute = perMinuteEach * carriers.length
    return new BotCrew(carriers, { perMinute, fromMs: 0, untilMs: Number.POSITIVE_INFINITY }, startMs, draws)
  }

  nextMs(nowMs: number): number {
    const { perMinute, fromMs, untilMs } = this.#pace
    const atMs = Math.max(nowMs, this.#startMs + fromMs) + this.#draws.gapMs(perMinute)
    return atMs < this.#startMs + untilMs ? atMs : Number.POSITIVE_INFINITY
  }

  anyKey(): string {
    return this.keys[this.#draws.below(this.keys.length)] as string
  }
}
