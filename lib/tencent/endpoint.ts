import { canaryReport, degraded, type Outcome } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import type { EndpointWays } from './upstream.js'

/** What a canary says about an endpoint. */
export type EndpointReport = ReturnType<typeof canaryReport>

/** One endpoint as the snapshot shows it. */
export interface EndpointSnapshot {
  readonly url: string
  readonly inUse: boolean
  /** The first of the list. */
  readonly preferred: boolean
  /** What was last seen of it; `unknown` before the first canary or verified ticket. */
  readonly state: 'unknown' | 'healthy' | 'failed'
  /** ISO 8601: since when it is in this state. */
  readonly since: string
  /** No ticket was verified there yet: its refusals are no verdicts. */
  readonly onTrial: boolean
  /** The last canary there that was not `unknown`. */
  readonly lastCanary?: { readonly result: 'healthy' | 'failed'; readonly agoMs: number }
}

/** One endpoint of the list, and what was seen of it. */
export class Endpoint {
  readonly ways: EndpointWays
  readonly isPreferred: boolean
  readonly #clock: Clock
  #isOnTrial: boolean
  #state: EndpointSnapshot['state'] = 'unknown'
  #sinceEpochMs: number
  #lastCanary: { readonly result: 'healthy' | 'failed'; readonly atMs: number } | undefined

  constructor(ways: EndpointWays, isPreferred: boolean, clock: Clock) {
    this.ways = ways
    this.isPreferred = isPreferred
    this.#clock = clock
    this.#isOnTrial = !isPreferred
    this.#sinceEpochMs = clock.epochMs()
  }

  /** Whether no ticket was verified here yet. Never for the preferred endpoint: the operator vouches for it. */
  get isOnTrial(): boolean {
    return this.#isOnTrial
  }

  /**
   * What a reply to a user's ticket from here counts for. On trial a refusal is no verdict: that a host answers does not say that
   * it knows our tickets. It becomes the degraded decision that there would have been without a move.
   */
  judge(reply: Outcome): Outcome {
    if (hasCodeOne(reply)) {
      this.#isOnTrial = false
      this.#move('healthy')
      return reply
    }
    if (!this.#isOnTrial) return reply
    const isRefusal = reply.kind === 'refused' || (reply.kind === 'degraded' && reply.cause === 'misconfigured')
    return isRefusal ? degraded('circuit_open', { facts: reply.facts, isEvidence: false }) : reply
  }

  /** Notes what a canary here said. */
  note(report: EndpointReport): void {
    if (report === 'unknown') return
    this.#lastCanary = { result: report, atMs: this.#clock.nowMs() }
    this.#move(report)
  }

  /** The endpoint as plain JSON; `undefined` where it has no URL. */
  snapshot(inUse: boolean): EndpointSnapshot | undefined {
    const { url } = this.ways
    if (url === undefined) return undefined
    return {
      url,
      inUse,
      preferred: this.isPreferred,
      state: this.#state,
      since: new Date(this.#sinceEpochMs).toISOString(),
      onTrial: this.#isOnTrial,
      ...(this.#lastCanary && {
        lastCanary: {
          result: this.#lastCanary.result,
          agoMs: Math.round(this.#clock.nowMs() - this.#lastCanary.atMs),
        },
      }),
    }
  }

  #move(state: 'healthy' | 'failed'): void {
    if (state === this.#state) return
    this.#state = state
    this.#sinceEpochMs = this.#clock.epochMs()
  }
}

/** Whether a reply shows that the host serves the CAPTCHA API: an API error, which any other service gives as well, does not. */
export function scoutReport(reply: Outcome): EndpointReport {
  const report = canaryReport(reply)
  const hasCode = 'facts' in reply && reply.facts.captchaCode !== undefined
  return report === 'healthy' && !hasCode ? 'failed' : report
}

/** Code 1 with `EvilLevel` 100 refuses the user, and shows as much that tickets are known here. */
function hasCodeOne(reply: Outcome): boolean {
  return (reply.kind === 'verified' || reply.kind === 'refused') && reply.facts.captchaCode === 1
}
