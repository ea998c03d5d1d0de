import type { RunResult } from './run-result.js'

/** Adds up results, each times its weight: processes of a site, or seeds with a weight of one over their number. */
export function combineResults(parts: readonly { readonly result: RunResult; readonly weight: number }[]): RunResult {
  const sum = (pick: (result: RunResult) => number) =>
    parts.reduce((total, { result, weight }) => total + weight * pick(result), 0)
  const sumByMinute = (pick: (result: RunResult) => readonly number[]) => {
    const minutes = parts[0] === undefined ? 0 : pick(parts[0].result).length
    return Array.from({ length: minutes }, (_, minute) => sum((result) => pick(result)[minute] ?? 0))
  }
  return {
    normalPerMinute: sum((result) => result.normalPerMinute),
    honestRequests: sumByMinute((result) => result.honestRequests),
    honestPassed: sumByMinute((result) => result.honestPassed),
    honestWaited: sum((result) => result.honestWaited),
    honestWaitedLong: sum((result) => result.honestWaitedLong),
    slowestMs: Math.max(0, ...parts.map(({ result }) => result.slowestMs)),
    verified: sum((result) => result.verified),
    settledTickets: sum((result) => result.settledTickets),
    settledVerified: sum((result) => result.settledVerified),
    laterTickets: sum((result) => result.laterTickets),
    laterVerified: sum((result) => result.laterVerified),
    settledBots: sum((result) => result.settledBots),
    knownRequests: sum((result) => result.knownRequests),
    knownPassed: sum((result) => result.knownPassed),
    returningRequests: sum((result) => result.returningRequests),
    returningPassed: sum((result) => result.returningPassed),
    ticketRequests: sum((result) => result.ticketRequests),
    ticketPassed: sum((result) => result.ticketPassed),
    botRequests: sum((result) => result.botRequests),
    botPassed: sumByMinute((result) => result.botPassed),
  }
}
