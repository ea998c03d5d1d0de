import { expect, jest, test } from '@jest/globals'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import { canaryReport, circuitReport } from '../../lib/admission/outcome.js'
import { SiteServices } from '../../lib/guard/site-services.js'
import { parseOptions } from '../../lib/options/config.js'
import { seededRandom } from '../../lib/simulator/fault-schedule.js'
import { classifyReply } from '../../lib/tencent/classify-reply.js'
import { withPatientDeadline } from '../../lib/tencent/patient-deadline.js'
import type { Upstream } from '../../lib/tencent/upstream.js'
import { type StartCall, withDeadline } from '../../lib/tencent/with-deadline.js'

jest.setTimeout(60_000)

const hourMs = 3_600_000
const timeoutMs = 2000
const idleSocketMs = 10_000
const ignore = () => {}

/** The way to a healthy Tencent, and the machine that takes it. */
interface Line {
  readonly roundTripMs: number
  /** Seconds between two pauses of the event loop of 300 ms each, at random times. */
  readonly pauseEverySeconds: number
  readonly callsPerSecond: number
}

const farOnBusyMachine: Line = { roundTripMs: 200, pauseEverySeconds: 2, callsPerSecond: 3 }
/** Here an answer usually takes so little that a call is suspect long before half a second. */
const near: Line = { roundTripMs: 2, pauseEverySeconds: 120, callsPerSecond: 3 }
const nearAndQuiet: Line = { roundTripMs: 2, pauseEverySeconds: 5, callsPerSecond: 1 / 10 }

/** An hour of healthy traffic. */
class HealthyHour {
  readonly clock = new VirtualClock()
  readonly #line: Line
  readonly #random: () => number
  readonly #idleSinceMs: number[] = []
  readonly services: SiteServices
  readonly canaries: string[] = []
  readonly causes: Record<string, number> = {}
  readonly alarms = new Set<string>()
  synLosses = 0
  isUp = true

  constructor(line: Line, seed: number) {
    this.#line = line
    this.#random = seededRandom(seed)
    const { degradation } = parseOptions({
      captchaAppId: 1,
      appSecretKey: 'stub',
      credential: { secretId: 'stub', secretKey: 'stub' },
    })
    const calls = this.#upstream(withDeadline, true)
    const canary = this.#upstream(withPatientDeadline, false)
    this.services = new SiteServices({
      captchaAppId: 1,
      channel: 'web',
      clock: this.clock,
      settings: {
        config: degradation.circuit,
        suspicionMs: 500,
        expectedPerMinute: undefined,
        maxInFlight: 2048,
        probe: false,
        store: undefined,
        canaryTimeoutMs: timeoutMs,
        lateVerification: false,
      },
      upstreams: { calls, canary, isCanaryApart: true, credential: () => ({ source: 'fixed' }), close: ignore },
      runProbe: () => ignore,
      announce: {
        ...{ event: ignore, override: ignore, state: ignore, call: ignore },
        canary: (reply) => this.canaries.push(canaryReport(reply)),
      },
    })
  }

  /** Runs the site for a while. */
  async run(forMs: number): Promise<void> {
    const { clock } = this
    const endMs = clock.nowMs() + forMs
    const repeat = (perSecond: number, what: () => void) => {
      clock.after(Math.ceil((-Math.log(1 - this.#random()) * 1000) / perSecond), () => {
        if (clock.nowMs() < endMs) repeat(perSecond, what)
        what()
      })
    }
    repeat(this.#line.callsPerSecond, () => this.#call())
    repeat(1 / this.#line.pauseEverySeconds, () => clock.moveTo(clock.nowMs() + 300))
    while (clock.nextDueMs < endMs) {
      clock.runNext()
      await new Promise<void>((resolve) => process.nextTick(resolve))
      const { circuit } = this.services.site
      if (circuit.state === 'open') this.alarms.add(`open: ${circuit.why}`)
      if (circuit.evidence() === 'outage') this.alarms.add('evidence')
    }
  }

  #call(): void {
    const { circuit } = this.services.site
    let giveUp = ignore
    const permit = circuit.admit({ clientKey: 'known', isKnown: true, timeoutMs, release: () => giveUp() })
    if (permit === undefined) return
    giveUp = this.services.endpoints.inUse.ways.calls.verify(
      { channel: 'web', ticket: 't', randstr: 'r', userIp: 'i' },
      timeoutMs,
      (result) => {
        const reply = classifyReply(result, 'web')
        const name = reply.kind === 'degraded' ? reply.cause : reply.kind
        this.causes[name] = (this.causes[name] ?? 0) + 1
        circuit.settle(permit, circuitReport(reply))
      },
    )
  }

  #upstream(run: typeof withDeadline, keepsAlive: boolean): Upstream {
    return {
      verify: (_, deadlineMs, done) => run(this.#start(keepsAlive), deadlineMs, this.clock, done),
    }
  }

  #start(keepsAlive: boolean): StartCall {
    return (done) => {
      const takesMs = this.#connectMs(keepsAlive) + this.#line.roundTripMs + this.#latencyMs()
      const answered = this.clock.after(this.isUp ? takesMs : Number.POSITIVE_INFINITY, () => {
        if (keepsAlive) this.#idleSinceMs.push(this.clock.nowMs())
        done({ kind: 'sdk_result', result: { CaptchaCode: 1 } })
      })
      return { stop: () => answered.cancel(), overdue: (loopBlocked) => ({ kind: 'timeout', loopBlocked }) }
    }
  }

  /** Two round trips, TCP and TLS; one SYN in a thousand is sent again after one second, and then after two more. */
  #connectMs(keepsAlive: boolean): number {
    const idleSinceMs = keepsAlive ? this.#idleSinceMs.pop() : undefined
    if (idleSinceMs !== undefined && this.clock.nowMs() - idleSinceMs < idleSocketMs) return 0
    const isLost = () => this.#random() < 1 / 1000
    const { roundTripMs } = this.#line
    if (!isLost()) return 2 * roundTripMs
    this.synLosses++
    return 2 * roundTripMs + (isLost() ? 3000 : 1000)
  }

  /** Log-normal around 50 ms, σ 0.6. */
  #latencyMs(): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random())
    return Math.round(50 * Math.exp(0.6 * normal))
  }
}

test.each([
  ['from far away, on a machine that pauses', farOnBusyMachine, 20],
  ['from nearby, where a call is soon suspect', near, 20],
  ['of a quiet site', nearAndQuiet, 40],
])('hours of healthy traffic over a poor line raise no alarm: %s', async (_, line, hours) => {
  let synLosses = 0
  let canaries = 0
  for (let seed = 1; seed <= hours; seed++) {
    const hour = new HealthyHour(line, seed)
    await hour.run(hourMs)
    synLosses += hour.synLosses
    canaries += hour.canaries.length
    expect([seed, ...hour.alarms]).toEqual([seed])
    expect(hour.causes.verified).toBeGreaterThan(3000 * line.callsPerSecond)
  }
  expect(synLosses).toBeGreaterThan(0)
  expect(canaries).toBeGreaterThan(20)
})

test('a call is suspect sooner where answers usually take little', async () => {
  const hour = new HealthyHour(near, 1)
  const { limits } = hour.services.site.circuit
  expect(limits.suspicionMs).toBe(500)
  await hour.run(60_000)
  expect(limits.suspicionMs).toBeLessThan(400)
})

test.each([
  ['from far away', farOnBusyMachine],
  ['from nearby', near],
])('the same site sees an outage: %s', async (_, line) => {
  const hour = new HealthyHour(line, 1)
  await hour.run(60_000)
  hour.isUp = false
  await hour.run(10_000)
  expect([...hour.alarms]).toEqual(['open: canary_failed', 'evidence'])
})
