const clientShare = 16

/** Verifications under way, over all and by client key. */
export class InFlight {
  #max = 0
  #maxPerClient = 0
  readonly #byClient = new Map<string, number>()
  #total = 0

  constructor(max: number) {
    this.configure(max)
  }

  /** Takes a new maximum; verifications under way stay. One client key has a sixteenth of it, at least one. */
  configure(max: number): void {
    this.#max = max
    this.#maxPerClient = Math.max(1, Math.floor(max / clientShare))
  }

  /** Whether more than half of the room is free. */
  get hasRoomToSpare(): boolean {
    return this.#total * 2 < this.#max
  }

  /** Starts a verification. Returns the function that ends it, or `undefined` when there is no room. */
  enter(clientKey: string): (() => void) | undefined {
    const ofClient = this.#byClient.get(clientKey) ?? 0
    if (this.#total >= this.#max || ofClient >= this.#maxPerClient) return undefined
    this.#total++
    this.#byClient.set(clientKey, ofClient + 1)
    return () => this.#leave(clientKey)
  }

  /** Verifications under way. */
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
