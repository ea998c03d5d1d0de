import type { Evidence } from '../admission/decide.js'
import type { Clock, Timer } from '../clock.js'
import type { CircuitConfig } from '../options/config.js'
import { RollingCounts } from '../structures/rolling-counts.js'

/** What one verification says about Tencent. Refusals and throttling are neutral: neither success nor failure. */
export type CallReport = 'success' | 'failure' | 'unanswered' | 'throttled' | 'neutral'

/** What the canary says. `unknown`: it was aborted, or our own event loop was blocked. */
export type CanaryReport = 'healthy' | 'failed' | 'unknown'

/** Leave to ask Tencent, given by {@link Circuit.admit}; to be settled exactly once. */
export interface Permit {
  readonly epoch: number
  readonly startedMs: number
  readonly isProbe: boolean
  /** Called when the circuit opens over the waiting call. */
  readonly release: () => void
}

type State =
  | { readonly name: 'closed' }
  | { readonly name: 'suspect'; readonly why: string }
  | { readonly name: 'open'; readonly why: 'canary_failed' }
  | {
      readonly name: 'open'
      readonly why: 'canary_disagrees'
      nextProbeMs: number
      intervalMs: number
      probe: Permit | undefined
    }

/** What {@link Circuit.snapshot} shows. */
export interface CircuitSnapshot {
  readonly state: 'closed' | 'suspect' | 'open'
  /** Why it is suspect or open. */
  readonly why?: string
  readonly consecutiveFailures: number
  readonly callsUnderWay: number
  /** The last canary that told something. */
  readonly lastCanary?: { readonly result: 'healthy' | 'failed'; readonly agoMs: number }
}

/** A canary failure this young, while the circuit is suspect, is evidence of an outage: a brown-out. */
const brownOutMs = 30_000

/** `canary_disagrees` needs at least this long without a single code 1. */
const minimumSilenceMs = 10_000
const silenceInMeanGaps = 20
/** A mean of fewer gaps than this, the first counted from the start, is chance: every later pause would be a silence. */
const minimumGaps = 3
const maxThrottledShare = 0.1
const gapSmoothing = 0.05

export interface CircuitOptions {
  readonly config: CircuitConfig
  /** A call unanswered for this long raises suspicion. */
  readonly suspicionMs: number
  readonly expectedPerMinute: number | undefined
  readonly clock: Clock
  /** Verifies a fallback-format ticket that no user depends on. Must settle by itself. */
  readonly runCanary: (signal: AbortSignal) => Promise<CanaryReport>
  /** Told after every change of state. */
  readonly onChange: () => void
}

/**
 * Learns from replies, not from verdicts. Failures of users' calls only raise suspicion; what opens the circuit is the
 * canary, which no caller can influence, failing as well. So a ticket that makes Tencent stumble cannot open it.
 */
export class Circuit {
  readonly #options: CircuitOptions
  readonly #calls: RollingCounts
  readonly #closing = new AbortController()
  #state: State = { name: 'closed' }
  /** Counts openings and closings: an answer of an older epoch moves nothing. */
  #epoch = 0
  #consecutiveFailures = 0
  /** Calls younger than the suspicion delay, oldest first. */
  readonly #fresh = new Set<Permit>()
  /** Calls that have waited longer than the suspicion delay. */
  readonly #overdue = new Set<Permit>()
  /** A call ran into its deadline and none was answered with code 1 since: it counts as still unanswered. */
  #endedUnanswered = false
  #suspicionTimer: Timer | undefined
  #canaryTimer: Timer | undefined
  #canaryRunning = false
  #canaryStartedMs = Number.NEGATIVE_INFINITY
  #canaryIntervalMs: number
  #lastCanary: { readonly report: 'healthy' | 'failed'; readonly atMs: number } | undefined
  /** For people; what decides is forgotten with its epoch. */
  #lastCanaryShown: { readonly report: 'healthy' | 'failed'; readonly atMs: number } | undefined
  #lastCanaryFailureMs = Number.NEGATIVE_INFINITY
  #lastSuccessMs: number | undefined
  /** Start of the first call that failed with no code 1 since. */
  #failingSinceMs: number | undefined
  #gapsSeen = 0
  #meanGapMs = 0

  constructor(options: CircuitOptions) {
    this.#options = options
    this.#calls = new RollingCounts(options.config.windowMs)
    this.#canaryIntervalMs = options.config.canaryIntervalMs
    this.#lastSuccessMs = options.clock.nowMs()
    if (options.expectedPerMinute !== undefined) {
      this.#meanGapMs = 60_000 / options.expectedPerMinute
      this.#gapsSeen = Math.ceil(1 / gapSmoothing)
    }
  }

  /** A permit to call Tencent, or `undefined` at once while the circuit is open: nobody waits behind a probe. */
  admit(release: () => void): Permit | undefined {
    const state = this.#state
    const nowMs = this.#now()
    if (state.name !== 'open') return this.#permit(release, nowMs)
    if (state.why !== 'canary_disagrees' || state.probe !== undefined || nowMs < state.nextProbeMs) return undefined
    const probe: Permit = { epoch: this.#epoch, startedMs: nowMs, isProbe: true, release }
    state.probe = probe
    return probe
  }

  /** What became of an admitted call. */
  settle(permit: Permit, report: CallReport): void {
    this.#fresh.delete(permit)
    this.#overdue.delete(permit)
    if (this.#fresh.size === 0) this.#stopWatching()
    if (permit.epoch !== this.#epoch) return
    if (permit.isProbe) return this.#settleProbe(report)
    const nowMs = this.#now()
    this.#calls.add(report === 'unanswered' ? 'failure' : report, nowMs)
    switch (report) {
      case 'success':
        return this.#noteSuccess(nowMs)
      case 'unanswered':
        this.#endedUnanswered = true
        this.#noteFailure(permit)
        return this.#suspect('call_failed')
      case 'failure':
        this.#noteFailure(permit)
        return this.#suspect('call_failed')
      case 'throttled':
      case 'neutral':
        return
    }
  }

  /** What the server itself has seen of the API. */
  evidence(): Evidence {
    if (this.#state.name === 'open') return 'outage'
    const isBrownOut = this.#state.name === 'suspect' && this.#now() - this.#lastCanaryFailureMs <= brownOutMs
    return isBrownOut ? 'outage' : 'none'
  }

  get state(): CircuitSnapshot['state'] {
    return this.#state.name
  }

  snapshot(): CircuitSnapshot {
    const lastCanary = this.#lastCanaryShown
    return {
      state: this.#state.name,
      ...(this.#state.name !== 'closed' && { why: this.#state.why }),
      consecutiveFailures: this.#consecutiveFailures,
      callsUnderWay: this.#fresh.size + this.#overdue.size,
      ...(lastCanary && {
        lastCanary: { result: lastCanary.report, agoMs: Math.round(this.#now() - lastCanary.atMs) },
      }),
    }
  }

  /** Frees timers and aborts a canary under way. */
  close(): void {
    this.#closing.abort()
    this.#stopWatching()
    this.#canaryTimer?.cancel()
  }

  #now(): number {
    return this.#options.clock.nowMs()
  }

  #permit(release: () => void, nowMs: number): Permit {
    const permit: Permit = { epoch: this.#epoch, startedMs: nowMs, isProbe: false, release }
    this.#fresh.add(permit)
    this.#watchForUnanswered()
    return permit
  }

  /** One timer for the oldest young call, however many there are. */
  #watchForUnanswered(): void {
    const [oldest] = this.#fresh
    if (this.#suspicionTimer !== undefined || oldest === undefined || this.#closing.signal.aborted) return
    const { clock, suspicionMs } = this.#options
    const delayMs = Math.max(0, oldest.startedMs + suspicionMs - clock.nowMs())
    this.#suspicionTimer = clock.after(delayMs, () => clock.afterPoll(() => this.#collectOverdue()))
  }

  #stopWatching(): void {
    this.#suspicionTimer?.cancel()
    this.#suspicionTimer = undefined
  }

  #collectOverdue(): void {
    this.#stopWatching()
    const oldestAllowedMs = this.#now() - this.#options.suspicionMs
    for (const permit of this.#fresh) {
      if (permit.startedMs > oldestAllowedMs) break
      this.#fresh.delete(permit)
      this.#overdue.add(permit)
    }
    this.#watchForUnanswered()
    if (this.#overdue.size > 0) this.#suspect('call_unanswered')
  }

  #suspect(why: string): void {
    if (this.#state.name === 'open') return
    if (this.#state.name === 'closed') this.#change({ name: 'suspect', why })
    this.#requestCanary()
    this.#openIfDue()
  }

  #openIfDue(): void {
    if (this.#state.name !== 'suspect' || this.#lastCanary === undefined) return
    const failing = this.#thresholdsHold()
    if (this.#lastCanary.report === 'failed') {
      if (failing || this.#overdue.size > 0 || this.#endedUnanswered) this.#open('canary_failed')
    } else if (failing && this.#usersAloneAreFailing()) {
      this.#open('canary_disagrees')
    }
  }

  #thresholdsHold(): boolean {
    const { consecutiveFailures, failureRate, minimumCalls } = this.#options.config
    if (this.#consecutiveFailures >= consecutiveFailures) return true
    const { success, failure } = this.#calls.totals(this.#now())
    return success + failure >= minimumCalls && failure >= failureRate * (success + failure)
  }

  /**
   * The canary is healthy but users have been failing for long without one being verified, and not because we are
   * throttled. Silence counts from the first failure on: at night, or while the circuit was open, nobody asked.
   */
  #usersAloneAreFailing(): boolean {
    if (this.#gapsSeen < minimumGaps || this.#failingSinceMs === undefined) return false
    const nowMs = this.#now()
    const { success, failure, throttled, neutral } = this.#calls.totals(nowMs)
    const isThrottled = throttled >= maxThrottledShare * (success + failure + throttled + neutral)
    const neededMs = Math.max(minimumSilenceMs, silenceInMeanGaps * this.#meanGapMs)
    return nowMs - this.#failingSinceMs >= neededMs && !(throttled > 0 && isThrottled)
  }

  #noteFailure({ startedMs }: Permit): void {
    this.#consecutiveFailures++
    this.#failingSinceMs ??= Math.max(startedMs, this.#lastSuccessMs ?? startedMs)
  }

  #noteSuccess(nowMs: number): void {
    this.#consecutiveFailures = 0
    this.#endedUnanswered = false
    this.#failingSinceMs = undefined
    if (this.#lastSuccessMs !== undefined) {
      this.#gapsSeen++
      const weight = Math.max(gapSmoothing, 1 / this.#gapsSeen)
      this.#meanGapMs += weight * (nowMs - this.#lastSuccessMs - this.#meanGapMs)
    }
    this.#lastSuccessMs = nowMs
  }

  #open(why: 'canary_failed' | 'canary_disagrees'): void {
    const { canaryIntervalMs } = this.#options.config
    const state = this.#state
    const waiting = [...this.#fresh, ...this.#overdue]
    if (state.name === 'open' && state.why === 'canary_disagrees' && state.probe) waiting.push(state.probe)
    this.#startEpoch()
    if (why === 'canary_failed') {
      this.#change({ name: 'open', why })
      this.#requestCanary()
    } else {
      const nextProbeMs = this.#now() + canaryIntervalMs
      this.#change({ name: 'open', why, nextProbeMs, intervalMs: canaryIntervalMs, probe: undefined })
    }
    for (const permit of waiting) permit.release()
  }

  #closeCircuit(): void {
    this.#startEpoch()
    this.#change({ name: 'closed' })
  }

  #startEpoch(): void {
    this.#epoch++
    this.#fresh.clear()
    this.#overdue.clear()
    this.#stopWatching()
    this.#calls.clear()
    this.#consecutiveFailures = 0
    this.#endedUnanswered = false
    this.#failingSinceMs = undefined
    // The pause that an outage made is no gap.
    this.#lastSuccessMs = undefined
    this.#forgetCanary()
  }

  #forgetCanary(): void {
    this.#lastCanary = undefined
    this.#canaryIntervalMs = this.#options.config.canaryIntervalMs
    this.#canaryTimer?.cancel()
    this.#canaryTimer = undefined
  }

  #settleProbe(report: CallReport): void {
    const state = this.#state
    if (state.name !== 'open' || state.why !== 'canary_disagrees') return
    state.probe = undefined
    if (report === 'success') return this.#closeCircuit()
    if (report === 'failure' || report === 'unanswered') {
      state.intervalMs = this.#backedOff(state.intervalMs)
      this.#requestCanary()
    }
    state.nextProbeMs = this.#now() + state.intervalMs
  }

  #backedOff(intervalMs: number): number {
    return Math.min(intervalMs * 2, this.#options.config.canaryMaxIntervalMs)
  }

  /** One canary at a time; intervals count from start to start. */
  #requestCanary(): void {
    if (this.#canaryRunning || this.#canaryTimer !== undefined || this.#closing.signal.aborted) return
    const delayMs = this.#canaryStartedMs + this.#canaryIntervalMs - this.#now()
    if (delayMs <= 0) return this.#startCanary()
    this.#canaryTimer = this.#options.clock.after(delayMs, () => {
      this.#canaryTimer = undefined
      this.#startCanary()
    })
  }

  #startCanary(): void {
    const epoch = this.#epoch
    this.#canaryRunning = true
    this.#canaryStartedMs = this.#now()
    const finish = (report: CanaryReport) => {
      this.#canaryRunning = false
      if (this.#closing.signal.aborted) return
      if (epoch === this.#epoch) this.#learnFromCanary(report)
      if (this.#needsCanary()) this.#requestCanary()
    }
    this.#options.runCanary(this.#closing.signal).then(finish, () => finish('unknown'))
  }

  #needsCanary(): boolean {
    return this.#state.name === 'suspect' || (this.#state.name === 'open' && this.#state.why === 'canary_failed')
  }

  #learnFromCanary(report: CanaryReport): void {
    if (report === 'unknown') return
    const nowMs = this.#now()
    this.#lastCanary = { report, atMs: nowMs }
    this.#lastCanaryShown = this.#lastCanary
    if (report === 'failed') {
      this.#lastCanaryFailureMs = nowMs
      this.#canaryIntervalMs = this.#backedOff(this.#canaryIntervalMs)
    } else {
      this.#canaryIntervalMs = this.#options.config.canaryIntervalMs
    }
    if (this.#state.name === 'open') return this.#moveOpenCircuit(report)
    this.#openIfDue()
    if (this.#state.name === 'suspect' && report === 'healthy') this.#calmDown()
    else this.#options.onChange()
  }

  #moveOpenCircuit(report: 'healthy' | 'failed'): void {
    if (this.#state.name !== 'open') return
    if (this.#state.why === 'canary_failed') {
      if (report === 'healthy') this.#closeCircuit()
    } else if (report === 'failed') {
      this.#open('canary_failed')
    }
  }

  /** A healthy canary ends the suspicion, unless calls are waiting right now. */
  #calmDown(): void {
    this.#endedUnanswered = false
    if (this.#overdue.size > 0) return
    this.#forgetCanary()
    this.#change({ name: 'closed' })
  }

  #change(state: State): void {
    this.#state = state
    this.#options.onChange()
  }
}
