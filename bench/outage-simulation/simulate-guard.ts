import type { Decision, PurseName } from '../../lib/admission/question.js'
import type { DegradationConfig } from '../../lib/options/config.js'
import type { CaptchaStore } from '../../lib/store/captcha-store.js'
import { memoryStore } from '../../lib/store/memory-store.js'
import { BotCrew } from './bot-crew.js'
import { BotNet } from './bot-net.js'
import { CaptchaGuardProcess, repeatableHistory } from './captcha-guard-process.js'
import { combineResults } from './combine-results.js'
import { type HonestRequest, HonestUsers } from './honest-users.js'
import { RandomDraws } from './random-draws.js'
import type { RunResult } from './run-result.js'
import type { Scenario } from './scenario.js'
import { simulatedConfig } from './simulated-config.js'
import type { Site } from './sites.js'
import { type HonestKind, Tally } from './tally.js'
import { TencentModel } from './tencent-model.js'
import { VirtualClock } from './virtual-clock.js'

const minuteMs = 60_000
/** Healthy minutes before the measured ones. */
const warmUpMinutes = 22
/** The last of them, in which every call goes to the model of Tencent; on a quiet site all, so that it learns how long answers take. */
const watchedMinutes = 1
const quietPerMinute = 30
/** Eight processes side by side cost so much that they learn no longer than they need to. */
const warmUpMinutesSideBySide = 7
/** In the warm-up promises may settle together, well before the store's deadline. */
const settleEveryMs = 100
/** Calls that began in the measured minutes have ended this long after them. */
const drainMs = 5_000
/** A process that has just started has seen nothing. */
const freshStartMs = 1_000
/** Tencent's own names of the mainland, which the package asks by default, are three. */
const siblings = 2
/** They are renewed after 24 minutes, in the measured ones, and last until the 30th. */
const keysLastMs = 30 * minuteMs

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

/** Arrivals at random times. */
interface Arrivals {
  nextMs(nowMs: number): number
  /** Returns from when on the next one comes. */
  arrive(): number
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
  readonly #crews: readonly BotCrew[]
  readonly #store: CaptchaStore | undefined
  /** Where the hours before end. */
  readonly #beforeMs: number
  readonly #watchedMs: number
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
    const minutes = part.processes > 1 ? warmUpMinutesSideBySide : warmUpMinutes
    this.#beforeMs = scenario.hoursBefore * 60 * minuteMs
    this.#startMs = scenario.burst === undefined ? this.#beforeMs + minutes * minuteMs : freshStartMs
    const isQuiet = site.normalPerMinute * part.share < quietPerMinute
    this.#watchedMs = isQuiet ? this.#beforeMs : this.#startMs - watchedMinutes * minuteMs
    this.#endMs = this.#startMs + scenario.minutes * minuteMs
    const { visitors, withoutScript, peak } = scenario
    const dayPhase = (seed * goldenRatio) % 1
    const { share } = part
    this.#honest = new HonestUsers({
      site,
      share,
      visitors,
      withoutScript,
      dayPhase,
      startMs: this.#startMs,
      peak,
      draws,
    })
    this.#bots = this.#botNet(site, part, scenario.bots?.rateFactor)
    this.#buyers = this.#botNet(site, part, scenario.bots?.boughtFactor)
    this.#crews = this.#botCrews(site, part)
    this.#store = scenario.store ? memoryStore({ clock: this.#clock, newHistory: repeatableHistory }) : undefined
    this.#tally = new Tally(this.#startMs, scenario.minutes)
    this.#processes = []
    this.#processCount = part.processes
  }

  async run(): Promise<RunResult> {
    const { restartAfterMinutes, burst } = this.#scenario
    this.#processes = this.#startProcesses()
    if (restartAfterMinutes !== undefined) {
      this.#clock.after(this.#startMs + restartAfterMinutes * minuteMs, () => this.#restart())
    }
    if (burst === undefined) await this.#learn()
    else await this.#stream(0, this.#startMs, [])
    this.#honest.startMeasuring()
    if (this.#scenario.overridePass) this.#overridePass()
    const normalPerMinute = this.#honest.perMinute(this.#startMs + (this.#scenario.minutes * minuteMs) / 2)
    for (let request = 0; request < (burst ?? 0); request++) this.#handleHonest()
    await this.#stream(this.#startMs, this.#endMs, burst === undefined ? this.#measured() : [])
    await this.#runEvents(this.#endMs + drainMs)
    for (const process of this.#processes) process.close()
    return this.#tally.result(normalPerMinute)
  }

  #overridePass(): void {
    const state = { mode: 'pass', by: 'simulation', leftMs: this.#scenario.minutes * minuteMs } as const
    for (const { services } of this.#processes) services.site.setOverride(state)
  }

  /** What the processes have seen before. */
  async #learn(): Promise<void> {
    const buyers = this.#buyers
    const buying = buyers && {
      nextMs: (nowMs: number) => buyers.nextMs(nowMs),
      arrive: () => this.#warmUp(buyers.clientKey(buyers.pickAddress())),
    }
    this.#liveThroughHours()
    await this.#stream(this.#clock.nowMs(), this.#watchedMs, [this.#honestArrivals(() => this.#warmUpHonest()), buying])
    for (const { keys } of this.#crews) for (const key of keys) this.#warmUp(key)
    await this.#stream(this.#clock.nowMs(), this.#startMs, [this.#honestArrivals(() => this.#handleHonest()), buying])
  }

  /** So many verified passes in each minute as the site usually has, for its reference; by no user who comes back. */
  #liveThroughHours(): void {
    for (let nowMs = 0; nowMs < this.#beforeMs; nowMs += minuteMs) {
      this.#clock.moveTo(nowMs)
      const passes = this.#draws.arrivals(this.#honest.perMinute(nowMs))
      for (let pass = 0; pass < passes; pass++) this.#warmUp(`earlier ${pass}`)
      while (this.#clock.nextDueMs <= nowMs + minuteMs) this.#clock.runNext()
    }
    this.#clock.moveTo(this.#beforeMs)
  }

  #measured(): readonly (Arrivals | undefined)[] {
    const bots = this.#bots
    return [
      this.#honestArrivals(() => this.#handleHonest()),
      bots && { nextMs: (nowMs) => bots.nextMs(nowMs), arrive: () => this.#handleBot(bots) },
      ...this.#crews.map((crew) => ({
        nextMs: (nowMs: number) => crew.nextMs(nowMs),
        arrive: () => this.#handleKnownBot(crew.anyKey()),
      })),
    ]
  }

  #honestArrivals(arrive: () => number): Arrivals {
    return { nextMs: (nowMs) => this.#honest.nextMs(nowMs), arrive }
  }

  #botNet(site: Site, { botAddresses }: Part, factor: number | undefined): BotNet | undefined {
    const { bots } = this.#scenario
    if (bots === undefined || factor === undefined || botAddresses === 0) return undefined
    const perMinute = (factor * site.normalPerMinute * botAddresses) / bots.addresses
    return new BotNet({ addresses: botAddresses, perMinute, config: this.#config, draws: this.#draws })
  }

  #botCrews(site: Site, { share }: Part): readonly BotCrew[] {
    const { bots } = this.#scenario
    if (bots === undefined) return []
    const { boughtKeys, isBehindNat, rateFactor, addresses } = bots
    const crews: BotCrew[] = []
    if (boughtKeys) {
      const count = Math.ceil(boughtKeys.count * share)
      crews.push(BotCrew.ofBoughtKeys(boughtKeys, count, this.#startMs, this.#draws))
    }
    if (isBehindNat) {
      const perMinuteEach = (rateFactor * site.normalPerMinute) / addresses
      crews.push(BotCrew.behindCarriers(this.#honest.carriers, perMinuteEach, this.#startMs, this.#draws))
    }
    return crews
  }

  #startProcesses(): readonly CaptchaGuardProcess[] {
    return Array.from({ length: this.#processCount }, () => {
      return new CaptchaGuardProcess({
        clock: this.#clock,
        config: this.#config,
        store: this.#store,
        askTencent: (ticket, host) => this.#tencent.ask(ticket, this.#clock.nowMs() - this.#startMs, host),
        siblings,
        canFetchScript: () => !this.#scenario.probeFails || this.#clock.nowMs() < this.#startMs,
        credential: this.#scenario.fault === 'keys_missing' ? this.#keysUntilFault() : undefined,
      })
    })
  }

  #restart(): void {
    for (const process of this.#processes) process.close()
    this.#processes = this.#startProcesses()
  }

  #keysUntilFault() {
    const isBroken = () => this.#clock.nowMs() >= this.#startMs
    return {
      getCredential: async () => {
        if (isBroken()) throw new Error('the metadata service does not answer')
        return { secretId: 'id', secretKey: 'key', expiresAtMs: this.#clock.epochMs() + keysLastMs }
      },
    }
  }

  /** Honest users and bots, each a Poisson stream, between the events that they cause. */
  async #stream(fromMs: number, untilMs: number, all: readonly (Arrivals | undefined)[]): Promise<void> {
    const clock = this.#clock
    const streams = all
      .filter((arrivals) => arrivals !== undefined)
      .map((arrivals) => ({ arrivals, nextMs: arrivals.nextMs(fromMs) }))
    const waits = this.#store !== undefined || this.#scenario.fault === 'keys_missing'
    let settleAtMs = 0
    for (;;) {
      let first = streams[0]
      for (const stream of streams) if (first === undefined || stream.nextMs < first.nextMs) first = stream
      const nextMs = first?.nextMs ?? Number.POSITIVE_INFINITY
      if (clock.nextDueMs <= Math.min(nextMs, untilMs)) {
        clock.runNext()
      } else if (first === undefined || nextMs > untilMs) {
        clock.moveTo(untilMs)
        return
      } else {
        clock.moveTo(nextMs)
        first.nextMs = first.arrivals.nextMs(first.arrivals.arrive())
      }
      if (waits && clock.nowMs() >= settleAtMs) {
        await promisesSettled()
        settleAtMs = clock.nowMs() + this.#settlingDelayMs()
      }
    }
  }

  /** Before the last minute of the warm-up no request waits for the store. */
  #settlingDelayMs(): number {
    return this.#clock.nowMs() < this.#watchedMs ? settleEveryMs : 0
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

  /** A verified pass that is not looked at. */
  #warmUp(clientKey: string, knownAs?: string): number {
    this.#anyProcess().warmUp({ ticket: 'genuine', clientKey, knownAs, ticketKey: this.#newTicket() })
    return this.#clock.nowMs()
  }

  #warmUpHonest(): number {
    const request = this.#honest.next()
    return this.#warmUp(request.clientKey, this.#knownAs(request))
  }

  #knownAs({ identity }: HonestRequest): string | undefined {
    return this.#scenario.knownAs ? identity : undefined
  }

  #handleHonest(): number {
    const request = this.#honest.next()
    const arrivedMs = this.#clock.nowMs()
    const { clientKey, hasScript } = request
    this.#tally.arrives(arrivedMs)
    const kind = this.#kindOf(request)
    const knownAs = this.#knownAs(request)
    this.#anyProcess().handle(
      { ticket: hasScript ? 'genuine' : 'fallback', clientKey, knownAs, ticketKey: this.#newTicket() },
      ({ verdict: { passed, degraded } }) => {
        const verified = passed && !degraded
        this.#tally.honest(kind, arrivedMs, { passed, verified, tookMs: this.#clock.nowMs() - arrivedMs })
      },
    )
    return arrivedMs
  }

  #kindOf({ identity, isAddressKnown, hasScript }: HonestRequest): HonestKind {
    const isReturning = identity !== undefined
    return { isKnown: isAddressKnown || (this.#scenario.knownAs && isReturning), isReturning, hasScript }
  }

  /** Returns from when on the next bot arrives. */
  #handleBot(net: BotNet): number {
    const nowMs = this.#clock.nowMs()
    const { bots } = this.#scenario
    if (bots === undefined) return nowMs
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
    this.#ask(process, net.clientKey(address), ({ verdict, trace: { purse: drawnOn, exhaustedBy } }) => {
      if (drawnOn === undefined) return
      if (verdict.passed) {
        net.notePass(address, drawnOn, this.#clock.nowMs(), this.#botTokenMs(process, drawnOn))
      } else if (canSkip && exhaustedBy === 'total') {
        net.noteRefused(drawnOn, this.#clock.nowMs(), this.#botTokenMs(process, drawnOn))
      }
    })
    return nowMs
  }

  #handleKnownBot(clientKey: string): number {
    this.#tally.botsAsked(1)
    this.#ask(this.#anyProcess(), clientKey, () => {})
    return this.#clock.nowMs()
  }

  #ask(process: CaptchaGuardProcess, clientKey: string, note: (decision: Decision) => void): void {
    const { bots } = this.#scenario
    if (bots === undefined) return
    const arrivedMs = this.#clock.nowMs()
    this.#tally.arrives(arrivedMs)
    const request = { ticket: bots.ticket, clientKey, ticketKey: this.#newTicket() }
    const hangUp = process.handle(request, (decision) => {
      if (decision.verdict.passed) this.#tally.botPassed(arrivedMs)
      note(decision)
    })
    if (bots.hangUpAfterMs !== undefined) this.#clock.after(bots.hangUpAfterMs, hangUp)
  }

  /**
   * Bots without history have half of a total, which earns a token in twice the time. Where keys with history may empty the other
   * half, it may be the whole that refuses them, and that is filled again sooner.
   */
  #botTokenMs(process: CaptchaGuardProcess, purse: PurseName): number {
    return (this.#crews.length === 0 ? 2 : 1) * process.tokenMs(purse)
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
  const { expectedFactor, floorFactor, baselineFactor, store } = scenario
  // Without a store a process cannot know how many there are: the operator divides.
  const ownPerMinute = store ? site.normalPerMinute : site.normalPerMinute * part.share
  return simulatedConfig({
    ...(expectedFactor !== undefined && { expectedPerMinute: expectedFactor * ownPerMinute }),
    ...(floorFactor !== undefined && { outage: { total: { floorPerMinute: floorFactor * ownPerMinute } } }),
    ...(baselineFactor !== undefined && { outage: { total: { baselineFactor, floorPerMinute: 0 } } }),
  })
}

/** As many turns as the longest chain of promises between a request and the store. */
async function promisesSettled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await undefined
}
