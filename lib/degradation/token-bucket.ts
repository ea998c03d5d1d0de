/** Seconds of refill that a total holds, so that a burst after silence stays small. */
const heldSeconds = 10

/** A token bucket whose rate may change under way. It refills as time is read; there is no timer. */
export class TokenBucket {
  #tokens: number
  #capacity: number
  #perMinute: number
  #lastMs: number
  readonly #minimumCapacity: number

  constructor(perMinute: number, minimumCapacity: number, nowMs: number) {
    this.#minimumCapacity = minimumCapacity
    this.#perMinute = perMinute
    this.#capacity = this.#capacityFor(perMinute)
    this.#tokens = this.#capacity
    this.#lastMs = nowMs
  }

  /** Tokens there are, after refill. */
  available(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#lastMs)
    this.#lastMs = nowMs
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsedMs * this.#perMinute) / 60_000)
    return this.#tokens
  }

  take(): void {
    this.#tokens--
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + 1)
  }

  /** A new rate applies from now on; what was saved up is kept as far as the new capacity holds it. */
  setRate(perMinute: number, nowMs: number): void {
    if (perMinute === this.#perMinute) return
    this.available(nowMs)
    this.#perMinute = perMinute
    this.#capacity = this.#capacityFor(perMinute)
    this.#tokens = Math.min(this.#tokens, this.#capacity)
  }

  get perMinute(): number {
    return this.#perMinute
  }

  get capacity(): number {
    return this.#capacity
  }

  #capacityFor(perMinute: number): number {
    return perMinute === 0 ? 0 : Math.max(this.#minimumCapacity, (perMinute * heldSeconds) / 60)
  }
}
