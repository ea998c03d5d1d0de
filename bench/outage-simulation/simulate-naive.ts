import { classifyReply } from '../../lib/tencent/classify-reply.js'
import { RandomDraws } from './random-draws.js'
import type { RunResult } from './run-result.js'
import type { Bots, Scenario } from './scenario.js'
import { naturalFallbackShare, type Site } from './sites.js'
import type { Strategy } from './strategies.js'
import { Tally } from './tally.js'
import { type AskedTicket, TencentModel } from './tencent-model.js'

export type NaiveStrategy = Exclude<Strategy, 'captcha-guard'>

interface Policy {
  readonly timeoutMs: number
  readonly passesOnException: boolean
  readonly acceptsFallback: boolean
}

const policies: Readonly<Record<NaiveStrategy, Policy>> = {
  // 60 s is the SDK's own time-out, which these two never thought about.
  'pass-on-exception': { timeoutMs: 60_000, passesOnException: true, acceptsFallback: false },
  'fail-closed': { timeoutMs: 60_000, passesOnException: false, acceptsFallback: false },
  'accept-fallback-tickets': { timeoutMs: 60_000, passesOnException: false, acceptsFallback: true },
  'accept-when-unable-20s': { timeoutMs: 20_000, passesOnException: true, acceptsFallback: false },
}

/** Requests that are drawn; a larger site's are a sample of this size. */
const sampleSize = 4000

/**
 * The strategies that remember nothing: each request is decided on its own. So a sample, weighted, has the same mean as all
 * of them, and Tencent's throttling is a share of calls.
 */
export function simulateNaive(strategy: NaiveStrategy, site: Site, scenario: Scenario, seed: number): RunResult {
  const draws = new RandomDraws(seed)
  const policy = policies[strategy]
  const tencent = new TencentModel(scenario.fault, Number.POSITIVE_INFINITY, draws.uniform)
  const measuredMs = scenario.minutes * 60_000
  const honestMean = site.normalPerMinute * scenario.minutes
  const botMean = honestMean * (scenario.bots?.rateFactor ?? 0)
  const throttledShare = shareThrottled(site, scenario)
  const tally = new Tally(0, scenario.minutes)

  const decide = (ticket: AskedTicket | 'fallback', atMs: number) => {
    if (ticket === 'fallback' && policy.acceptsFallback) return { passed: true, verified: false, tookMs: 0 }
    if (draws.chance(throttledShare)) return { passed: policy.passesOnException, verified: false, tookMs: 10 }
    const { reply, afterMs } = tencent.ask(ticket === 'fallback' ? 'canary' : ticket, atMs)
    if (reply === undefined || afterMs >= policy.timeoutMs) {
      return { passed: policy.passesOnException, verified: false, tookMs: policy.timeoutMs }
    }
    const outcome = classifyReply(reply, 'web')
    const verified = outcome.kind === 'verified'
    return {
      passed: outcome.kind === 'degraded' ? policy.passesOnException : verified,
      verified,
      tookMs: afterMs,
    }
  }

  const honest = sampleOf(draws.arrivals(honestMean))
  for (let index = 0; index < honest.drawn; index++) {
    const atMs = draws.uniform() * measuredMs
    const hasScript = !draws.chance(naturalFallbackShare + scenario.withoutScript)
    const kind = { isKnown: false, isReturning: false, hasScript }
    tally.honest(kind, atMs, decide(hasScript ? 'genuine' : 'fallback', atMs))
  }
  const bots = sampleOf(botMean === 0 ? 0 : draws.arrivals(botMean))
  const ticket = botTicket(policy, scenario.bots)
  for (let index = 0; index < bots.drawn; index++) {
    const atMs = draws.uniform() * measuredMs
    tally.botsAsked(1)
    if (decide(ticket, atMs).passed) tally.botPassed(atMs)
  }
  return weighted(tally.result(site.normalPerMinute), honest.weight, bots.weight)
}

function sampleOf(count: number): { readonly drawn: number; readonly weight: number } {
  const drawn = Math.min(count, sampleSize)
  return { drawn, weight: drawn === 0 ? 0 : count / drawn }
}

/** Bots know the strategy, too: where a made-up fallback ticket is taken, they bring one. */
function botTicket({ acceptsFallback }: Policy, bots: Bots | undefined): AskedTicket | 'fallback' {
  return acceptsFallback ? 'fallback' : (bots?.ticket ?? 'junk')
}

function shareThrottled({ normalPerMinute }: Site, { quotaFactor, bots }: Scenario): number {
  if (quotaFactor === undefined) return 0
  const asked = normalPerMinute * (1 + (bots?.rateFactor ?? 0))
  return Math.max(0, 1 - Math.max(1200, quotaFactor * normalPerMinute) / asked)
}

function weighted(result: RunResult, honest: number, bots: number): RunResult {
  const times = (counts: readonly number[], weight: number) => counts.map((count) => count * weight)
  return {
    ...result,
    honestRequests: times(result.honestRequests, honest),
    honestPassed: times(result.honestPassed, honest),
    honestWaited: result.honestWaited * honest,
    honestWaitedLong: result.honestWaitedLong * honest,
    verified: result.verified * honest,
    settledTickets: result.settledTickets * honest,
    settledVerified: result.settledVerified * honest,
    ticketRequests: result.ticketRequests * honest,
    ticketPassed: result.ticketPassed * honest,
    botRequests: result.botRequests * bots,
    botPassed: times(result.botPassed, bots),
  }
}
