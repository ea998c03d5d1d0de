/** Seconds of refill that a total holds, so that a burst after silence stays small. */
const heldSeconds = 10

/** Credit is counted in sixty-thousandths of a token, what a rate of one a minute earns in a millisecond: no rounding. */
const creditPerToken = 60_000

/** A token bucket whose rate may change under way. It refills as time is read; there is no timer. */
export class TokenBucket {
  #credit: number
  #capacity: number
  #perMinute: number
  #lastMs: number
  readonly #minimumCapacity: number

  constructor(perMinute: number, minimumCapacity: number, nowMs: number) {
    this.#minimumCapacity = minimumCapacity
    this.#perMinute = perMinute
    this.#capacity = this.#capacityFor(perMinute)
    this.#credit = this.#capacity * creditPerToken
    this.#lastMs = nowMs
  }

  /** Tokens there are, after refill. A clock that steps back earns nothing, and nothing is earned twice. */
  available(nowMs: number): number {
    if (nowMs > this.#lastMs) {
      this.#addCredit((nowMs - this.#lastMs) * this.#perMinute)
      this.#lastMs = nowMs
    }
    return this.#credit / creditPerToken
  }

  take(): void {
    this.#credit -= creditPerToken
  }

  giveBack(): void {
    this.#addCredit(creditPerToken)
  }

  /** A new rate applies from now on; what was saved up is kept as far as the new capacity holds it. */
  setRate(perMinute: number, nowMs: number): void {
    if (perMinute === this.#perMinute) return
    this.available(nowMs)
    this.#perMinute = perMinute
    this.#capacity = this.#capacityFor(perMinute)
    this.#addCredit(0)
  }

  get perMinute(): number {
    return this.#perMinute
  }

  get capacity(): number {
    return this.#capacity
  }

  #addCredit(credit: number): void {
    this.#credit = Math.min(this.#capacity * creditPerToken, this.#credit + credit)
  }

  #capacityFor(perMinute: number): number {
    return perMinute === 0 ? 0 : Math.max(this.#minimumCapacity, (perMinute * heldSeconds) / 60)
  }
}
