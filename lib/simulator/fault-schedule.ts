import type { ApiFault, ApiFaultOptions, ScheduledApiFault } from './faults.js'
import type { TicketKind } from './ticket-book.js'

/** The fault of the whole API, and the calls that it hits. */
export interface FaultSchedule {
  readonly current: ScheduledApiFault | null
  set(fault: ApiFault | null, options: ApiFaultOptions): void
  /** Returns the fault that hits the next call with a ticket of this kind, and counts the call. */
  pick(kind: TicketKind): ApiFault | null
}

/** Returns a generator (mulberry32) of numbers in [0, 1); the same seed gives the same sequence. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function isAimedAt(kind: TicketKind, only: ApiFaultOptions['only']): boolean {
  if (only === undefined) return true
  return only === 'ordinary' ? kind === 'ordinary' : kind === 'fallback'
}

/** Makes an empty schedule; `defaultSeed` is the seed of shares without one. */
export function createFaultSchedule(defaultSeed: number): FaultSchedule {
  let current: ScheduledApiFault | null = null
  let random = seededRandom(defaultSeed)

  return {
    get current() {
      return current
    },
    set(fault, options) {
      current = fault === null ? null : { fault, options: { ...options } }
      random = seededRandom(options.seed ?? defaultSeed)
    },
    pick(kind) {
      if (current === null) return null
      const { fault, options } = current
      if (!isAimedAt(kind, options.only)) return null
      if (options.share !== undefined && random() >= options.share) return null
      if (options.next !== undefined) {
        current = options.next > 1 ? { fault, options: { ...options, next: options.next - 1 } } : null
      }
      return fault
    },
  }
}
