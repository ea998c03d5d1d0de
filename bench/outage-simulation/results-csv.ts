import type { Measured } from './measure.js'
import { sumOf } from './run-result.js'

const columns = [
  'site',
  'scenario',
  'strategy',
  'minutes',
  'runs',
  'normal_per_minute',
  'honest_requests',
  'honest_passed',
  'honest_verified',
  'honest_waited_over_100ms',
  'honest_waited_over_500ms',
  'known_requests',
  'known_passed',
  'returning_requests',
  'returning_passed',
  'bot_requests',
  'bot_passed',
  'bot_passed_worst_minute',
] as const

/** Means over the seeds, of all measured minutes together; the last column is the worst minute of all seeds. */
export function resultsCsv(rows: readonly Measured[]): string {
  return `${[columns.join(','), ...rows.map(line)].join('\n')}\n`
}

function line({ site, scenario, strategy, runs, result, worstBotMinute }: Measured): string {
  const figures = [
    result.normalPerMinute,
    sumOf(result.honestRequests),
    sumOf(result.honestPassed),
    result.verified,
    result.honestWaited,
    result.honestWaitedLong,
    result.knownRequests,
    result.knownPassed,
    result.returningRequests,
    result.returningPassed,
    result.botRequests,
    sumOf(result.botPassed),
    worstBotMinute.passed,
  ]
  return [site, scenario.name, strategy, scenario.minutes, runs, ...figures.map(rounded)].join(',')
}

function rounded(figure: number): string {
  return String(Number(figure.toFixed(2)))
}
