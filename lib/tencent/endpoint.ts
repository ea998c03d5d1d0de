import { type CanaryReport, canaryReport, degraded, type Outcome } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import type { EndpointWays } from './upstream.js'

/** The client of a call, as far as a trial looks at it. */
export interface TrialClient {
  readonly clientKey: string
  /** Has a verified pass in the last 24 hours. */
  readonly isKnown: boolean
}

/** Refusals speak against an endpoint on trial from so many client keys with history on. */
const refusedKeysNeeded = 3
/** An endpoint that has failed its trial is not moved to again for this long. */
const trialHoldMs = 300_000

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
  /** Client keys with history that were refused in this trial, up to the number that is needed. */
  readonly #refusedKeys = new Set<string>()
  #trialFailedMs = Number.NEGATIVE_INFINITY
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

  /** Whether it was on trial and failed within the last five minutes. */
  get hasFailedTrial(): boolean {
    return this.#isOnTrial && this.#clock.nowMs() - this.#trialFailedMs < trialHoldMs
  }

  /** Notes that users fail here while canaries are healthy. The next trial begins anew. */
  failTrial(): void {
    this.#trialFailedMs = this.#clock.nowMs()
    this.#refusedKeys.clear()
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
    return isRefusal(reply) ? degraded('circuit_open', { facts: reply.facts, isEvidence: false }) : reply
  }

  /**
   * Whether a reply to a user's ticket, once it was judged, counts as a failure of this endpoint: a refusal on trial, for a client with
   * history. Junk of new clients counts for nothing. What a buyer of history sends is outweighed by the first honest ticket that is
   * verified.
   */
  isTrialFailure(reply: Outcome, { clientKey, isKnown }: TrialClient): boolean {
    if (!this.#isOnTrial || !isKnown || !isRefusal(reply)) return false
    if (this.#refusedKeys.size < refusedKeysNeeded) this.#refusedKeys.add(clientKey)
    return this.#refusedKeys.size >= refusedKeysNeeded
  }

  /** Notes what a canary here said. */
  note(report: CanaryReport): void {
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
export function scoutReport(reply: Outcome): CanaryReport {
  const report = canaryReport(reply)
  const hasCode = 'facts' in reply && reply.facts.captchaCode !== undefined
  return report === 'healthy' && !hasCode ? 'failed' : report
}

function isRefusal(reply: Outcome): reply is Exclude<Outcome, { kind: 'verified' | 'bug' }> {
  return reply.kind === 'refused' || (reply.kind === 'degraded' && reply.cause === 'misconfigured')
}

/** Code 1 with `EvilLevel` 100 refuses the user, and shows as much that tickets are known here. */
function hasCodeOne(reply: Outcome): boolean {
  return (reply.kind === 'verified' || reply.kind === 'refused') && reply.facts.captchaCode === 1
}
