import { RollingCounts } from '../structures/rolling-counts.js'

/** Thresholds that the failures of users' calls have to reach before the circuit may open. */
export interface FailureThresholds {
  readonly consecutiveFailures: number
  readonly failureRate: number
  readonly minimumCalls: number
  readonly windowMs: number
}

/** `canary_disagrees` needs at least this long without a single code 1. */
const minimumSilenceMs = 10_000
const silenceInMeanGaps = 20
/** A mean of fewer gaps than this, the first counted from the start, is chance: every later pause would be a silence. */
const minimumGaps = 3
const maxThrottledShare = 0.1
const gapSmoothing = 0.05
const slotCount = 10

type CallKind = 'success' | 'failure' | 'throttled' | 'neutral'

/** What ended calls say: failures in a row and by rate, calls that ended unanswered, and how long there was no code 1. */
export class FailureEvidence {
  #thresholds: FailureThresholds
  #calls: RollingCounts<CallKind>
  #consecutiveFailures = 0
  /** A call ran into its deadline, and no call was answered with code 1 since: it counts as still unanswered. */
  #endedUnanswered = false
  #lastSuccessMs: number | undefined
  /** Tencent has answered calls that began up to then, or that were answered late then. */
  #answersSinceMs = Number.NEGATIVE_INFINITY
  /** Start of the first call that failed with no code 1 since. */
  #failingSinceMs: number | undefined
  #gapsSeen = 0
  #meanGapMs = 0

  constructor(thresholds: FailureThresholds, nowMs: number) {
    this.#thresholds = thresholds
    this.#calls = newCounts(thresholds)
    this.#lastSuccessMs = nowMs
  }

  /** Takes new thresholds; counts of another window are dropped. */
  configure(thresholds: FailureThresholds): void {
    if (thresholds.windowMs !== this.#thresholds.windowMs) this.#calls = newCounts(thresholds)
    this.#thresholds = thresholds
  }

  /** Takes the operator's estimate for the usual gap between code 1, until gaps are seen. */
  expect(perMinute: number): void {
    if (this.#gapsSeen > 0) return
    this.#meanGapMs = 60_000 / perMinute
    this.#gapsSeen = Math.ceil(1 / gapSmoothing)
  }

  /** Failures since the last success; neutral and throttled calls do not count. */
  get consecutiveFailures(): number {
    return this.#consecutiveFailures
  }

  /** Whether a call ended unanswered, and neither a success nor a healthy canary came since. */
  get endedUnanswered(): boolean {
    return this.#endedUnanswered
  }

  /** Drops the calls that ended unanswered: a healthy canary says that Tencent is not the reason. */
  forgetUnanswered(): void {
    this.#endedUnanswered = false
  }

  /** Counts a call that says nothing about Tencent's availability. */
  noteNeutral(kind: 'throttled' | 'refused' | 'neutral', nowMs: number): void {
    this.#calls.add(kind === 'throttled' ? 'throttled' : 'neutral', nowMs)
  }

  /**
   * Notes that a call got a `CaptchaCode`. It speaks for Tencent as of the call's start, for the answer may have been on its way; one
   * that was overdue, as of now: Tencent is slow, not gone.
   */
  noteAnswer(startedMs: number, wasOverdue: boolean, nowMs: number): void {
    this.#answersSinceMs = Math.max(this.#answersSinceMs, wasOverdue ? nowMs : startedMs)
  }

  /** Whether Tencent has answered users after a canary that began at `startedMs`, whatever became of it. */
  answersSince(startedMs: number): boolean {
    return this.#answersSinceMs > startedMs
  }

  /** Counts an availability failure. @param isUnanswered the call ran into its deadline */
  noteFailure(startedMs: number, isUnanswered: boolean, nowMs: number): void {
    this.#calls.add('failure', nowMs)
    if (isUnanswered) this.#endedUnanswered = true
    this.#consecutiveFailures++
    this.#failingSinceMs ??= Math.max(startedMs, this.#lastSuccessMs ?? startedMs)
  }

  /** Counts a code 1, and learns the gap since the last one. */
  noteSuccess(nowMs: number): void {
    this.#calls.add('success', nowMs)
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

  /** Whether there are enough failures in a row, or enough by rate within the window. */
  thresholdsHold(nowMs: number): boolean {
    const { consecutiveFailures, failureRate, minimumCalls } = this.#thresholds
    if (this.#consecutiveFailures >= consecutiveFailures) return true
    const failure = this.#calls.count('failure', nowMs)
    const judged = this.#calls.count('success', nowMs) + failure
    return judged >= minimumCalls && failure >= failureRate * judged
  }

  /**
   * Whether users' calls have failed for long without a single code 1, and not because of throttling. The silence counts from
   * the first failure on: at night, or while the circuit was open, no call was made.
   */
  usersAloneAreFailing(nowMs: number): boolean {
    return this.silenceLeftMs(nowMs) <= 0 && !this.#isThrottled(nowMs)
  }

  /** How much longer there may be no code 1 until users alone are failing; infinite where no silence says so. */
  silenceLeftMs(nowMs: number): number {
    if (this.#gapsSeen < minimumGaps || this.#failingSinceMs === undefined) return Number.POSITIVE_INFINITY
    const neededMs = Math.max(minimumSilenceMs, silenceInMeanGaps * this.#meanGapMs)
    return this.#failingSinceMs + neededMs - nowMs
  }

  /** Forgets all but the usual gap; the pause until the next code 1 is no gap. */
  clear(): void {
    this.#calls.clear()
    this.#consecutiveFailures = 0
    this.#endedUnanswered = false
    this.#failingSinceMs = undefined
    this.#lastSuccessMs = undefined
  }

  #isThrottled(nowMs: number): boolean {
    const count = (kind: CallKind) => this.#calls.count(kind, nowMs)
    const throttled = count('throttled')
    const all = throttled + count('success') + count('failure') + count('neutral')
    return throttled > 0 && throttled >= maxThrottledShare * all
  }
}

function newCounts({ windowMs }: FailureThresholds): RollingCounts<CallKind> {
  return new RollingCounts(['success', 'failure', 'throttled', 'neutral'], windowMs, slotCount)
}
