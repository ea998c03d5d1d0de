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
  readonly result: RunResult
}

/** The mean of as many seeds. */
export async function measure(setting: Setting, seeds: number): Promise<Measured> {
  const site = sites[setting.site]
  const { scenario, strategy } = setting
  const parts: { result: RunResult; weight: number }[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const result =
      strategy === 'captcha-guard'
        ? await simulateGuard(site, scenario, seed)
        : simulateNaive(strategy, site, scenario, seed)
    parts.push({ result, weight: 1 / seeds })
  }
  return { ...setting, result: combineResults(parts) }
}
