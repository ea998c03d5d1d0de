import type { Clock, Timer } from '../clock.js'
import type { StoreSession, StoreState } from './captcha-store.js'
import { heartbeatEveryMs } from './store-lifetimes.js'

/** Longest that a request waits for the store. */
const deadlineMs = 200
/** How often a lost store is tried again: longer each time that it is lost right after it was back. */
const retryEveryMs = 1_000
const maxRetryEveryMs = 30_000
const steadyMs = 10_000
/**
 * An unanswered heartbeat is waited for before the next one: clients queue what they cannot send, and all of it would reach
 * the store at once when it is back. After this long the answer is taken for lost.
 */
const lostAfterMs = 30_000
const maxReasonLength = 200

export interface StoreLinkOptions {
  readonly session: StoreSession
  readonly clock: Clock
  /** What this process has learned, for the heartbeat. */
  readonly ownBaseline: () => number | undefined
  readonly onState: (state: StoreState) => void
  readonly onDown: (why: string) => void
  readonly onUp: () => void
}

export type StoreAnswer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** The store is away. `late` is what it answers after all; `undefined` when it never ran. Never rejects. */
  | { readonly kind: 'down'; readonly late: Promise<T | undefined> }

type Operation<T> = (session: StoreSession) => Promise<T>

/**
 * The way to the shared store. It can neither hang a request, for each operation has a deadline and none is tried once the
 * store is known to be down, nor lift a limit, for then the local limits apply.
 *
 * An operation that was given up may still run, whenever the client gets it through: the caller decides by `late` what
 * is to be undone. Such an answer never brings the store up: only a heartbeat in time does.
 */
export class StoreLink {
  readonly #options: StoreLinkOptions
  /** Operations that a caller waits for; they end when the store is lost. */
  readonly #waiting = new Set<() => void>()
  #state: 'unknown' | 'up' | 'down' = 'unknown'
  #timer: Timer | undefined
  #isClosed = false
  #retryMs = retryEveryMs
  #upSinceMs = Number.NEGATIVE_INFINITY
  readonly #firstBeat: Promise<unknown>

  constructor(options: StoreLinkOptions) {
    this.#options = options
    // An application that makes the guard first and connects its client next is not warned.
    this.#firstBeat = new Promise((resolve) => options.clock.afterPoll(() => resolve(this.#beat())))
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** Whether there is no point in asking. While the first answer is awaited there is one: a restart lifts no limit. */
  get isDown(): boolean {
    return this.#state === 'down'
  }

  /** Runs one operation, if the store is there; settles within 200 ms. Never rejects. */
  async ask<T>(operation: Operation<T>): Promise<StoreAnswer<T>> {
    const { clock } = this.#options
    const dueMs = clock.nowMs() + deadlineMs
    if (this.#state === 'unknown') await this.#firstBeat
    if (this.#state !== 'up') return { kind: 'down', late: Promise.resolve(undefined) }
    return this.#attempt(operation, dueMs - clock.nowMs()).answer
  }

  /** Runs one operation without waiting for it. */
  tell(operation: Operation<unknown>): void {
    void this.ask(operation)
  }

  /** Undoes what was asked for in vain and came to pass late. The store has just answered, whatever its state is here. */
  undo(operation: Operation<unknown>): void {
    if (!this.#isClosed) void this.#attempt(operation, deadlineMs)
  }

  close(): void {
    this.#isClosed = true
    this.#state = 'down'
    this.#timer?.cancel()
    this.#letGo()
  }

  #attempt<T>(operation: Operation<T>, withinMs: number): Attempt<T> {
    const { session, clock } = this.#options
    const settled = runSafely(() => operation(session))
    const late = settled.then(
      (value) => value,
      () => undefined,
    )
    const answer = new Promise<StoreAnswer<T>>((resolve) => {
      const end = (result: StoreAnswer<T>) => {
        timer.cancel()
        this.#waiting.delete(letGo)
        resolve(result)
      }
      const letGo = () => end({ kind: 'down', late })
      const fail = (why: string) => {
        letGo()
        this.#goDown(why)
      }
      const timer = clock.after(withinMs, () =>
        clock.afterPoll(() => {
          if (this.#waiting.has(letGo)) fail(`no answer within ${deadlineMs} ms`)
        }),
      )
      this.#waiting.add(letGo)
      settled.then(
        (value) => end({ kind: 'answer', value }),
        (error: unknown) => {
          if (this.#waiting.has(letGo)) fail(reasonOf(error))
        },
      )
    })
    return { answer, late }
  }

  async #beat(): Promise<void> {
    if (this.#isClosed) return
    const { clock, ownBaseline, onState } = this.#options
    this.#timer = undefined
    const startedMs = clock.nowMs()
    const baselinePerMinute = ownBaseline()
    const { answer, late } = this.#attempt((session) => session.heartbeat({ baselinePerMinute }), deadlineMs)
    const beat = await answer
    if (this.#isClosed) return
    if (beat.kind === 'answer') {
      this.#goUp()
      onState(beat.value)
      return this.#beatAfter(heartbeatEveryMs)
    }
    this.#beatAfter(lostAfterMs)
    void late.then(() => {
      const sinceMs = clock.nowMs() - startedMs
      if (sinceMs < lostAfterMs && this.#timer !== undefined) this.#beatAfter(Math.max(0, this.#retryMs - sinceMs))
    })
  }

  #beatAfter(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#isClosed ? undefined : this.#options.clock.after(delayMs, () => void this.#beat())
  }

  #goUp(): void {
    if (this.#state === 'up') return
    const wasDown = this.#state === 'down'
    this.#state = 'up'
    this.#upSinceMs = this.#options.clock.nowMs()
    if (wasDown) this.#options.onUp()
  }

  #goDown(why: string): void {
    if (this.#isClosed || this.#state === 'down') return
    const wasSteady = this.#state === 'unknown' || this.#options.clock.nowMs() - this.#upSinceMs >= steadyMs
    this.#retryMs = wasSteady ? retryEveryMs : Math.min(this.#retryMs * 2, maxRetryEveryMs)
    this.#state = 'down'
    this.#letGo()
    this.#options.onDown(why)
    if (this.#timer !== undefined) this.#beatAfter(this.#retryMs)
  }

  #letGo(): void {
    for (const letGo of [...this.#waiting]) letGo()
  }
}

interface Attempt<T> {
  readonly answer: Promise<StoreAnswer<T>>
  readonly late: Promise<T | undefined>
}

/** A client that throws where it should reject is down, too. */
async function runSafely<T>(operation: () => Promise<T>): Promise<T> {
  return operation()
}

function reasonOf(error: unknown): string {
  const message: unknown = typeof error === 'object' && error !== null && Reflect.get(error, 'message')
  return String(message || error).slice(0, maxReasonLength)
}
