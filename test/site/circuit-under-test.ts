import type { CircuitConfig } from '../../lib/options/config.js'
import type { CallReport, CanaryReport, Permit } from '../../lib/site/circuit.js'
import { Circuit } from '../../lib/site/circuit.js'
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
  answer(report: CallReport): void
}

/** A circuit on a manual clock, and the canary's side of it: what it answers, how long that takes, when it was asked. */
export class CircuitUnderTest {
  readonly clock = new ManualClock()
  readonly circuit: Circuit
  /** What canaries find when their answer comes. */
  canary: CanaryReport = 'healthy'
  canaryTakesMs = 10
  readonly canaryStartsMs: number[] = []
  canariesRunning = 0
  mostCanariesAtOnce = 0
  changes = 0

  constructor({ config, timeoutMs = 2000, expectedPerMinute }: UnderTestOptions = {}) {
    this.circuit = new Circuit({
      config: { ...defaults, ...config },
      suspicionMs: Math.min(500, timeoutMs / 2),
      expectedPerMinute,
      clock: this.clock,
      runCanary: (signal) => this.#runCanary(signal),
      onChange: () => {
        this.changes++
      },
    })
  }

  get state(): string {
    const { state, why } = this.circuit.snapshot()
    return state === 'open' ? `open: ${why}` : state
  }

  /** A call to Tencent; fails the test when the circuit lets none through. */
  call(): Call {
    const call = this.tryCall()
    if (call === undefined) throw new Error('the circuit let no call through')
    return call
  }

  tryCall(): Call | undefined {
    let isReleased = false
    const permit = this.circuit.admit(() => {
      isReleased = true
    })
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

  #runCanary(signal: AbortSignal): Promise<CanaryReport> {
    this.canaryStartsMs.push(this.clock.nowMs())
    this.canariesRunning++
    this.mostCanariesAtOnce = Math.max(this.mostCanariesAtOnce, this.canariesRunning)
    return new Promise((resolve) => {
      const end = (report: CanaryReport) => {
        this.canariesRunning--
        resolve(report)
      }
      const onAbort = () => {
        timer.cancel()
        end('unknown')
      }
      const timer = this.clock.after(this.canaryTakesMs, () => {
        signal.removeEventListener('abort', onAbort)
        end(this.canary)
      })
      signal.addEventListener('abort', onAbort)
    })
  }
}
