import type { CauseRow } from '../admission/cause-table.js'
import type { Evidence } from '../admission/question.js'
import type { Clock } from '../clock.js'
import { type CanaryIntervals, type CanaryResult, CanarySchedule, type RunCanary } from './canary-schedule.js'
import { FailureEvidence, type FailureThresholds } from './failure-evidence.js'
import { ProbeTurns } from './probe-turns.js'
import { type Permit, WaitingCalls } from './waiting-calls.js'

/** What one verification says about Tencent. Refusals and throttling are neutral: neither success nor failure. */
export type CallReport = CauseRow['circuit'] | 'success'

/** Thresholds and intervals of the circuit. */
export type CircuitConfig = FailureThresholds & CanaryIntervals

/** What the circuit is set to; it may change as guards join a site. */
export interface CircuitSettings {
  readonly config: CircuitConfig
  /** A call unanswered for this long raises suspicion. */
  readonly suspicionMs: number
  readonly expectedPerMinute: number | undefined
}

type State =
  | { readonly name: 'closed' }
  | { readonly name: 'suspect'; readonly why: string }
  | { readonly name: 'open'; readonly why: 'canary_failed' }
  | {
      readonly name: 'open'
      readonly why: 'canary_disagrees'
      readonly turns: ProbeTurns
      readonly probes: Set<Permit>
    }

/** A call that asks to be admitted. */
export interface AdmissionBid {
  readonly clientKey: string
  /** Has a verified pass in the last 24 hours. */
  readonly isKnown: boolean
  /** Called when the circuit opens over the waiting call. */
  readonly release: () => void
}

/** What {@link Circuit.snapshot} shows. */
export interface CircuitSnapshot {
  readonly state: 'closed' | 'suspect' | 'open'
  /** Why it is suspect or open. */
  readonly why?: string
  readonly consecutiveFailures: number
  readonly callsUnderWay: number
  /** The last canary whose report was not `unknown`. */
  readonly lastCanary?: { readonly result: 'healthy' | 'failed'; readonly agoMs: number }
}

/** A canary failure this young, while the circuit is suspect, is evidence of an outage: a brown-out. */
const brownOutMs = 30_000

/**
 * Learns from replies, not from verdicts. Failures of users' calls only raise suspicion; what opens the circuit is the
 * canary, which no caller can influence, failing as well. So a ticket that makes Tencent stumble cannot open it.
 */
export class Circuit {
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #waiting: WaitingCalls
  readonly #canary: CanarySchedule
  readonly #failures: FailureEvidence
  #settings: CircuitSettings
  #state: State = { name: 'closed' }
  /** Counts openings and closings: an answer of an older epoch moves nothing. */
  #epoch = 0

  /** @param onChange called after every change of state */
  constructor(clock: Clock, settings: CircuitSettings, runCanary: RunCanary, onChange: () => void) {
    this.#clock = clock
    this.#settings = settings
    this.#onChange = onChange
    this.#waiting = new WaitingCalls(
      clock,
      () => this.#settings.suspicionMs,
      () => this.#suspect('call_unanswered'),
    )
    this.#canary = new CanarySchedule(
      clock,
      () => this.#settings.config,
      runCanary,
      (result) => this.#canaryEnded(result),
    )
    this.#failures = new FailureEvidence(settings.config, clock.nowMs())
    this.configure(settings)
  }

  /** Takes new settings; they hold from the next call or canary on. */
  configure(settings: CircuitSettings): void {
    this.#settings = settings
    this.#failures.configure(settings.config)
    if (settings.expectedPerMinute !== undefined) this.#failures.expect(settings.expectedPerMinute)
  }

  /** A permit to call Tencent, or `undefined` at once while the circuit is open: no caller waits behind a probe. */
  admit({ clientKey, isKnown, release }: AdmissionBid): Permit | undefined {
    const state = this.#state
    const startedMs = this.#clock.nowMs()
    if (state.name !== 'open') {
      const permit: Permit = { epoch: this.#epoch, startedMs, release }
      this.#waiting.add(permit)
      return permit
    }
    if (state.why !== 'canary_disagrees') return undefined
    const turnDueMs = state.turns.take(clientKey, isKnown)
    if (turnDueMs === undefined) return undefined
    const probe: Permit = { epoch: this.#epoch, startedMs, turnDueMs, release }
    state.probes.add(probe)
    return probe
  }

  /** Takes the result of an admitted call; to be called exactly once for each permit. */
  settle(permit: Permit, report: CallReport): void {
    this.#waiting.delete(permit)
    if (permit.epoch !== this.#epoch) return
    if (permit.turnDueMs !== undefined) return this.#settleProbe(permit, permit.turnDueMs, report)
    const nowMs = this.#clock.nowMs()
    switch (report) {
      case 'success':
        return this.#failures.noteSuccess(nowMs)
      case 'unanswered':
      case 'failure':
        this.#failures.noteFailure(permit.startedMs, report === 'unanswered', nowMs)
        return this.#suspect('call_failed')
      case 'throttled':
      case 'neutral':
        return this.#failures.noteNeutral(report, nowMs)
    }
  }

  /** What the server itself has seen of the API. */
  evidence(): Evidence {
    if (this.#state.name === 'open') return 'outage'
    const canaryFailedMs = this.#clock.nowMs() - this.#canary.lastFailureMs
    return this.#state.name === 'suspect' && canaryFailedMs <= brownOutMs ? 'outage' : 'none'
  }

  /** The state now. */
  get state(): CircuitSnapshot['state'] {
    return this.#state.name
  }

  /** Why it is suspect or open. */
  get why(): string | undefined {
    return this.#state.name === 'closed' ? undefined : this.#state.why
  }

  /** The circuit as plain JSON. */
  snapshot(): CircuitSnapshot {
    const { lastShown } = this.#canary
    return {
      state: this.#state.name,
      ...(this.#state.name !== 'closed' && { why: this.#state.why }),
      consecutiveFailures: this.#failures.consecutiveFailures,
      callsUnderWay: this.#waiting.size,
      ...(lastShown && {
        lastCanary: { result: lastShown.report, agoMs: Math.round(this.#clock.nowMs() - lastShown.atMs) },
      }),
    }
  }

  /** Frees timers and gives up a canary under way. */
  close(): void {
    this.#waiting.close()
    this.#canary.close()
  }

  #suspect(why: string): void {
    if (this.#state.name === 'open') return
    if (this.#state.name === 'closed') this.#change({ name: 'suspect', why })
    this.#canary.request()
    this.#openIfDue()
  }

  #openIfDue(): void {
    const { last } = this.#canary
    if (this.#state.name !== 'suspect' || last === undefined) return
    const nowMs = this.#clock.nowMs()
    const isFailing = this.#failures.thresholdsHold(nowMs)
    if (last.report === 'failed') {
      if (isFailing || this.#waiting.overdue > 0 || this.#failures.endedUnanswered) this.#open('canary_failed')
    } else if (isFailing && this.#failures.usersAloneAreFailing(nowMs)) {
      this.#open('canary_disagrees')
    }
  }

  #open(why: 'canary_failed' | 'canary_disagrees'): void {
    const probes = this.#state.name === 'open' && this.#state.why === 'canary_disagrees' ? this.#state.probes : []
    const waiting = this.#startEpoch()
    if (why === 'canary_failed') {
      this.#change({ name: 'open', why })
      this.#canary.request()
    } else {
      const { canaryIntervalMs } = this.#settings.config
      const turns = new ProbeTurns(this.#clock, canaryIntervalMs, (intervalMs) => this.#canary.backedOff(intervalMs))
      this.#change({ name: 'open', why, turns, probes: new Set() })
    }
    for (const permit of [...waiting, ...probes]) permit.release()
  }

  #closeCircuit(): void {
    this.#startEpoch()
    this.#change({ name: 'closed' })
  }

  /** Takes out the calls that wait. */
  #startEpoch(): readonly Permit[] {
    this.#epoch++
    this.#failures.clear()
    this.#canary.forget()
    return this.#waiting.drain()
  }

  #settleProbe(probe: Permit, turnDueMs: number, report: CallReport): void {
    const state = this.#state
    if (state.name !== 'open' || state.why !== 'canary_disagrees') return
    state.probes.delete(probe)
    switch (report) {
      case 'success':
        return this.#closeCircuit()
      case 'failure':
      case 'unanswered':
        state.turns.end(turnDueMs, 'failed')
        return this.#canary.request()
      case 'throttled':
      case 'neutral':
        return state.turns.end(turnDueMs, 'taught_nothing')
    }
  }

  #canaryEnded(result: CanaryResult | undefined): void {
    if (result !== undefined) this.#learnFromCanary(result)
    const { name } = this.#state
    if (name === 'suspect' || (name === 'open' && this.why === 'canary_failed')) this.#canary.request()
  }

  #learnFromCanary({ report }: CanaryResult): void {
    if (this.#state.name === 'open') {
      if (this.#state.why === 'canary_failed' && report === 'healthy') this.#closeCircuit()
      else if (this.#state.why === 'canary_disagrees' && report === 'failed') this.#open('canary_failed')
      return
    }
    this.#openIfDue()
    if (this.#state.name === 'suspect' && report === 'healthy') this.#calmDown()
    else this.#onChange()
  }

  /** A healthy canary ends the suspicion, unless calls are waiting right now. */
  #calmDown(): void {
    this.#failures.forgetUnanswered()
    if (this.#waiting.overdue > 0) return
    this.#canary.forget()
    this.#change({ name: 'closed' })
  }

  #change(state: State): void {
    this.#state = state
    this.#onChange()
  }
}
