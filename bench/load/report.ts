/** The figure that this share of the figures does not exceed. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

/** Prints whether a figure is within its limit; NaN is not. */
export function target(name: string, figure: number, limit: number): boolean {
  const isMet = figure <= limit
  console.log(`${isMet ? 'PASS' : 'MISS'}: ${name}: ${round(figure)} (at most ${limit})`)
  return isMet
}

/** With two decimals. */
export function round(figure: number): number {
  return Number(figure.toFixed(2))
}
