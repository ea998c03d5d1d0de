import type { LogReport, OutageReport } from '../../lib/cli/outage-report/build-report.js'
import type { KnownFigures, KnownOutage } from './generated-log.js'

/** Compares a report with what the generator knows. Returns the differences, in words. */
export function differences(report: LogReport, known: KnownFigures): string[] {
  const found: string[] = []
  const expect = (what: string, actual: unknown, expected: unknown) => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (a !== b) found.push(`${what}: ${a} instead of ${b}`.slice(0, 300))
  }
  expect('lines', report.lines, known.lines)
  expect('brokenLines', report.brokenLines, known.broken)
  expect('captchaLines', report.captchaLines, known.captchaLines)
  expect('outages', report.outages.length, known.outages.length)
  expect('passes outside', report.outside[0]?.figures.passes, known.outside.passes)
  for (const [index, outage] of report.outages.entries()) {
    const truth = known.outages[index]
    if (truth) compareOutage(`outage ${index + 1}`, outage, truth, expect)
  }
  return found
}

function compareOutage(
  name: string,
  { fromMs, toMs, isEndLogged, processes, figures }: OutageReport,
  truth: KnownOutage,
  expect: (what: string, actual: unknown, expected: unknown) => void,
): void {
  const counts = (section: string) => byName(truth.bySections.get(section) ?? new Map())
  const sum = (section: string) => Object.values(counts(section)).reduce((total, value) => total + value, 0)
  expect(`${name} from`, fromMs, truth.fromMs)
  expect(`${name} to`, toMs, truth.toMs)
  expect(`${name} end`, [isEndLogged, processes], [true, 3])
  for (const section of ['passesByCause', 'passesByPurse', 'degradedRefusalsByReason', 'refusedByReason'] as const) {
    expect(`${name} ${section}`, byName(new Map(Object.entries(figures[section]))), counts(section))
  }
  expect(`${name} passes`, figures.passes, sum('passesByCause'))
  expect(`${name} refusals`, figures.degradedRefusals, sum('degradedRefusalsByReason') + truth.suppressed)
  const limits = new Map(
    figures.limits.map(({ purse, exhaustedBy, refusals }) => [`${purse}|${exhaustedBy}`, refusals]),
  )
  expect(`${name} limits`, byName(limits), counts('limits'))
  const { genuine = 0, refused = 0, inconclusive = 0 } = counts('late')
  expect(
    `${name} late`,
    [figures.late.genuine, figures.late.refused, figures.late.inconclusive],
    [genuine, refused, inconclusive],
  )
  expect(`${name} ordinary`, figures.bots?.ordinaryPasses, counts('ticket').ordinary)
  expect(`${name} share`, figures.bots?.share, refused / (refused + genuine))
  const clients = [...truth.clients].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 10)
  expect(
    `${name} clients`,
    figures.clients.top.map(({ client, passes }) => [client, passes]),
    clients,
  )
  compareWaits(name, figures.waits, truth, expect)
  const [slowest] = [...truth.waitsByMinute].sort(([, a], [, b]) => b - a)
  expect(`${name} slowest`, [figures.slowestMinute?.startMs, figures.slowestMinute?.waits.totalMs], slowest)
}

function compareWaits(
  name: string,
  waits: OutageReport['figures']['waits'],
  truth: KnownOutage,
  expect: (what: string, actual: unknown, expected: unknown) => void,
): void {
  const sorted = [...truth.waits].sort(([a], [b]) => a - b)
  const requests = sorted.reduce((sum, [, count]) => sum + count, 0)
  const above = (limitMs: number) => sorted.reduce((sum, [ms, count]) => (ms > limitMs ? sum + count : sum), 0)
  expect(
    `${name} waits`,
    [waits?.requests, waits?.over100Ms, waits?.over1000Ms, waits?.maxMs],
    [requests, above(100), above(1000), sorted.at(-1)?.[0]],
  )
  for (const [share, actual = -1] of [
    [0.5, waits?.p50Ms],
    [0.9, waits?.p90Ms],
    [0.99, waits?.p99Ms],
  ] as const) {
    let left = Math.ceil(share * requests)
    const exact = sorted.find(([, count]) => {
      left -= count
      return left <= 0
    })?.[0] as number
    expect(`${name} p${share * 100} of ${exact}, ${actual}`, actual >= exact && actual <= exact * 1.016, true)
  }
}

function byName(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
