import type { DegradationConfig } from '../../lib/options/config.js'
import type { CaptchaStore } from '../../lib/store/captcha-store.js'
import { memoryStore } from '../../lib/store/memory-store.js'
import { BotNet } from './bot-net.js'
import { CaptchaGuardProcess, repeatableHistory } from './captcha-guard-process.js'
import { combineResults } from './combine-results.js'
import { HonestUsers } from './honest-users.js'
import { RandomDraws } from './random-draws.js'
import type { RunResult } from './run-result.js'
import type { Scenario } from './scenario.js'
import { simulatedConfig } from './simulated-config.js'
import type { Site } from './sites.js'
import { Tally } from './tally.js'
import { TencentModel } from './tencent-model.js'
import { VirtualClock } from './virtual-clock.js'

const minuteMs = 60_000
/** Healthy minutes before the measured ones; in the last one every call goes to the model of Tencent. */
const warmUpMinutes = 22
const watchedMinutes = 1
/** Eight processes side by side cost so much that they learn no longer than they need to. */
const warmUpMinutesSideBySide = 7
/** In the warm-up promises may settle together, well before the store's deadline. */
const settleEveryMs = 100
/** Calls that began in the measured minutes have ended this long after them. */
const drainMs = 5_000

/** Its multiples spread the seeds evenly over the day. */
const goldenRatio = 0.618033988749895

/** Runs this package through a scenario, once. */
export async function simulateGuard(site: Site, scenario: Scenario, seed: number): Promise<RunResult> {
  const parts = partsOf(site, scenario, seed)
  const results: { result: RunResult; weight: number }[] = []
  for (const part of parts) {
    results.push({ result: await new GuardRun(site, scenario, part, seed).run(), weight: part.weight })
  }
  return combineResults(results)
}

/** Processes of a site that are simulated together, and how many like them there are. */
interface Part {
  readonly share: number
  readonly processes: number
  readonly botAddresses: number
  readonly weight: number
}

/**
 * With a store all processes run side by side and each request goes to any of them. Without one they know nothing of each
 * other, and the load balancer keeps a client's address at one of them: so they are alike and independent, one of them
 * stands for all, and the mean is the same. Bots at a single address meet one process; the other seven meet none.
 */
function partsOf({ processes }: Site, { store, bots }: Scenario, seed: number): readonly Part[] {
  const addresses = bots?.addresses ?? 0
  if (store || processes === 1) return [{ share: 1, processes, botAddresses: addresses, weight: 1 }]
  const share = 1 / processes
  if (addresses === 1) {
    return [
      { share, processes: 1, botAddresses: 1, weight: 1 },
      { share, processes: 1, botAddresses: 0, weight: processes - 1 },
    ]
  }
  const botAddresses = Math.floor(addresses * share) + (seed % 2 === 0 ? Math.ceil((addresses * share) % 1) : 0)
  return [{ share, processes: 1, botAddresses, weight: processes }]
}

class GuardRun {
  readonly #scenario: Scenario
  readonly #clock = new VirtualClock()
  readonly #draws: RandomDraws
  readonly #config: DegradationConfig
  readonly #tencent: TencentModel
  readonly #honest: HonestUsers
  readonly #bots: BotNet | undefined
  readonly #buyers: BotNet | undefined
  readonly #store: CaptchaStore | undefined
  readonly #startMs: number
  readonly #endMs: number
  readonly #tally: Tally
  readonly #processCount: number
  #processes: readonly CaptchaGuardProcess[]
  #tickets = 0

  constructor(site: Site, scenario: Scenario, part: Part, seed: number) {
    this.#scenario = scenario
    const draws = new RandomDraws(seed)
    this.#draws = draws
    this.#config = degradationConfig(site, scenario, part)
    const quotaPerSecond =
      scenario.quotaFactor === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(20, (scenario.quotaFactor * site.normalPerMinute * part.share) / 60)
    this.#tencent = new TencentModel(scenario.fault, quotaPerSecond, draws.uniform)
    const { historyShare, withoutScript } = scenario
    const dayPhase = (seed * goldenRatio) % 1
    this.#honest = new HonestUsers({ site, share: part.share, historyShare, withoutScript, dayPhase, draws })
    this.#bots = this.#botNet(site, part, scenario.bots?.rateFactor)
    this.#buyers = this.#botNet(site, part, scenario.bots?.boughtFactor)
    this.#store = scenario.store ? memoryStore({ clock: this.#clock, newHistory: repeatableHistory }) : undefined
    this.#startMs = (part.processes > 1 ? warmUpMinutesSideBySide : warmUpMinutes) * minuteMs
    this.#endMs = this.#startMs + scenario.minutes * minuteMs
    this.#tally = new Tally(this.#startMs, scenario.minutes)
    this.#processes = []
    this.#processCount = part.processes
  }

  async run(): Promise<RunResult> {
    const { restartAfterMinutes } = this.#scenario
    this.#processes = this.#startProcesses()
    if (restartAfterMinutes !== undefined) {
      this.#clock.after(this.#startMs + restartAfterMinutes * minuteMs, () => this.#restart())
    }
    await this.#stream(0, this.#startMs - watchedMinutes * minuteMs, {
      honest: () => this.#warmUp(),
      bots: this.#buyers,
      onBot: () => this.#buy(),
    })
    await this.#stream(this.#clock.nowMs(), this.#startMs, {
      honest: () => this.#handleHonest(),
      bots: this.#buyers,
      onBot: () => this.#buy(),
    })
    this.#honest.startMeasuring()
    const normalPerMinute = this.#honest.perMinute(this.#startMs + (this.#scenario.minutes * minuteMs) / 2)
    await this.#stream(this.#startMs, this.#endMs, {
      honest: () => this.#handleHonest(),
      bots: this.#bots,
      onBot: () => this.#handleBot(),
    })
    await this.#runEvents(this.#endMs + drainMs)
    for (const process of this.#processes) process.close()
    return this.#tally.result(normalPerMinute)
  }

  #botNet(site: Site, { botAddresses }: Part, factor: number | undefined): BotNet | undefined {
    const { bots } = this.#scenario
    if (bots === undefined || factor === undefined || botAddresses === 0) return undefined
    const perMinute = (factor * site.normalPerMinute * botAddresses) / bots.addresses
    return new BotNet({ addresses: botAddresses, perMinute, config: this.#config, draws: this.#draws })
  }

  #startProcesses(): readonly CaptchaGuardProcess[] {
    return Array.from({ length: this.#processCount }, () => {
      return new CaptchaGuardProcess({
        clock: this.#clock,
        config: this.#config,
        store: this.#store,
        askTencent: (ticket) => this.#tencent.ask(ticket, this.#clock.nowMs() - this.#startMs),
        canFetchScript: () => !this.#scenario.probeFails || this.#clock.nowMs() < this.#startMs,
      })
    })
  }

  #restart(): void {
    for (const process of this.#processes) process.close()
    this.#processes = this.#startProcesses()
  }

  /** Honest users and bots, each a Poisson stream, between the events that they cause. */
  async #stream(
    fromMs: number,
    untilMs: number,
    arrivals: { honest: () => void; bots: BotNet | undefined; onBot: () => number },
  ): Promise<void> {
    const clock = this.#clock
    let settleAtMs = 0
    let nextHonestMs = this.#honest.nextMs(fromMs)
    let nextBotMs = arrivals.bots?.nextMs(fromMs) ?? Number.POSITIVE_INFINITY
    for (;;) {
      const nextMs = Math.min(nextHonestMs, nextBotMs)
      if (clock.nextDueMs <= Math.min(nextMs, untilMs)) {
        clock.runNext()
      } else if (nextMs > untilMs) {
        clock.moveTo(untilMs)
        return
      } else if (nextHonestMs <= nextBotMs) {
        clock.moveTo(nextHonestMs)
        arrivals.honest()
        nextHonestMs = this.#honest.nextMs(nextHonestMs)
      } else {
        clock.moveTo(nextBotMs)
        const jumpToMs = arrivals.onBot()
        nextBotMs = arrivals.bots?.nextMs(jumpToMs) ?? Number.POSITIVE_INFINITY
      }
      if (this.#store !== undefined && clock.nowMs() >= settleAtMs) {
        await promisesSettled()
        settleAtMs = clock.nowMs() + this.#settlingDelayMs()
      }
    }
  }

  /** Before the last minute of the warm-up no request waits for the store. */
  #settlingDelayMs(): number {
    return this.#clock.nowMs() < this.#startMs - watchedMinutes * minuteMs ? settleEveryMs : 0
  }

  async #runEvents(untilMs: number): Promise<void> {
    while (this.#clock.nextDueMs <= untilMs) {
      this.#clock.runNext()
      if (this.#store !== undefined) await promisesSettled()
    }
  }

  #anyProcess(): CaptchaGuardProcess {
    const index = this.#processCount === 1 ? 0 : this.#draws.below(this.#processCount)
    return this.#processes[index] as CaptchaGuardProcess
  }

  #warmUp(): void {
    const { clientKey } = this.#honest.next()
    this.#anyProcess().warmUp({ ticket: 'genuine', clientKey, ticketKey: this.#newTicket() })
  }

  #buy(): number {
    const buyers = this.#buyers
    if (buyers !== undefined) {
      const clientKey = buyers.clientKey(buyers.pickAddress())
      this.#anyProcess().warmUp({ ticket: 'genuine', clientKey, ticketKey: this.#newTicket() })
    }
    return this.#clock.nowMs()
  }

  #handleHonest(): void {
    const request = this.#honest.next()
    const arrivedMs = this.#clock.nowMs()
    const ticket = request.hasScript ? 'genuine' : 'fallback'
    this.#anyProcess().handle(
      { ticket, clientKey: request.clientKey, ticketKey: this.#newTicket() },
      ({ verdict: { passed } }) => this.#tally.honest(request, arrivedMs, passed, this.#clock.nowMs() - arrivedMs),
    )
  }

  /** Returns from when on the next bot arrives. */
  #handleBot(): number {
    const nowMs = this.#clock.nowMs()
    const { bots } = this.#scenario
    const net = this.#bots
    if (bots === undefined || net === undefined) return nowMs
    this.#tally.botsAsked(1)
    const process = this.#anyProcess()
    const address = net.pickAddress()
    const purse = process.purseWithoutAsking(bots.ticket)
    const canSkip = purse !== undefined && this.#buyers === undefined && this.#store === undefined
    if (canSkip) {
      const untilMs = net.isAtLimit(address, purse, nowMs)
        ? net.allAtLimitUntilMs(purse, nowMs)
        : net.emptyUntilMs(purse, nowMs)
      if (untilMs > nowMs || net.isAtLimit(address, purse, nowMs)) return this.#skip(net, process, untilMs)
    }
    const request = { ticket: bots.ticket, clientKey: net.clientKey(address), ticketKey: this.#newTicket() }
    process.handle(request, ({ verdict, trace: { purse: drawnOn, exhaustedBy } }) => {
      if (verdict.passed) this.#tally.botPassed(nowMs)
      if (drawnOn === undefined) return
      if (verdict.passed) {
        net.notePass(address, drawnOn, this.#clock.nowMs(), process.strangerTokenMs(drawnOn))
      } else if (canSkip && exhaustedBy === 'total') {
        net.noteRefused(drawnOn, this.#clock.nowMs(), process.strangerTokenMs(drawnOn))
      }
    })
    return nowMs
  }

  /** Bots that ask meanwhile keep the script's probe going, refused or not. */
  #skip(net: BotNet, process: CaptchaGuardProcess, untilMs: number): number {
    const jumpToMs = Math.min(this.#endMs, untilMs)
    process.noteTraffic(this.#scenario.bots?.ticket === 'fallback')
    this.#tally.botsAsked(net.skipped(jumpToMs - this.#clock.nowMs()))
    return jumpToMs
  }

  #newTicket(): string {
    return `ticket ${this.#tickets++}`
  }
}

/** The defaults, but for what the scenario is about. */
function degradationConfig(site: Site, scenario: Scenario, part: Part): DegradationConfig {
  const { expectsRate, baselineFactor, store } = scenario
  // Without a store a process cannot know how many there are: the operator divides.
  const expectedPerMinute = store ? site.normalPerMinute : site.normalPerMinute * part.share
  return simulatedConfig({
    ...(expectsRate && { expectedPerMinute }),
    ...(baselineFactor !== undefined && { outage: { total: { baselineFactor, floorPerMinute: 0 } } }),
  })
}

/** As many turns as the longest chain of promises between a request and the store. */
async function promisesSettled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await undefined
}
