/** Latencies remembered. */
const remembered = 200
/** Answers between two looks at them; so many also have to come before anything is usual. */
const relearnAfter = 20
const percentile = 0.99

/**
 * How long answers usually take: the 99th percentile of the last 200, read again after every 20. Bounded memory, and no
 * sorting on the way of a request but of one in 20.
 */
export class UsualLatency {
  readonly #latenciesMs = new Float64Array(remembered)
  #noted = 0
  #isStale = false
  #p99Ms: number | undefined

  /** @param tookMs how long an answer took that no caller can hurry: one with code 1 */
  note(tookMs: number): void {
    this.#latenciesMs[this.#noted % remembered] = tookMs
    this.#noted++
    if (this.#noted % relearnAfter === 0) this.#isStale = true
  }

  /** In milliseconds; `undefined` before 20 answers. */
  get p99Ms(): number | undefined {
    if (this.#isStale) this.#p99Ms = this.#read()
    this.#isStale = false
    return this.#p99Ms
  }

  /** Nothing is usual until 20 more answers: calls go to another place. */
  forget(): void {
    this.#noted = 0
    this.#isStale = false
    this.#p99Ms = undefined
  }

  #read(): number | undefined {
    const sorted = this.#latenciesMs.slice(0, this.#noted).sort()
    return sorted[Math.ceil(percentile * sorted.length) - 1]
  }
}
