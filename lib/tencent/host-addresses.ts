import type { LookupAddress } from 'node:dns'
import type { Clock, Timer } from '../clock.js'
import type { Found, LookupQueue } from './lookup-queue.js'

/** Addresses of one name, most trusted first. */
export type Addresses = readonly LookupAddress[]

/** An answer of the resolver serves this long; from half of it on, a call that needs it has it refreshed in the background. */
const answerServesMs = 60_000
const refreshAfterMs = answerServesMs / 2
/** A lookup that takes longer is not waited for where an address has answered before. */
const slowLookupMs = 100
/** While lookups fail, and for canaries, the name is looked up at most this often. */
const eagerRefreshMs = 1000
/** Addresses that are remembered for having answered. */
const maxProven = 4

/**
 * The addresses of Tencent's name. A caller who makes many connections necessary causes no lookups by it, and one who occupies
 * the thread pool stops none: an address that has answered serves without a lookup, since the certificate proves it.
 */
export class HostAddresses {
  readonly #host: string
  readonly #clock: Clock
  readonly #lookups: LookupQueue
  readonly #waiting = new Set<(found: Found) => void>()
  #answer: Addresses = []
  #answeredMs = Number.NEGATIVE_INFINITY
  #askedMs = Number.NEGATIVE_INFINITY
  #isAsking = false
  #hasFailed = false
  /** Those that answered with a `CaptchaCode`, the last one first. */
  #proven: Addresses = []
  #slowTimer: Timer | undefined

  constructor(host: string, clock: Clock, lookups: LookupQueue) {
    this.#host = host
    this.#clock = clock
    this.#lookups = lookups
  }

  /** The addresses to connect to now; `undefined` where the lookup under way has to be waited for. */
  get(): Addresses | undefined {
    const nowMs = this.#clock.nowMs()
    this.#refresh(refreshAfterMs, nowMs)
    if (this.#isFresh(nowMs)) return this.#answer
    const isWaitFutile = this.#hasFailed || nowMs - this.#askedMs >= slowLookupMs
    return isWaitFutile ? this.#provenOrNone() : undefined
  }

  /** As {@link get}, for a canary: it waits for no lookup where an address has answered before, and asks more often. */
  getForCanary(): Addresses | undefined {
    const nowMs = this.#clock.nowMs()
    this.#refresh(eagerRefreshMs, nowMs)
    return this.#isFresh(nowMs) ? this.#answer : this.#provenOrNone()
  }

  /** Waits for the lookup under way. Returns a function after which `done` is not called. */
  wait(done: (found: Found) => void): () => void {
    this.#waiting.add(done)
    if (this.#proven.length > 0 && this.#slowTimer === undefined) {
      const delayMs = Math.max(0, this.#askedMs + slowLookupMs - this.#clock.nowMs())
      this.#slowTimer = this.#clock.after(delayMs, () => this.#release(this.#fallback('EAI_AGAIN')))
    }
    return () => this.#waiting.delete(done)
  }

  /** Whether this address is the one that answered last. */
  isProven(address: string): boolean {
    return this.#proven[0]?.address === address
  }

  /** An answer with a `CaptchaCode` came from this address. */
  noteProven(proven: LookupAddress): void {
    const others = this.#proven.filter(({ address }) => address !== proven.address)
    this.#proven = [proven, ...others].slice(0, maxProven)
    this.#answer = this.#provenFirst(this.#answer)
  }

  close(): void {
    this.#waiting.clear()
    this.#slowTimer?.cancel()
  }

  #refresh(afterMs: number, nowMs: number): void {
    if (this.#isAsking || nowMs - this.#answeredMs < afterMs) return
    if (this.#proven.length > 0 && nowMs - this.#askedMs < eagerRefreshMs) return
    this.#isAsking = true
    this.#askedMs = nowMs
    this.#lookups.ask(this.#host, (found) => this.#take(found))
  }

  #take(found: Found): void {
    this.#isAsking = false
    this.#hasFailed = found.kind === 'failed'
    if (found.kind === 'failed') return this.#release(this.#fallback(found.code))
    this.#answer = this.#provenFirst(found.addresses)
    this.#answeredMs = this.#clock.nowMs()
    this.#release({ kind: 'addresses', addresses: this.#answer })
  }

  #release(found: Found): void {
    this.#slowTimer?.cancel()
    this.#slowTimer = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const done of waiting) done(found)
  }

  #fallback(code: string): Found {
    const addresses = this.#provenOrNone()
    return addresses === undefined ? { kind: 'failed', code } : { kind: 'addresses', addresses }
  }

  #provenOrNone(): Addresses | undefined {
    return this.#proven.length > 0 ? this.#proven : undefined
  }

  #provenFirst(addresses: Addresses): Addresses {
    const rank = ({ address }: LookupAddress) => {
      const index = this.#proven.findIndex((proven) => proven.address === address)
      return index < 0 ? maxProven : index
    }
    return [...addresses].sort((a, b) => rank(a) - rank(b))
  }

  #isFresh(nowMs: number): boolean {
    return nowMs - this.#answeredMs < answerServesMs
  }
}
