import { KeyCounts } from '../structures/key-counts.js'

/** A key with history may stand for many users. */
const knownShare = 16
const strangerShare = 64
/** Less room than this is not shared between the two. */
const minShared = 4

/** Verifications under way, over all and by client key. */
export class InFlight {
  #max = 0
  readonly #byClient = new KeyCounts()
  #total = 0
  #strangers = 0

  constructor(max: number) {
    this.configure(max)
  }

  /** Takes a new maximum; verifications under way stay. */
  configure(max: number): void {
    this.#max = max
  }

  /** Whether more than half of the room is free. */
  get hasRoomToSpare(): boolean {
    return this.#total * 2 < this.#max
  }

  /**
   * Starts a verification. Returns the function that ends it, or `undefined` when there is no room: one client key has a
   * sixteenth of it with history and a sixty-fourth without, at least one. All keys without history together have half of it, so
   * that a flood of tickets that hang leaves the other half to users who come back.
   */
  enter(clientKey: string, isKnown: boolean): (() => void) | undefined {
    const maxOfClient = Math.max(1, Math.floor(this.#max / (isKnown ? knownShare : strangerShare)))
    if (this.#total >= this.#max || this.#byClient.count(clientKey) >= maxOfClient) return undefined
    if (!isKnown && this.#strangers >= this.#maxOfStrangers) return undefined
    this.#total++
    if (!isKnown) this.#strangers++
    this.#byClient.add(clientKey)
    return () => this.#leave(clientKey, isKnown)
  }

  get #maxOfStrangers(): number {
    return this.#max < minShared ? this.#max : Math.ceil(this.#max / 2)
  }

  /** Verifications under way. */
  get total(): number {
    return this.#total
  }

  #leave(clientKey: string, isKnown: boolean): void {
    this.#total--
    if (!isKnown) this.#strangers--
    this.#byClient.remove(clientKey)
  }
}
