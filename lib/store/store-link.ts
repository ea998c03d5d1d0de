import type { Clock, Timer } from '../clock.js'
import type { StoreLearned, StoreSession, StoreState } from './captcha-store.js'
import { heartbeatAfterMs } from './heartbeat-interval.js'

/** Longest that a request waits for the store. */
const deadlineMs = 200
/** How often a lost store is tried again; twice as long each time that it is lost within `steadyMs` after it was back. */
const retryEveryMs = 1_000
const maxRetryEveryMs = 30_000
const steadyMs = 10_000
/**
 * After this long an unanswered heartbeat counts as lost. Until then no other one is sent: clients queue what they cannot send,
 * and the whole queue would reach the store at once when it is back.
 */
const lostAfterMs = 30_000
const maxReasonLength = 200

/** What a link to a store is made of. */
export interface StoreLinkOptions {
  readonly session: StoreSession
  readonly clock: Clock
  /** What this process has learned, for the heartbeat. */
  readonly learned: () => StoreLearned
  readonly onState: (state: StoreState) => void
  readonly onDown: (why: string) => void
  readonly onUp: () => void
}

/** The answer of a store, or why there is none in time. */
export type StoreAnswer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** The store is down. `late` resolves to its answer if that arrives later, else to `undefined`; it never rejects. */
  | { readonly kind: 'down'; readonly late: Promise<T | undefined> }

type Operation<T> = (session: StoreSession) => Promise<T>

/**
 * Runs operations on the shared store under a deadline. It cannot hang a request: no operation waits over 200 ms, and none is
 * tried while the store is known to be down. It cannot lift a limit: the limits of the process apply then.
 *
 * An operation that was given up may still run when the client sends it later. The caller decides by `late` what must be
 * undone. Such an answer never marks the store as up; only a heartbeat that is answered in time does.
 */
export class StoreLink {
  readonly #options: StoreLinkOptions
  /** Ends the wait of each operation under way, for when the store is lost. */
  readonly #waiting = new Set<() => void>()
  #state: 'unknown' | 'up' | 'down' = 'unknown'
  #timer: Timer | undefined
  #isClosed = false
  #retryMs = retryEveryMs
  #upSinceMs = Number.NEGATIVE_INFINITY
  readonly #firstBeat: Promise<unknown>

  constructor(options: StoreLinkOptions) {
    this.#options = options
    // Later than construction: an application may make the guard first and connect its client next.
    this.#firstBeat = new Promise((resolve) => options.clock.afterPoll(() => resolve(this.#beat())))
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** True when asking is useless. False while the first answer is awaited, so that a restart lifts no limit. */
  get isDown(): boolean {
    return this.#state === 'down'
  }

  /** Runs one operation unless the store is down; settles within 200 ms. Never rejects. */
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

  /**
   * Runs one operation that no decision needs, if the store is up; settles within 200 ms, to `undefined` where it failed. A failure
   * marks nothing as down: many statuses on a slow line must not cost the site its shared limits.
   */
  async askAside<T>(operation: Operation<T>): Promise<T | undefined> {
    if (this.#state !== 'up') return undefined
    const answer = await this.#attempt(operation, deadlineMs, () => {}).answer
    return answer.kind === 'answer' ? answer.value : undefined
  }

  /** Undoes an operation that was given up and ran late. It runs in any state, for the store has just answered. */
  undo(operation: Operation<unknown>): void {
    if (!this.#isClosed) void this.#attempt(operation, deadlineMs)
  }

  close(): void {
    this.#isClosed = true
    this.#state = 'down'
    this.#timer?.cancel()
    this.#letGo()
  }

  #attempt<T>(
    operation: Operation<T>,
    withinMs: number,
    onFailure: (why: string) => void = (why) => this.#goDown(why),
  ): Attempt<T> {
    const { session, clock } = this.#options
    const settled = runSafely(() => operation(session))
    const late = settled.then(
      (value) => value,
      () => undefined,
    )
    const answer = new Promise<StoreAnswer<T>>((resolve) => {
      let timer: Timer | undefined
      const end = (result: StoreAnswer<T>) => {
        timer?.cancel()
        this.#waiting.delete(letGo)
        resolve(result)
      }
      const letGo = () => end({ kind: 'down', late })
      const fail = (why: string) => {
        letGo()
        onFailure(why)
      }
      this.#waiting.add(letGo)
      const giveUp = () => {
        if (this.#waiting.has(letGo)) fail(`no answer within ${deadlineMs} ms`)
      }
      // A client may write as late as in the next turn of the event loop: until then a caller who keeps the loop busy would take the
      // store down, and with it the limits that the processes share.
      clock.afterPoll(() => {
        if (this.#waiting.has(letGo)) timer = clock.after(withinMs, () => clock.afterPoll(giveUp))
      })
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
    const { clock, learned } = this.#options
    this.#timer = undefined
    const startedMs = clock.nowMs()
    const own = learned()
    const { answer, late } = this.#attempt((session) => session.heartbeat(own), deadlineMs)
    const beat = await answer
    if (this.#isClosed) return
    this.#beatAfter(lostAfterMs)
    if (beat.kind === 'answer') return this.#take(beat.value)
    void late.then(() => {
      const sinceMs = clock.nowMs() - startedMs
      if (sinceMs < lostAfterMs && this.#timer !== undefined) this.#beatAfter(Math.max(0, this.#retryMs - sinceMs))
    })
  }

  /** A store of the application's own may answer anything: what cannot be read is no answer. */
  #take(state: StoreState): void {
    try {
      this.#goUp()
      this.#options.onState(state)
      this.#beatAfter(heartbeatAfterMs(state.processes, this.#options.clock.jitter()))
    } catch (error) {
      this.#goDown(reasonOf(error))
    }
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

/** Turns what a client throws into a rejection. */
async function runSafely<T>(operation: () => Promise<T>): Promise<T> {
  return operation()
}

/** A store may reject with anything: also with what has no text, which would end the process here. */
function reasonOf(error: unknown): string {
  try {
    const message: unknown = typeof error === 'object' && error !== null && Reflect.get(error, 'message')
    return String(message || error).slice(0, maxReasonLength)
  } catch {
    return 'it failed with something that has no text'
  }
}
