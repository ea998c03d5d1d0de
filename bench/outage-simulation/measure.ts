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

/** So few requests come to a blog in ten minutes that one run of it says little: a seed is as many blogs. */
const sitesToASeed = { blog: 40, shop: 1, bank: 1 } as const

/** The mean of as many seeds. */
export async function measure(setting: Setting, seeds: number): Promise<Measured> {
  const site = sites[setting.site]
  const { scenario, strategy } = setting
  const runs = seeds * sitesToASeed[setting.site]
  const parts: { result: RunResult; weight: number }[] = []
  for (let run = 1; run <= runs; run++) {
    const result =
      strategy === 'captcha-guard'
        ? await simulateGuard(site, scenario, run)
        : simulateNaive(strategy, site, scenario, run)
    parts.push({ result, weight: 1 / runs })
  }
  return { ...setting, result: combineResults(parts) }
}
