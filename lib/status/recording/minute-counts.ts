import { columnIndex, columnKeys } from './columns.js'

/** Minutes that are kept. */
export const minutesKept = 60

/** The sum of some counts; 0 without any. */
export function sumOf(counts: readonly number[] = []): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Counts of each column in each of the last 60 minutes; 8 KiB, whatever happens. */
export class MinuteCounts {
  readonly #counts = new Uint32Array(minutesKept * columnKeys.length)
  /** The newest minute that is held, in minutes since 1970. */
  #minute: number

  /** @param minute minutes since 1970 */
  constructor(minute: number) {
    this.#minute = minute
  }

  /** Adds one. */
  add(key: string, minute: number): void {
    const column = columnIndex(key)
    if (column === undefined) return
    this.#roll(minute)
    const cell = this.#cell(this.#minute, column)
    this.#counts[cell] = (this.#counts[cell] ?? 0) + 1
  }

  /** Counts of each column that is not all zero, oldest minute first; the last one is `minute`. */
  read(minute: number): Record<string, number[]> {
    this.#roll(minute)
    const rows = columnKeys.map((key, column) => [key, this.#column(column)] as const)
    return Object.fromEntries(rows.filter(([, counts]) => counts.some((count) => count > 0)))
  }

  #column(column: number): number[] {
    return Array.from({ length: minutesKept }, (_, index) => {
      return this.#counts[this.#cell(this.#minute - minutesKept + 1 + index, column)] ?? 0
    })
  }

  /** Empties the minutes that have begun since. */
  #roll(minute: number): void {
    const first = Math.max(this.#minute + 1, minute - minutesKept + 1)
    for (let each = first; each <= minute; each++) {
      const start = this.#cell(each, 0)
      this.#counts.fill(0, start, start + columnKeys.length)
    }
    this.#minute = Math.max(this.#minute, minute)
  }

  #cell(minute: number, column: number): number {
    return (minute % minutesKept) * columnKeys.length + column
  }
}
