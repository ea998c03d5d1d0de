import type { CaptchaVerdict } from '../../admission/verdict.js'
import type { Clock } from '../../clock.js'
import type { WatchState } from '../../site/outage-watch.js'
import { limitColumnKey, verdictColumnKey } from './columns.js'
import { type DegradedDecision, DegradedDecisions } from './degraded-decisions.js'
import { type LatencyCounts, LatencyHistogram } from './latency-histogram.js'
import { type LimitedClient, LimitRefusals } from './limit-refusals.js'
import { MinuteCounts } from './minute-counts.js'
import { OutageTimeline, type TimelineOutage } from './outage-timeline.js'

/** A verdict as the recorder takes it. `fields` is read for degraded decisions alone. */
export interface RecordedVerdict {
  readonly verdict: Pick<CaptchaVerdict, 'reason' | 'passed' | 'degraded'>
  /** The client has history. */
  readonly known: boolean
  /** The fields of the log line. */
  readonly fields: () => object
}

/** Answered and failed calls at one endpoint in the last five to ten minutes. */
export interface EndpointLatency {
  readonly endpoint: string
  readonly answered: LatencyCounts
  readonly failed: LatencyCounts
}

/** All that was recorded. */
export interface Recording {
  /** The newest minute, in minutes since 1970. */
  readonly minute: number
  /** Counts of each column that is not all zero; 60 minutes, oldest first. */
  readonly counts: Readonly<Record<string, readonly number[]>>
  readonly latency: readonly EndpointLatency[]
  /** Newest first. */
  readonly degraded: readonly DegradedDecision[]
  readonly limited: readonly LimitedClient[]
  readonly outages: readonly TimelineOutage[]
}

/** A site has at most three endpoints by default; a list of the operator's may be longer. */
const maxEndpoints = 8

/**
 * Counts what happens at one site, for a page that is opened now and then. Each event costs an addition; a degraded decision is kept
 * as well. Memory is bounded, and nothing is computed before {@link read}.
 */
export class StatusRecorder {
  readonly #clock: Clock
  /** The wall clock ahead of the monotonic one, fixed: a wall clock that is set back moves no minute. */
  readonly #epochAheadMs: number
  readonly #minutes: MinuteCounts
  readonly #decisions = new DegradedDecisions()
  readonly #limited = new LimitRefusals()
  readonly #timeline = new OutageTimeline()
  readonly #latency = new Map<string, { readonly answered: LatencyHistogram; readonly failed: LatencyHistogram }>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#epochAheadMs = clock.epochMs() - clock.nowMs()
    this.#minutes = new MinuteCounts(this.#minute())
  }

  /** Counts a verdict. */
  verdict({ verdict, known, fields }: RecordedVerdict): void {
    const minute = this.#minute()
    this.#minutes.add(verdictColumnKey(verdict.reason, verdict.passed), minute)
    if (verdict.reason === 'verified' && known) this.#minutes.add('known_verified', minute)
    if (verdict.degraded) this.#keep(fields(), minute)
  }

  /** Counts a call to Tencent that ended. */
  call(endpoint: string, isAnswered: boolean, durationMs: number): void {
    let histograms = this.#latency.get(endpoint)
    if (histograms === undefined) {
      if (this.#latency.size >= maxEndpoints) return
      histograms = { answered: new LatencyHistogram(), failed: new LatencyHistogram() }
      this.#latency.set(endpoint, histograms)
    }
    histograms[isAnswered ? 'answered' : 'failed'].note(durationMs, this.#clock.nowMs())
  }

  /** Notes the state of a path. */
  path(path: TimelineOutage['path'], state: WatchState, why: string, sinceEpochMs = this.#epochMs()): void {
    if (state === 'outage') this.#timeline.start(path, why, sinceEpochMs)
    else this.#timeline.end(path, sinceEpochMs)
  }

  /** All that was recorded, as of now. */
  read(): Recording {
    const nowMs = this.#clock.nowMs()
    const minute = this.#minute()
    return {
      minute,
      counts: this.#minutes.read(minute),
      latency: [...this.#latency].map(([endpoint, { answered, failed }]) => ({
        endpoint,
        answered: answered.read(nowMs),
        failed: failed.read(nowMs),
      })),
      degraded: this.#decisions.read(),
      limited: this.#limited.read(),
      outages: this.#timeline.read(),
    }
  }

  #keep(fields: object, minute: number): void {
    const { event: _, captchaAppId: __, ...line } = fields as { event?: unknown; captchaAppId?: unknown }
    const decision = { ...line, atMs: this.#epochMs() } as DegradedDecision
    this.#decisions.add(decision)
    const { purse, exhaustedBy, userIp } = decision
    if (purse === undefined || exhaustedBy === undefined) return
    this.#minutes.add(limitColumnKey(purse, exhaustedBy), minute)
    this.#limited.note({ purse, by: exhaustedBy, ...(userIp !== undefined && { userIp }) }, decision.atMs)
  }

  #epochMs(): number {
    return Math.round(this.#clock.nowMs() + this.#epochAheadMs)
  }

  #minute(): number {
    return Math.floor(this.#epochMs() / 60_000)
  }
}
