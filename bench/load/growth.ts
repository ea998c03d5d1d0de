/** What a process holds after garbage collection, while nobody asks it anything. */
export interface Held {
  readonly megabytes: number
  /** What keeps its event loop alive. */
  readonly resources: number
  /** Open files and sockets. */
  readonly descriptors: number
  /** Tickets that passed unverified and wait for Tencent's verdict. */
  readonly lateTickets: number
}

/** Over as many requests as a soak sends in its second half, a leak of a small object a request is more. */
export const maxGrowthMegabytes = 1

const counted = ['resources', 'descriptors', 'lateTickets'] as const

/**
 * Names what grew. What is counted has to be as little after each round as before the first request. Memory has to stand still in the
 * second half: what the guard remembers for five minutes has its size by then.
 */
export function whatGrew(before: Held, afterRounds: readonly Held[]): string[] {
  const middle = afterRounds[Math.floor((afterRounds.length - 1) / 2)]?.megabytes ?? Number.NaN
  const last = afterRounds.at(-1)?.megabytes ?? Number.NaN
  const hasStoodStill = last - middle <= maxGrowthMegabytes
  const grown = new Set(afterRounds.flatMap((held) => countsGrown(before, held)))
  return hasStoodStill ? [...grown] : ['megabytes', ...grown]
}

/** Names what is counted and is more than it was. */
export function countsGrown(before: Held, after: Held): string[] {
  return counted.filter((key) => after[key] > before[key])
}
