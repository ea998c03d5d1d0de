import type { Clock, Timer } from '../../lib/clock.js'

interface PendingTimer {
  readonly dueMs: number
  readonly order: number
  readonly run: () => void
}

/** A clock whose hands only a test turns. Timers run in order of their time; promises settle between them. */
export class ManualClock implements Clock {
  /** What {@link jitter} returns. */
  chance = 0
  #nowMs = 0
  #order = 0
  readonly #epochAtStartMs: number
  readonly #timers = new Set<PendingTimer>()

  constructor(epochAtStartMs = Date.UTC(2026, 0, 1)) {
    this.#epochAtStartMs = epochAtStartMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  epochMs(): number {
    return this.#epochAtStartMs + this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer: PendingTimer = { dueMs: this.#nowMs + delayMs, order: this.#order++, run }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  afterPoll(run: () => void): void {
    queueMicrotask(run)
  }

  jitter(): number {
    return this.chance
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Moves time on, running what falls due on the way. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    await settlePromises()
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
      this.#timers.delete(timer)
      timer.run()
      await settlePromises()
    }
    this.#nowMs = untilMs
    await settlePromises()
  }

  /** Blocks the event loop for a while: time goes on, and what fell due meanwhile runs late. */
  async block(ms: number): Promise<void> {
    this.#nowMs += ms
    await this.advance(0)
  }

  /** Moves time on for code that has neither timers nor promises. */
  skip(byMs: number): void {
    if (this.#timers.size > 0) throw new Error('a timer is pending')
    this.#nowMs += byMs
  }

  #next(untilMs: number): PendingTimer | undefined {
    return [...this.#timers]
      .filter(({ dueMs }) => dueMs <= untilMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
  }
}

/** Lets every promise that can settle without time passing do so. */
export async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}
