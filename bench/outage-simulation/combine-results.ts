import type { RunResult } from './run-result.js'

/** A result, and how much of it is added. */
interface WeightedResult {
  readonly result: RunResult
  readonly weight: number
}

/** Adds up results, each times its weight: processes of a site, or seeds with a weight of one over their number. */
export function combineResults(parts: readonly WeightedResult[]): RunResult {
  const sum = (pick: (result: RunResult) => number) =>
    parts.reduce((total, { result, weight }) => total + weight * pick(result), 0)
  const combined = Object.entries<number | readonly number[]>({ ...parts[0]?.result }).map(([name, figures]) => {
    const pick = (result: RunResult) => result[name as keyof RunResult]
    if (typeof figures === 'number') return [name, sum((result) => pick(result) as number)]
    return [name, figures.map((_, minute) => sum((result) => (pick(result) as readonly number[])[minute] ?? 0))]
  })
  return { ...Object.fromEntries(combined), slowestMs: Math.max(...parts.map(({ result }) => result.slowestMs)) }
}
