import { defaultTimeoutMs } from '../../lib/options/schema.js'
import type { Measured } from './measure.js'
import { type RunResult, sumOf } from './run-result.js'
import { simulatedConfig } from './simulated-config.js'
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
    /^api-hangs(\/(few-return|regulars))?$/,
    (row) => passed('full API outage: honest passed', row, row.site === 'blog' ? 99 : 99.5),
  ],
  [/^api-unavailable$/, (row) => passed('API answers 503: honest passed', row, 99.5)],
  [/^(api-hangs(\/(few-return|regulars))?|api-unavailable)$/, (row) => fullOutageWaits(row)],
  [/^api-hangs\/sign-ups$/, (row) => passed('full API outage, 5 % known: honest passed', row, 99)],
  [/^api-(errors|flaps)/, (row) => passed('errors and flapping: honest passed', row, 99)],
  [
    /^canary-healthy[^/]*$/,
    (row) => passed('canary healthy, tickets hang: honest passed', row, row.site === 'blog' ? 97 : 98.5),
  ],
  [/^canary-healthy[^/]*$/, (row) => disagreementWaits(row)],
  [
    /^metadata-service-down/,
    (row) => atLeast('metadata service down: verified of those with a ticket', verifiedShare(row), 100),
  ],
  [/^primary-host-down(\/bots)?$/, (row) => verifiedAfterMove(row)],
  [
    /^primary-host-down\/bots/,
    (row) => atMost('primary host down: bot passes from the third second on', row.result.settledBots, 0),
  ],
  [
    /^primary-host-down\/siblings?-refuses?(\/half-hour)?$/,
    (row) => passed('siblings that refuse all: honest passed', row, 99),
  ],
  [/^primary-host-down\/sibling-refuses(\/bots)?$/, (row) => verifiedAfterTrial(row)],
  [
    /^primary-host-down\/sibling-refuses\/half-hour/,
    (row) => atLeast('one sibling refuses all, half an hour: verified of those with a ticket', verifiedShare(row), 50),
  ],
  [/^first-burst/, (row) => passed('first burst: passed', row, 99)],
  [/^first-burst/, (row) => atMost('first burst: longest wait, ms', row.result.slowestMs, defaultTimeoutMs)],
  [/^flash-sale\/ten-minutes-before/, (row) => passed('10 × peak, then an outage: honest passed', row, 95)],
  [/^script-down-for-all/, (row) => fromSecondMinute(row)],
  [/^override-pass/, (row) => passed('override, script out of reach for a region: honest passed', row, 99)],
  [/^restart-in-outage\/store/, (row, rows) => asWithoutRestart(row, rows)],
  [/^restart-in-outage\/expected/, (row) => passed('restart, expectedPerMinute, no store: honest passed', row, 95)],
  [
    /^forged-tickets-healthy/,
    (row) =>
      atMost(
        'forged while healthy: bot passes, worst minute of the mean',
        worstMeanMinute(row),
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
  [/^forged-tickets-(in-outage|script-down)|^baseline-bought/, (row) => worstBots(row)],
  [
    /^forged-tickets-in-outage\/10000-addresses\/50x(\/(few-return|regulars|movers|movers\/known-as))?$/,
    (row) => historyPassed('attacked outage', row, 99),
  ],
  [
    /^forged-tickets-in-outage\/10000-addresses\/50x\/(25|100)-bought/,
    (row) => historyPassed('attacked outage, bought keys', row, 98),
  ],
  [
    /^forged-tickets-in-outage\/10000-addresses\/50x(\/(few-return|regulars))?$/,
    (row) => passed('attacked outage: honest passed', row, historyShare(row) - 2),
  ],
  [
    /^forged-tickets-in-outage\/10000-addresses\/50x\/(movers|bots-behind-nat)\/known-as/,
    (row) =>
      atLeast(
        'attacked outage, knownAs: returning users passed',
        percent(row.result.returningPassed, row.result.returningRequests),
        98,
      ),
  ],
  [/^forged-tickets-in-outage.*\/movers\/known-as$/, (row, rows) => botsAsWithoutKnownAs(row, rows)],
  [/^(throttled-by-flood|bots-try-to-open-circuit)/, (row) => historyPassed('flood', row, 99)],
  [
    /^(throttled-by-flood|bots-try-to-open-circuit)/,
    (row) => passed('flood: honest passed', row, historyShare(row) - 2),
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
  const share = percent(sumOf(honestPassed.slice(1)), sumOf(honestRequests.slice(1)))
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

/** All processes of the site together, the worst minute of all seeds. */
function worstBots({ site, worstBotMinute: { passed, normalPerMinute } }: Measured) {
  const allowed = Math.max(simulatedConfig({}).outage.total.floorPerMinute * sites[site].processes, 3 * normalPerMinute)
  return atMost('bot passes of the fleet, worst minute of all seeds', passed, allowed)
}

/** An identity enlarges no total. One in a hundred is chance: the same seeds draw other users. */
function botsAsWithoutKnownAs(row: Measured, rows: readonly Measured[]) {
  const name = row.scenario.name.replace('/known-as', '')
  const without = rows.find(({ site, scenario }) => site === row.site && scenario.name === name)
  const allowed = without === undefined ? 0 : 1.01 * sumOf(without.result.botPassed)
  return atMost('knownAs: bot passes as without', sumOf(row.result.botPassed), allowed)
}

function historyPassed(when: string, { result }: Measured, needed: number) {
  const share = percent(result.knownPassed, result.knownRequests)
  return atLeast(`${when}: honest with history passed`, share, needed)
}

/** A blog cannot know within a request or two; the others know soon. */
function disagreementWaits(row: Measured) {
  const { honestWaited, honestWaitedLong } = row.result
  return row.site === 'blog'
    ? atMost('canary healthy, tickets hang: waited over 500 ms, %', percent(honestWaitedLong, honestRequests(row)), 10)
    : atMost('canary healthy, tickets hang: waited over 100 ms, %', percent(honestWaited, honestRequests(row)), 5)
}

/** Fallback tickets of users who never have the script are no matter of keys. */
function verifiedShare({ result }: Measured): number {
  return percent(result.verified, result.ticketRequests)
}

/** Users who never have the script have no ticket that could be verified: of them nothing is promised. */
function verifiedAfterMove({ result }: Measured) {
  const share = percent(result.settledVerified, result.settledTickets)
  return atLeast('primary host down: verified of those with a ticket, from the third second on', share, 99)
}

function verifiedAfterTrial({ result }: Measured) {
  const share = percent(result.laterVerified, result.laterTickets)
  return atLeast('one sibling refuses all: verified of those with a ticket, from 30 s on', share, 95)
}

function historyShare(row: Measured): number {
  return percent(row.result.knownRequests, honestRequests(row))
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

function worstMeanMinute({ result }: Measured): number {
  return Math.max(...result.botPassed)
}

function honestRequests({ result }: Measured): number {
  return sumOf(result.honestRequests)
}

function passedShare({ honestPassed, honestRequests }: RunResult, minutes = honestPassed.length): number {
  return percent(sumOf(honestPassed.slice(0, minutes)), sumOf(honestRequests.slice(0, minutes)))
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : (100 * part) / whole
}
