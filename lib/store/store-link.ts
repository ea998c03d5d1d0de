import type { Clock, Timer } from '../degradation/clock.js'
import type { SharedState, StoreSession } from './captcha-store.js'

/** Longest that a request waits for the store. */
const deadlineMs = 200
/** How often a process says that it lives, and how often a lost store is tried again. */
const heartbeatEveryMs = 5_000
const retryEveryMs = 1_000

export interface StoreLinkOptions {
  readonly session: StoreSession
  readonly clock: Clock
  /** What this process has learned, for the heartbeat. */
  readonly ownBaseline: () => number | undefined
  readonly onState: (state: SharedState) => void
  readonly onDown: (why: string) => void
  readonly onUp: () => void
}

export type StoreAnswer<T> = { readonly kind: 'answer'; readonly value: T } | { readonly kind: 'down' }

/**
 * The way to the shared store. It can neither hang a request, for each operation has a deadline and none is tried once the
 * store is known to be down, nor lift a limit, for then the local limits apply.
 */
export class StoreLink {
  readonly #options: StoreLinkOptions
  #state: 'unknown' | 'up' | 'down' = 'unknown'
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: StoreLinkOptions) {
    this.#options = options
    this.#beat()
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** Runs one operation, if the store is there. Never rejects. */
  async ask<T>(operation: (session: StoreSession) => Promise<T>): Promise<StoreAnswer<T>> {
    if (this.#state !== 'up') return { kind: 'down' }
    return this.#tryOnce(operation)
  }

  /** Runs one operation nobody waits for. */
  tell(operation: (session: StoreSession) => Promise<unknown>): void {
    void this.ask(operation)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  async #tryOnce<T>(operation: (session: StoreSession) => Promise<T>): Promise<StoreAnswer<T>> {
    const { session, clock } = this.#options
    return new Promise((resolve) => {
      const fail = (why: string) => {
        timer.cancel()
        this.#goDown(why)
        resolve({ kind: 'down' })
      }
      const timer = clock.after(deadlineMs, () => clock.afterPoll(() => fail(`no answer within ${deadlineMs} ms`)))
      runSafely(() => operation(session)).then(
        (value) => {
          timer.cancel()
          resolve({ kind: 'answer', value })
        },
        (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
      )
    })
  }

  #beat(): void {
    this.#timer = undefined
    const { ownBaseline, onState } = this.#options
    void this.#tryOnce((session) => session.heartbeat({ baselinePerMinute: ownBaseline() })).then((answer) => {
      if (this.#isClosed) return
      if (answer.kind === 'answer') {
        this.#goUp()
        onState(answer.value)
      }
      this.#timer = this.#options.clock.after(answer.kind === 'answer' ? heartbeatEveryMs : retryEveryMs, () =>
        this.#beat(),
      )
    })
  }

  /** Answers of an operation that was started before the store went down do not bring it up: only a heartbeat does. */
  #goUp(): void {
    if (this.#state === 'down') this.#options.onUp()
    this.#state = 'up'
  }

  #goDown(why: string): void {
    if (this.#isClosed || this.#state === 'down') return
    this.#state = 'down'
    this.#options.onDown(why)
    if (this.#timer !== undefined) {
      this.#timer.cancel()
      this.#timer = this.#options.clock.after(retryEveryMs, () => this.#beat())
    }
  }
}

/** A client that throws where it should reject is down, too. */
async function runSafely<T>(operation: () => Promise<T>): Promise<T> {
  return operation()
}
