import type { Measured } from './measure.js'

const columns = [
  'site',
  'scenario',
  'strategy',
  'minutes',
  'normal_per_minute',
  'honest_requests',
  'honest_passed',
  'honest_waited_over_100ms',
  'bot_requests',
  'bot_passed',
] as const

/** Means over the seeds, of all measured minutes together. */
export function resultsCsv(rows: readonly Measured[]): string {
  return `${[columns.join(','), ...rows.map(line)].join('\n')}\n`
}

function line({ site, scenario, strategy, result }: Measured): string {
  const figures = [
    result.normalPerMinute,
    total(result.honestRequests),
    total(result.honestPassed),
    result.honestWaited,
    result.botRequests,
    total(result.botPassed),
  ]
  return [site, scenario.name, strategy, scenario.minutes, ...figures.map(rounded)].join(',')
}

function rounded(figure: number): string {
  return String(Number(figure.toFixed(2)))
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
