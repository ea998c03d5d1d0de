import { defaultFloorPerMinute } from './default-floor.js'
import type { Measured } from './measure.js'
import type { RunResult } from './run-result.js'
import { sites } from './sites.js'

/** One target at one site, and how far it was met. */
export interface TargetReport {
  readonly target: string
  readonly site: string
  readonly scenario: string
  readonly measured: string
  readonly needed: string
  readonly isMet: boolean
}

type Check = (row: Measured, rows: readonly Measured[]) => Omit<TargetReport, 'site' | 'scenario'>

/** The figures that this package promises, by scenario. */
const checks: ReadonlyArray<readonly [scenario: RegExp, check: Check]> = [
  [
    /^api-hangs(\/history-\d+)?$/,
    (row) => passed('full API outage: honest passed', row, row.site === 'blog' ? 99 : 99.5),
  ],
  [/^api-hangs(\/history-\d+)?$/, (row) => fullOutageWaits(row)],
  [/^api-(errors|flaps)/, (row) => passed('errors and flapping: honest passed', row, 99)],
  [/^canary-healthy/, (row) => passed('canary healthy, tickets hang: honest passed', row, 98)],
  [
    /^canary-healthy/,
    (row) => atMost('canary healthy, tickets hang: waited %', percent(row.result.honestWaited, honestRequests(row)), 5),
  ],
  [/^script-down-for-all/, (row) => fromSecondMinute(row)],
  [/^restart-in-outage\/store/, (row, rows) => asWithoutRestart(row, rows)],
  [/^restart-in-outage\/expected/, (row) => passed('restart, expectedPerMinute, no store: honest passed', row, 95)],
  [
    /^forged-tickets-healthy/,
    (row) =>
      atMost(
        'forged while healthy: bot passes, worst minute',
        worstMinute(row),
        Math.max(10, 0.05 * row.result.normalPerMinute),
      ),
  ],
  [
    /^forged-tickets-healthy/,
    (row) =>
      atLeast(
        'forged while healthy: honest with tickets passed',
        percent(row.result.ticketPassed, row.result.ticketRequests),
        99.9,
      ),
  ],
  [/^forged-tickets-in-outage\/10000-addresses\/50x/, (row) => botsInOutage(row)],
  [
    /^forged-tickets-in-outage\/10000-addresses\/50x/,
    (row) =>
      atLeast(
        'forged in outage: honest with history passed',
        percent(row.result.knownPassed, row.result.knownRequests),
        99,
      ),
  ],
  [
    /^forged-tickets-in-outage\/10000-addresses\/50x/,
    (row) => passed('forged in outage: honest passed', row, 100 * row.scenario.historyShare - 2),
  ],
]

/** Checks every target at every site where it was measured. */
export function checkTargets(rows: readonly Measured[]): readonly TargetReport[] {
  return checks.flatMap(([pattern, check]) =>
    rows
      .filter(({ scenario, strategy }) => strategy === 'captcha-guard' && pattern.test(scenario.name))
      .map((row) => ({ site: row.site, scenario: row.scenario.name, ...check(row, rows) })),
  )
}

function fullOutageWaits(row: Measured) {
  return atMost('full API outage: waited over 100 ms', row.result.honestWaited, 0.005 * honestRequests(row) + 1)
}

function fromSecondMinute(row: Measured) {
  const { honestPassed, honestRequests } = row.result
  const share = percent(sum(honestPassed.slice(1)), sum(honestRequests.slice(1)))
  return atLeast('script down: honest passed from the second minute on', share, 99)
}

/** New processes have to notice the outage once more; that may cost one request in a thousand of ten minutes. */
function asWithoutRestart(row: Measured, rows: readonly Measured[]) {
  const { minutes } = row.scenario
  const named = (name: string) => rows.find(({ site, scenario }) => site === row.site && scenario.name === name)
  const without = named('api-hangs/store') ?? named('api-hangs')
  const needed = without === undefined ? 100 : passedShare(without.result, minutes) - 0.1 * (10 / minutes)
  return passed('restart, store: honest passed as without', row, needed)
}

function botsInOutage(row: Measured) {
  const allowed = Math.max(defaultFloorPerMinute() * sites[row.site].processes, 3 * row.result.normalPerMinute)
  return atMost('forged in outage: bot passes, worst minute', worstMinute(row), allowed)
}

function passed(target: string, row: Measured, needed: number) {
  return atLeast(target, passedShare(row.result), needed)
}

function atLeast(target: string, measured: number, needed: number) {
  return { target, measured: `${measured.toFixed(2)} %`, needed: `≥ ${needed.toFixed(2)} %`, isMet: measured >= needed }
}

function atMost(target: string, measured: number, allowed: number) {
  return { target, measured: measured.toFixed(1), needed: `≤ ${allowed.toFixed(1)}`, isMet: measured <= allowed }
}

function worstMinute({ result }: Measured): number {
  return Math.max(...result.botPassed)
}

function honestRequests({ result }: Measured): number {
  return sum(result.honestRequests)
}

function passedShare({ honestPassed, honestRequests }: RunResult, minutes = honestPassed.length): number {
  return percent(sum(honestPassed.slice(0, minutes)), sum(honestRequests.slice(0, minutes)))
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : (100 * part) / whole
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
