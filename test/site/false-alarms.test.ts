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
const roundTripMs = 200
const idleSocketMs = 10_000
const ignore = () => {}

/** A site whose Tencent is far away and healthy, on a machine whose event loop pauses now and then. */
class HealthyHour {
  readonly clock = new VirtualClock()
  readonly #random: () => number
  readonly #idleSinceMs: number[] = []
  readonly services: SiteServices
  readonly canaries: string[] = []
  readonly causes: Record<string, number> = {}
  readonly alarms = new Set<string>()
  synLosses = 0
  isUp = true

  constructor(seed: number) {
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
      announce: { event: ignore, override: ignore, canary: (reply) => this.canaries.push(canaryReport(reply)) },
    })
  }

  /** Runs the site for a while: three calls a second, and a pause of 300 ms every two seconds, at random times each. */
  async run(forMs: number): Promise<void> {
    const { clock } = this
    const endMs = clock.nowMs() + forMs
    const repeat = (perSecond: number, what: () => void) => {
      clock.after(Math.ceil((-Math.log(1 - this.#random()) * 1000) / perSecond), () => {
        if (clock.nowMs() < endMs) repeat(perSecond, what)
        what()
      })
    }
    repeat(3, () => this.#call())
    repeat(1 / 2, () => clock.moveTo(clock.nowMs() + 300))
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
    const permit = circuit.admit({ clientKey: 'known', isKnown: true, release: () => giveUp() })
    if (permit === undefined) return
    giveUp = this.services.upstream.verify(
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
      const takesMs = this.#connectMs(keepsAlive) + roundTripMs + this.#latencyMs()
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

test('hours of healthy traffic over a poor line, on a machine that pauses, raise no alarm', async () => {
  let synLosses = 0
  for (let seed = 1; seed <= 20; seed++) {
    const hour = new HealthyHour(seed)
    await hour.run(hourMs)
    synLosses += hour.synLosses
    expect([seed, ...hour.alarms, ...new Set(hour.canaries)]).toEqual([seed, 'healthy'])
    expect(hour.canaries.length).toBeGreaterThan(100)
    expect(hour.causes.verified).toBeGreaterThan(10_000)
  }
  expect(synLosses).toBeGreaterThan(0)
})

test('the same site sees an outage', async () => {
  const hour = new HealthyHour(1)
  await hour.run(60_000)
  hour.isUp = false
  await hour.run(10_000)
  expect([...hour.alarms]).toEqual(['open: canary_failed', 'evidence'])
})
