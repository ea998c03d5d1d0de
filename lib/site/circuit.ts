import type { CallReport } from '../admission/outcome.js'
import type { Evidence } from '../admission/question.js'
import type { Clock } from '../clock.js'
import { type CanaryIntervals, type CanaryResult, CanarySchedule, type RunCanary } from './canary-schedule.js'
import { FailureEvidence, type FailureThresholds } from './failure-evidence.js'
import { HeldCalls } from './held-calls.js'
import { ProbeTurns } from './probe-turns.js'
import { TimeLimits, type TimeSettings } from './time-limits.js'
import { type Permit, WaitingCalls } from './waiting-calls.js'

/** Thresholds and intervals of the circuit. */
export type CircuitConfig = FailureThresholds & CanaryIntervals

/** What the circuit is set to; it may change as guards join a site. */
export interface CircuitSettings extends TimeSettings {
  readonly config: CircuitConfig
  readonly expectedPerMinute: number | undefined
}

type State =
  | { readonly name: 'closed'; readonly why?: undefined }
  | { readonly name: 'suspect'; readonly why: 'call_failed' | 'call_unanswered' }
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
  /** What is left of the call's own deadline. */
  readonly timeoutMs: number
  /** Called when the circuit opens over the waiting call, or when the failed call that was held may be judged. */
  readonly release: () => void
}

/** What `snapshot()` shows. */
export interface CircuitSnapshot {
  readonly state: 'closed' | 'suspect' | 'open'
  /** Why it is suspect or open. */
  readonly why?: string
  readonly consecutiveFailures: number
  readonly callsUnderWay: number
  /** The last canary whose report was not `unknown`. */
  readonly lastCanary?: { readonly result: 'healthy' | 'failed'; readonly agoMs: number }
  /** Milliseconds to the next canary, 0 while one is under way; absent where none is due. */
  readonly nextCanaryInMs?: number
}

/** Two canary failures as young as this, while the circuit is suspect, are evidence of an outage: a brown-out. */
const brownOutMs = 30_000

/**
 * Learns from replies, not from verdicts. Failures of users' calls only raise suspicion; what opens the circuit is the
 * canary, which no caller can influence, failing as well. So a ticket that makes Tencent stumble cannot open it.
 */
export class Circuit {
  /** How long calls, canaries and callers may take. */
  readonly limits: TimeLimits
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #waiting: WaitingCalls
  readonly #held: HeldCalls
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
    this.limits = new TimeLimits(settings)
    this.#waiting = new WaitingCalls(
      clock,
      () => this.limits.suspicionMs,
      () => this.#suspect('call_unanswered'),
    )
    this.#held = new HeldCalls(clock)
    const plan = {
      intervals: () => this.#settings.config,
      timeoutMs: () => this.limits.canaryTimeoutMs(this.#firstLeftMs()),
    }
    this.#canary = new CanarySchedule(clock, plan, runCanary, (result) => this.#canaryEnded(result))
    this.#failures = new FailureEvidence(settings.config, clock.nowMs())
    this.configure(settings)
  }

  /** Takes new settings; they hold from the next call or canary on. */
  configure(settings: CircuitSettings): void {
    this.#settings = settings
    this.limits.configure(settings)
    this.#failures.configure(settings.config)
    if (settings.expectedPerMinute !== undefined) this.#failures.expect(settings.expectedPerMinute)
  }

  /** A permit to call Tencent, or `undefined` at once while the circuit is open: no caller waits behind a probe. */
  admit({ clientKey, isKnown, timeoutMs, release }: AdmissionBid): Permit | undefined {
    const state = this.#state
    const startedMs = this.#clock.nowMs()
    const permit: Permit = { epoch: this.#epoch, clientKey, startedMs, deadlineMs: startedMs + timeoutMs, release }
    if (state.name !== 'open') {
      this.#waiting.add(permit)
      return permit
    }
    if (state.why !== 'canary_disagrees') return undefined
    const turnDueMs = state.turns.take(clientKey, isKnown)
    if (turnDueMs === undefined) return undefined
    const probe: Permit = { ...permit, turnDueMs }
    state.probes.add(probe)
    return probe
  }

  /**
   * Takes the result of an admitted call; to be called exactly once for each permit. Returns whether the call is held: its failure is
   * to be judged when `release` is called, with the verdict of the canary under way.
   */
  settle(permit: Permit, report: CallReport): boolean {
    const wasOverdue = this.#waiting.delete(permit)
    if (permit.epoch !== this.#epoch) return false
    const nowMs = this.#clock.nowMs()
    if (report === 'success') this.limits.noteVerified(nowMs - permit.startedMs)
    if (report === 'unanswered') this.limits.noteDeadline(permit.clientKey)
    if (permit.turnDueMs !== undefined) {
      this.#settleProbe(permit, permit.turnDueMs, report)
      return false
    }
    const isAnswer = report === 'success' || report === 'refused'
    if (isAnswer) this.#failures.noteAnswer(permit.startedMs, wasOverdue, nowMs)
    switch (report) {
      case 'success':
        this.#failures.noteSuccess(nowMs)
        return false
      case 'unanswered':
        this.#failures.noteFailure(permit.startedMs, true, nowMs)
        this.#suspect('call_failed')
        return false
      case 'failure':
        this.#failures.noteFailure(permit.startedMs, false, nowMs)
        return this.#suspectAndHold(permit)
      case 'throttled':
      case 'refused':
      case 'neutral':
        this.#failures.noteNeutral(report, nowMs)
        return false
    }
  }

  /**
   * Calls go to another endpoint from now on: what was learned of the old one counts no more, and an answer of its calls moves
   * nothing. Calls that wait while something is wrong are released, with evidence of an outage. Failed canaries still count as a
   * brown-out: where every endpoint errs now and then, calls move often.
   */
  noteMove(): void {
    const isWrong = this.#state.name !== 'closed'
    const waiting = this.#startEpoch()
    this.limits.forget()
    if (isWrong) {
      this.#state = { name: 'open', why: 'canary_failed' }
      for (const permit of waiting) permit.release()
    }
    this.#change({ name: 'closed' })
  }

  /** Whether Tencent has answered a call that began later, or one that it was late with: a canary of then was wrong to fail. */
  hasAnsweredSince(timeMs: number): boolean {
    return this.#failures.answersSince(timeMs)
  }

  /**
   * How long a caller waits for an answer: as the limits say, but to its own deadline where users alone will have failed for long
   * enough by then. The evidence of a moment later would else come too late for it.
   */
  callerWaitMs(timeoutMs: number): number {
    const silenceLeftMs = this.#failures.silenceLeftMs(this.#clock.nowMs())
    return silenceLeftMs > 0 && silenceLeftMs < timeoutMs ? timeoutMs : this.limits.callerWaitMs(timeoutMs)
  }

  /** What the server itself has seen of the API. */
  evidence(): Evidence {
    if (this.#state.name === 'open') return 'outage'
    const failedTwiceMs = this.#clock.nowMs() - this.#canary.failureBeforeMs
    return this.#state.name === 'suspect' && failedTwiceMs <= brownOutMs ? 'outage' : 'none'
  }

  /** The state now. */
  get state(): CircuitSnapshot['state'] {
    return this.#state.name
  }

  /** Whether no call is admitted at all: while it is open, unless calls of users probe it. */
  get isShut(): boolean {
    return this.#state.why === 'canary_failed'
  }

  /** Why it is suspect or open. */
  get why(): string | undefined {
    return this.#state.why
  }

  /** The circuit as plain JSON. */
  snapshot(): CircuitSnapshot {
    const { lastShown, nextInMs } = this.#canary
    const { name, why } = this.#state
    return {
      state: name,
      ...(why && { why }),
      consecutiveFailures: this.#failures.consecutiveFailures,
      callsUnderWay: this.#waiting.size,
      ...(lastShown && {
        lastCanary: { result: lastShown.report, agoMs: Math.round(this.#clock.nowMs() - lastShown.atMs) },
      }),
      ...(nextInMs !== undefined && { nextCanaryInMs: Math.round(nextInMs) }),
    }
  }

  /** Frees timers and gives up a canary under way. */
  close(): void {
    this.#waiting.close()
    this.#canary.close()
    this.#releaseHeld()
  }

  /**
   * A call that failed at once is held while a canary is under way: the canary's deadline follows the call's. A caller can only make
   * its own call fail, and so only itself wait.
   */
  #suspectAndHold(permit: Permit): boolean {
    this.#held.add(permit)
    this.#suspect('call_failed')
    if (this.#canary.isUnderWay && this.evidence() === 'none') return true
    this.#held.delete(permit)
    return false
  }

  #firstLeftMs(): number | undefined {
    const left = [this.#waiting.firstLeftMs, this.#held.firstLeftMs].filter((leftMs) => leftMs !== undefined)
    return left.length === 0 ? undefined : Math.min(...left)
  }

  #releaseHeld(): void {
    for (const permit of this.#held.drain()) permit.release()
  }

  #suspect(why: 'call_failed' | 'call_unanswered'): void {
    if (this.#state.name === 'closed') this.#change({ name: 'suspect', why })
    this.#canary.request()
    this.#openIfDue()
  }

  #openIfDue(): void {
    const { last } = this.#canary
    if (last === undefined) return
    const nowMs = this.#clock.nowMs()
    const isFailing = this.#failures.thresholdsHold(nowMs)
    if (last.report === 'failed') {
      if (this.hasAnsweredSince(last.startedMs)) return
      if (isFailing || this.#waiting.overdue > 0 || this.#failures.endedUnanswered) this.#open('canary_failed')
    } else if (isFailing && this.#failures.usersAloneAreFailing(nowMs)) {
      this.#open('canary_disagrees')
    }
  }

  #open(why: 'canary_failed' | 'canary_disagrees'): void {
    const waiting = this.#startEpoch()
    if (why === 'canary_failed') {
      this.#change({ name: 'open', why })
      this.#canary.request()
    } else {
      const { canaryIntervalMs } = this.#settings.config
      const turns = new ProbeTurns(this.#clock, canaryIntervalMs, (intervalMs) => this.#canary.backedOff(intervalMs))
      this.#change({ name: 'open', why, turns, probes: new Set() })
    }
    for (const permit of waiting) permit.release()
  }

  #closeCircuit(): void {
    this.#startEpoch()
    this.#change({ name: 'closed' })
  }

  /** Takes out the calls that wait, probes among them. */
  #startEpoch(): readonly Permit[] {
    const probes = this.#state.why === 'canary_disagrees' ? this.#state.probes : []
    this.#epoch++
    this.#failures.clear()
    this.#canary.forget()
    return [...this.#waiting.drain(), ...this.#held.drain(), ...probes]
  }

  #settleProbe(probe: Permit, turnDueMs: number, report: CallReport): void {
    const state = this.#state
    if (state.why !== 'canary_disagrees') return
    state.probes.delete(probe)
    switch (report) {
      case 'success':
        return this.#closeCircuit()
      case 'failure':
      case 'unanswered':
        state.turns.failed()
        return this.#canary.request()
      case 'throttled':
      case 'refused':
      case 'neutral':
        return state.turns.handOn(turnDueMs)
    }
  }

  #canaryEnded(result: CanaryResult | undefined): void {
    if (result !== undefined) this.#learnFromCanary(result)
    this.#releaseHeld()
    if (this.#state.name === 'suspect' || this.isShut) this.#canary.request()
  }

  #learnFromCanary({ report, tookMs }: CanaryResult): void {
    this.limits.noteCanary(report, tookMs)
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
