import type { ApiFault, ApiFaultOptions, ScheduledApiFault } from './api-fault.js'
import type { TicketKind } from './fallback-ticket.js'
import { seededRandom } from './seeded-random.js'

export interface FaultSchedule {
  readonly current: ScheduledApiFault | null
  set(fault: ApiFault | null, options: ApiFaultOptions): void
  /** The fault that hits this call, if any; counts the call. */
  pick(kind: TicketKind): ApiFault | null
}

function isAimedAt(kind: TicketKind, only: ApiFaultOptions['only']): boolean {
  if (only === undefined) return true
  return only === 'ordinary' ? kind === 'ordinary' : kind === 'fallback'
}

/** Decides which calls the scripted fault hits: all, the next N, a seeded share, one kind of ticket. */
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
