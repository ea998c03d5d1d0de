import type { CallReport, CanaryReport } from '../../lib/admission/outcome.js'
import { Circuit, type CircuitConfig, type CircuitSettings } from '../../lib/site/circuit.js'
import type { Permit } from '../../lib/site/waiting-calls.js'
import { ManualClock } from '../support/manual-clock.js'

export const defaults: CircuitConfig = {
  consecutiveFailures: 5,
  failureRate: 0.5,
  minimumCalls: 20,
  windowMs: 10_000,
  canaryIntervalMs: 1000,
  canaryMaxIntervalMs: 8000,
}

export interface UnderTestOptions {
  readonly config?: Partial<CircuitConfig>
  readonly timeoutMs?: number
  readonly expectedPerMinute?: number
}

/** A call that was let through to Tencent. */
export interface Call {
  readonly permit: Permit
  readonly isReleased: () => boolean
  /** Returns whether the call is held until the canary's verdict. */
  answer(report: CallReport): boolean
}

/** The client that a call is made for. */
export interface Caller {
  readonly clientKey?: string
  readonly isKnown?: boolean
  readonly timeoutMs?: number
}

/** A circuit on a manual clock with a canary under the test's control: its report, its duration, and the times of its starts. */
export class CircuitUnderTest {
  readonly clock = new ManualClock()
  readonly circuit: Circuit
  /** Report of a canary, read when it ends. */
  canary: CanaryReport = 'healthy'
  canaryTakesMs = 10
  readonly canaryStartsMs: number[] = []
  /** Deadlines that canaries were given. */
  readonly canaryTimeoutsMs: number[] = []
  canariesRunning = 0
  mostCanariesAtOnce = 0
  changes = 0
  #callers = 0

  constructor(options: UnderTestOptions = {}) {
    this.circuit = new Circuit(
      this.clock,
      settingsOf(options),
      (timeoutMs, done) => this.#runCanary(timeoutMs, done),
      () => {
        this.changes++
      },
    )
  }

  configure(options: UnderTestOptions): void {
    this.circuit.configure(settingsOf(options))
  }

  get state(): string {
    const { state, why } = this.circuit.snapshot()
    return state === 'open' ? `open: ${why}` : state
  }

  /** A call to Tencent; fails the test when the circuit lets none through. */
  call(caller?: Caller): Call {
    const call = this.tryCall(caller)
    if (call === undefined) throw new Error('the circuit let no call through')
    return call
  }

  /** @param caller each call is another client's with history, unless told otherwise */
  tryCall({
    clientKey = `client ${this.#callers++}`,
    isKnown = true,
    timeoutMs = 2000,
  }: Caller = {}): Call | undefined {
    let isReleased = false
    const release = () => {
      isReleased = true
    }
    const permit = this.circuit.admit({ clientKey, isKnown, timeoutMs, release })
    if (permit === undefined) return undefined
    return { permit, isReleased: () => isReleased, answer: (report) => this.circuit.settle(permit, report) }
  }

  /** Calls answered at once; those that the circuit does not let through are left out. */
  answered(report: CallReport, times = 1): void {
    for (let time = 0; time < times; time++) this.tryCall()?.answer(report)
  }

  /** Verified passes, one after another. */
  async honestTraffic(passes: number, gapMs: number): Promise<void> {
    for (let pass = 0; pass < passes; pass++) {
      this.answered('success')
      await this.clock.advance(gapMs)
    }
  }

  advance(byMs: number): Promise<void> {
    return this.clock.advance(byMs)
  }

  #runCanary(timeoutMs: number, done: (report: CanaryReport) => void): () => void {
    this.canaryStartsMs.push(this.clock.nowMs())
    this.canaryTimeoutsMs.push(timeoutMs)
    this.canariesRunning++
    this.mostCanariesAtOnce = Math.max(this.mostCanariesAtOnce, this.canariesRunning)
    const end = (report: CanaryReport) => {
      this.canariesRunning--
      done(report)
    }
    const timer = this.clock.after(this.canaryTakesMs, () => end(this.canary))
    return () => {
      timer.cancel()
      end('unknown')
    }
  }
}

function settingsOf({ config, timeoutMs = 2000, expectedPerMinute }: UnderTestOptions): CircuitSettings {
  const suspicionMs = Math.min(500, timeoutMs / 2)
  return { config: { ...defaults, ...config }, suspicionMs, canaryTimeoutMs: timeoutMs, expectedPerMinute }
}
