const clientShare = 16

/** Verifications under way, over all and by client key. */
export class InFlight {
  readonly #max: number
  readonly #maxPerClient: number
  readonly #byClient = new Map<string, number>()
  #total = 0

  constructor(max: number) {
    this.#max = max
    this.#maxPerClient = Math.max(1, Math.floor(max / clientShare))
  }

  /** A function that ends the verification, or `undefined` when there is no room. */
  enter(clientKey: string): (() => void) | undefined {
    const ofClient = this.#byClient.get(clientKey) ?? 0
    if (this.#total >= this.#max || ofClient >= this.#maxPerClient) return undefined
    this.#total++
    this.#byClient.set(clientKey, ofClient + 1)
    return () => this.#leave(clientKey)
  }

  get total(): number {
    return this.#total
  }

  #leave(clientKey: string): void {
    this.#total--
    const ofClient = (this.#byClient.get(clientKey) ?? 1) - 1
    if (ofClient === 0) this.#byClient.delete(clientKey)
    else this.#byClient.set(clientKey, ofClient)
  }
}
