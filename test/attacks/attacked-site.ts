import { CaptchaGuardProcess, type SimulatedRequest } from '../../bench/outage-simulation/captcha-guard-process.js'
import { simulatedConfig } from '../../bench/outage-simulation/simulated-config.js'
import { TencentModel } from '../../bench/outage-simulation/tencent-model.js'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import { ClientPath } from '../../lib/site/client-path.js'

const minuteMs = 60_000
const users = 30_000
const botAddresses = 10_000

interface Stream {
  readonly perMinute: number
  /** Called for each arrival, with its number. */
  readonly arrive: (index: number) => void
}

/** Bots with made-up tickets, from addresses that bought solves before, or from others. */
export interface Bots {
  readonly perMinute: number
  readonly addresses: 'bought' | 'strangers'
  readonly ticket: 'fallback' | 'junk'
}

/** What passed in the attacked minutes. */
export interface Passed {
  readonly honestShare: number
  readonly botsInWorstMinute: number
}

/** A site of one process on a virtual clock; its users and its attackers arrive evenly spread over each minute. */
export class AttackedSite {
  readonly clock = new VirtualClock()
  readonly process: CaptchaGuardProcess
  isTencentUp = true
  /** Evidence from the same passes by the older rule, which expects the baseline alone. */
  readonly olderPath: ClientPath
  readonly #tencent = new TencentModel('api_hangs', Number.POSITIVE_INFINITY, () => 0.5)
  #tickets = 0
  #users = 0
  #strangers = 0

  constructor() {
    this.process = new CaptchaGuardProcess({
      clock: this.clock,
      config: simulatedConfig({}),
      store: undefined,
      askTencent: (ticket) => this.#tencent.ask(ticket, this.isTencentUp ? -1 : 0),
      canFetchScript: () => true,
    })
    const baseline = () => this.site.baselinePerMinute
    this.olderPath = new ClientPath({
      clock: this.clock,
      probe: () => undefined,
      expected: { evidentPerMinute: baseline, certainPerMinute: baseline },
      onChange: () => {},
    })
  }

  get site() {
    return this.process.services.site
  }

  /** Healthy minutes, in which some may buy solves. */
  healthy(minutes: number, perMinute: number, boughtPerMinute = 0): void {
    this.#run(minutes, [
      { perMinute, arrive: () => this.#verify(this.#nextUser()) },
      { perMinute: boughtPerMinute, arrive: (index) => this.#verify(`bought ${index % botAddresses}`) },
    ])
  }

  /** Users bring a ticket each, so many of ten of them with history; bots come beside them. */
  attacked(minutes: number, perMinute: number, knownOfTen: number, bots?: Bots): Passed {
    const honest = { asked: 0, passed: 0 }
    const botPasses = new Array<number>(minutes + 1).fill(0)
    const startMs = this.clock.nowMs()
    const askHonestly = (index: number) => {
      const clientKey = (index * 7) % 10 < knownOfTen ? this.#nextUser() : `new ${this.#strangers++}`
      honest.asked++
      this.#ask('genuine', clientKey, () => honest.passed++)
    }
    const askAsBot = (index: number) => {
      const { addresses, ticket } = bots as Bots
      this.#ask(ticket, `${addresses} ${index % botAddresses}`, () => {
        const minute = Math.floor((this.clock.nowMs() - startMs) / minuteMs)
        botPasses[minute] = (botPasses[minute] ?? 0) + 1
      })
    }
    this.#run(minutes, [
      { perMinute, arrive: askHonestly },
      { perMinute: bots?.perMinute ?? 0, arrive: askAsBot },
    ])
    this.#run(0.1, [])
    return { honestShare: honest.passed / honest.asked, botsInWorstMinute: Math.max(...botPasses) }
  }

  close(): void {
    this.process.close()
  }

  #nextUser(): string {
    return `user ${this.#users++ % users}`
  }

  #verify(clientKey: string): void {
    const { site } = this
    site.clientPath.noteTraffic(false)
    void site.recordVerified(`ticket ${this.#tickets++}`, clientKey)
    this.olderPath.noteVerified()
    site.refresh()
  }

  #ask(ticket: SimulatedRequest['ticket'], clientKey: string, onPassed: () => void): void {
    this.process.handle({ ticket, clientKey, ticketKey: `ticket ${this.#tickets++}` }, ({ verdict }) => {
      if (verdict.passed) onPassed()
      if (verdict.reason === 'verified') this.olderPath.noteVerified()
    })
  }

  #run(minutes: number, streams: readonly Stream[]): void {
    const startMs = this.clock.nowMs()
    const endMs = startMs + minutes * minuteMs
    const arrivals = streams
      .filter(({ perMinute }) => perMinute > 0)
      .map(({ perMinute, arrive }) => ({ gapMs: minuteMs / perMinute, arrive, index: 0 }))
    const dueMs = ({ gapMs, index }: { gapMs: number; index: number }) => startMs + (index + 0.5) * gapMs
    for (;;) {
      const next = [...arrivals].sort((a, b) => dueMs(a) - dueMs(b))[0]
      const untilMs = next === undefined ? endMs : Math.min(endMs, dueMs(next))
      while (this.clock.nextDueMs <= untilMs) this.clock.runNext()
      this.clock.moveTo(untilMs)
      if (untilMs >= endMs || next === undefined) return
      next.arrive(next.index++)
    }
  }
}
