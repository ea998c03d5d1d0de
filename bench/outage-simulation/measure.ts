import { combineResults } from './combine-results.js'
import type { RunResult } from './run-result.js'
import type { Scenario } from './scenario.js'
import { simulateGuard } from './simulate-guard.js'
import { simulateNaive } from './simulate-naive.js'
import { type Site, sites } from './sites.js'
import type { Strategy } from './strategies.js'

/** One line of the results: a scenario at a site under a strategy. */
export interface Setting {
  readonly site: Site['name']
  readonly scenario: Scenario
  readonly strategy: Strategy
}

export interface Measured extends Setting {
  /** Runs that it is the mean of. */
  readonly runs: number
  /** Their mean. */
  readonly result: RunResult
  /** The minute of any seed in which bots were nearest to, or furthest over, what they may have. */
  readonly worstBotMinute: BotMinute
}

/** The bots of a minute, over all processes of the site. */
export interface BotMinute {
  readonly passed: number
  readonly normalPerMinute: number
}

/**
 * Of 20 seeds 40 for the blog, of 20 blogs each: so few requests come to one in ten minutes. A quarter of them for the bank, where
 * one of eight processes meets 7 500 requests a minute.
 */
const runsToASeed = { blog: 40, shop: 1, bank: 0.25 } as const

/** As many seeds. */
export async function measure(setting: Setting, seeds: number): Promise<Measured> {
  const site = sites[setting.site]
  const { scenario, strategy } = setting
  const runs = Math.max(1, Math.round(seeds * runsToASeed[setting.site]))
  const parts: { result: RunResult; weight: number }[] = []
  for (let run = 1; run <= runs; run++) {
    const result =
      strategy === 'captcha-guard'
        ? await simulateGuard(site, scenario, run)
        : simulateNaive(strategy, site, scenario, run)
    parts.push({ result, weight: 1 / runs })
  }
  return { ...setting, runs, result: combineResults(parts), worstBotMinute: worstOf(parts.map(({ result }) => result)) }
}

function worstOf(results: readonly RunResult[]): BotMinute {
  const worst = (result: RunResult) => ({
    passed: Math.max(0, ...result.botPassed),
    normalPerMinute: result.normalPerMinute,
  })
  return results.map(worst).reduce((a, b) => (b.passed * a.normalPerMinute > a.passed * b.normalPerMinute ? b : a))
}
