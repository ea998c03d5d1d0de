import type { Clock, Timer } from '../../lib/clock.js'
import { seededRandom } from '../../lib/simulator/fault-schedule.js'

interface PendingEvent {
  readonly dueMs: number
  readonly order: number
  run: (() => void) | undefined
}

/** A clock that jumps from event to event: a binary heap by due time, and by order of setting within the same time. */
export class VirtualClock implements Clock {
  readonly #epochAtStartMs = Date.UTC(2026, 0, 1)
  readonly #heap: PendingEvent[] = []
  #nowMs = 0
  #order = 0

  nowMs(): number {
    return this.#nowMs
  }

  epochMs(): number {
    return this.#epochAtStartMs + this.#nowMs
  }

  /** Waits a millisecond at least, as Node's timers do: less may be lost in rounding, and the time would stand still. */
  after(delayMs: number, run: () => void): Timer {
    return this.#at(this.#nowMs + Math.max(1, delayMs), run)
  }

  /** No socket is ever late here: it runs next, at the same time. */
  afterPoll(run: () => void): void {
    this.#at(this.#nowMs, run)
  }

  #at(dueMs: number, run: () => void): Timer {
    const event: PendingEvent = { dueMs, order: this.#order++, run }
    this.#push(event)
    return {
      cancel: () => {
        event.run = undefined
      },
    }
  }

  readonly jitter = seededRandom(1)

  /** When the next event is due; infinite when there is none. */
  get nextDueMs(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY
  }

  /** Events that are still to run. */
  get pendingTimers(): number {
    return this.#heap.filter(({ run }) => run !== undefined).length
  }

  /** Moves to the next event and runs it. */
  runNext(): void {
    const event = this.#pop()
    if (event === undefined) return
    this.moveTo(event.dueMs)
    event.run?.()
  }

  /** Moves on without running anything; the caller has seen to what was due before. */
  moveTo(nowMs: number): void {
    if (nowMs > this.#nowMs) this.#nowMs = nowMs
  }

  #push(event: PendingEvent): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as PendingEvent
      if (!isBefore(event, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): PendingEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length > 0 && last !== undefined) this.#sink(last)
    return first
  }

  #sink(event: PendingEvent): void {
    const heap = this.#heap
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as PendingEvent)) child++
      const smaller = heap[child] as PendingEvent
      if (isBefore(event, smaller)) break
      heap[index] = smaller
      index = child
    }
    heap[index] = event
  }
}

function isBefore(a: PendingEvent, b: PendingEvent): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}
