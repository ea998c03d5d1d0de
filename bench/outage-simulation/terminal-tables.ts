import type { Measured } from './measure.js'
import { sumOf } from './run-result.js'
import type { TargetReport } from './targets.js'

/** Every scenario under every strategy. */
export function printScenarios(rows: readonly Measured[]): void {
  printTable(
    [
      'site',
      'scenario',
      'strategy',
      'honest passed',
      'have history',
      'of these',
      'returning',
      'verified',
      'waited',
      '> 500 ms',
      'bots offer/min',
      'pass/min',
      'worst',
    ],
    rows.map(({ site, scenario, strategy, result, worstBotMinute }) => {
      const requests = sumOf(result.honestRequests)
      return [
        site,
        scenario.name,
        strategy,
        share(sumOf(result.honestPassed), requests),
        share(result.knownRequests, requests),
        share(result.knownPassed, result.knownRequests),
        share(result.returningPassed, result.returningRequests),
        share(result.verified, requests),
        share(result.honestWaited, requests),
        share(result.honestWaitedLong, requests),
        scenario.bots === undefined ? '' : (result.botRequests / scenario.minutes).toFixed(0),
        scenario.bots === undefined ? '' : (sumOf(result.botPassed) / scenario.minutes).toFixed(1),
        scenario.bots === undefined ? '' : worstBotMinute.passed.toFixed(0),
      ]
    }),
  )
}

export function printTargets(reports: readonly TargetReport[]): void {
  printTable(
    ['', 'target', 'site', 'scenario', 'measured', 'needed'],
    reports.map(({ isMet, target, site, scenario, measured, needed }) => [
      isMet ? 'PASS' : 'MISS',
      target,
      site,
      scenario,
      measured,
      needed,
    ]),
  )
}

function printTable(head: readonly string[], lines: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const text = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  console.log(text(head))
  console.log(widths.map((width) => '─'.repeat(width)).join('  '))
  for (const line of lines) console.log(text(line))
  console.log()
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`
}
