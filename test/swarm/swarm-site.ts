import {
  CaptchaGuardProcess,
  repeatableHistory,
  type SimulatedRequest,
} from '../../bench/outage-simulation/captcha-guard-process.js'
import { RandomDraws } from '../../bench/outage-simulation/random-draws.js'
import type { Answer, AskedTicket } from '../../bench/outage-simulation/tencent-model.js'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import type { Decision } from '../../lib/admission/question.js'
import type { DecisionPolicy } from '../../lib/guard/pending-decision.js'
import { memoryStore } from '../../lib/store/memory-store.js'
import { faultyStore } from './faulty-store.js'
import { PassBook } from './pass-book.js'
import { type Attack, during, type Plan, type TencentFault, type Window } from './plan.js'
import { SkewedClock } from './skewed-clock.js'
import { TencentBySeed } from './tencent-by-seed.js'

const minuteMs = 60_000
const replayMs = 300_000
/** Late tickets live five minutes, and windows are ten minutes at most. */
const drainMs = 15 * minuteMs
/** Promised: an open circuit closes so long after Tencent is back. */
const closesWithinMs = 15_000
/**
 * Where the canary is healthy and users fail, only a user's call can close the circuit: a client key probes once a minute, and so
 * many gaps bring one for certain.
 */
const usersCloseWithinMs = closesWithinMs + minuteMs
const certainGaps = 15
/** A canary that began in the fault may fail so long after it. */
const lastFailureMs = 3500
/** How long two failed canaries are evidence of a brown-out. */
const brownOutMs = 30_000

/** Faults that say that Tencent is not available. */
const outages: ReadonlySet<string> = new Set([
  'hangs',
  'errors',
  'unreachable',
  'slow',
  'some_errors',
  'ordinary_hangs',
])

/** A process of the site with its guards. */
interface RunningProcess {
  readonly process: CaptchaGuardProcess
  readonly guards: readonly DecisionPolicy[]
  /** When each ticket last passed here. */
  readonly passedMs: Map<string, number>
  state: string
  degradedPasses: number
}

interface Arrival {
  readonly request: SimulatedRequest
  readonly process: number
  readonly guard: number
  readonly hangsUpAfterMs: number | undefined
}

/** A site on the virtual clock, with users, attackers and faults by its plan. What must not happen is noted as it happens. */
export class SwarmSite {
  readonly clock = new VirtualClock()
  readonly violations: string[] = []
  readonly log: string[] = []
  /** Openings and closings of each process's circuit. */
  readonly transitions: string[][]
  readonly reasons = new Map<string, number>()
  readonly #plan: Plan
  readonly #tencent: TencentBySeed
  readonly #processes: readonly RunningProcess[]
  readonly #book = new PassBook()
  readonly #withAttackers: boolean
  /** Tickets that Tencent has verified. */
  readonly #verifiedTickets = new Set<string>()
  readonly #genuineTickets = new Map<string, number>()
  readonly #verifiedAtMs: number[] = []
  readonly #passedMs = new Map<string, number>()
  readonly #recentTickets: SimulatedRequest[] = []
  #asking: SimulatedRequest | undefined
  #canaries = 0

  constructor(plan: Plan, { withAttackers }: { readonly withAttackers: boolean }) {
    this.#plan = plan
    this.#withAttackers = withAttackers
    this.#tencent = new TencentBySeed(plan)
    const faultNow = () => during(plan.storeFaults, this.clock.nowMs())?.kind
    const shared = memoryStore({ clock: this.clock, newHistory: repeatableHistory })
    const store = plan.hasStore ? faultyStore(shared, faultNow) : undefined
    this.#processes = plan.processes.map((planned) => {
      const process = new CaptchaGuardProcess({
        clock: new SkewedClock(this.clock, planned),
        config: plan.guards[0] as Plan['guards'][number],
        store,
        maxInFlight: plan.maxInFlight,
        askTencent: (ticket) => this.#askTencent(ticket),
        canFetchScript: () => during(plan.scriptFaults, this.clock.nowMs()) === undefined,
      })
      const guards = plan.guards.map((config, index) => (index === 0 ? process.policy : process.openGuard(config)))
      return { process, guards, passedMs: new Map(), state: 'closed', degradedPasses: 0 }
    })
    this.transitions = this.#processes.map(() => [])
  }

  async run(): Promise<void> {
    const { endMs } = this.#plan
    this.#startHonest()
    if (this.#withAttackers)
      for (const [index, attack] of this.#plan.attacks.entries()) this.#startAttack(attack, index)
    this.#planOverrides()
    this.#planRecoveryChecks()
    await this.#runUntil(endMs + drainMs)
    this.#checkAtTheEnd()
    for (const { process } of this.#processes) process.close()
    await this.#runUntil(endMs + drainMs + minuteMs)
    if (this.clock.pendingTimers > 0) this.#violation(`${this.clock.pendingTimers} timers are left`)
  }

  async #runUntil(untilMs: number): Promise<void> {
    while (this.clock.nextDueMs <= untilMs) {
      this.clock.runNext()
      if (this.#plan.hasStore) await promisesSettled()
      this.#checkCircuits()
    }
    this.clock.moveTo(untilMs)
  }

  #startHonest(): void {
    const { seed, honestPerMinute, honestClients, impatientShare, endMs, processes, guards } = this.#plan
    const draws = new RandomDraws(seed * 31 + 7)
    let users = 0
    const come = () => {
      if (this.clock.nowMs() >= endMs) return
      const clientKey = `honest ${draws.below(honestClients)}`
      const ticketKey = `honest ticket ${users++}`
      const process = draws.below(processes.length)
      const guard = draws.below(guards.length)
      const hangsUpAfterMs = draws.chance(impatientShare) ? draws.below(200) : undefined
      const isScriptDown = during(this.#plan.scriptFaults, this.clock.nowMs()) !== undefined
      const request: SimulatedRequest = { ticket: isScriptDown ? 'fallback' : 'genuine', clientKey, ticketKey }
      this.#handle({ request, process, guard, hangsUpAfterMs })
      this.clock.after(draws.gapMs(honestPerMinute), come)
    }
    this.clock.after(draws.gapMs(honestPerMinute), come)
  }

  #startAttack(attack: Attack, index: number): void {
    const draws = new RandomDraws(this.#plan.seed * 131 + index)
    let sent = 0
    const come = () => {
      if (this.clock.nowMs() >= Math.min(attack.untilMs, this.#plan.endMs)) return
      const request = this.#attackRequest(attack, `attack ${index} ticket ${sent++}`, draws)
      const process = draws.below(this.#plan.processes.length)
      const guard = draws.below(this.#plan.guards.length)
      const hangsUpAfterMs = draws.chance(0.5) ? attack.hangsUpAfterMs : undefined
      this.#handle({ request, process, guard, hangsUpAfterMs })
      this.clock.after(draws.gapMs(attack.perMinute), come)
    }
    this.clock.after(attack.fromMs, come)
  }

  #attackRequest({ kind, clients }: Attack, ticketKey: string, draws: RandomDraws): SimulatedRequest {
    const clientKey = `attacker ${kind} ${draws.below(clients)}`
    switch (kind) {
      case 'replay': {
        const seen = this.#recentTickets[draws.below(Math.max(1, this.#recentTickets.length))]
        return {
          ticket: seen?.ticket === 'fallback' ? 'fallback' : 'junk',
          clientKey,
          ticketKey: seen?.ticketKey ?? ticketKey,
        }
      }
      case 'bought':
        return { ticket: 'genuine', clientKey, ticketKey }
      default:
        return { ticket: kind, clientKey, ticketKey }
    }
  }

  #handle({ request, process: at, guard, hangsUpAfterMs }: Arrival): void {
    const running = this.#processes[at] as RunningProcess
    if (request.ticket === 'genuine')
      this.#genuineTickets.set(request.clientKey, (this.#genuineTickets.get(request.clientKey) ?? 0) + 1)
    this.#asking = request
    const hangUp = running.process.handle(
      request,
      (decision) => this.#decided({ request, process: at, guard }, decision),
      running.guards[guard],
    )
    this.#asking = undefined
    if (hangsUpAfterMs !== undefined) this.clock.after(hangsUpAfterMs, hangUp)
  }

  #askTencent(ticket: AskedTicket): Answer {
    const key =
      ticket === 'canary' ? `canary ${this.#canaries++}` : (this.#asking?.ticketKey ?? `late ${this.clock.nowMs()}`)
    const answer = this.#tencent.answer(ticket, key, this.clock.nowMs())
    if (isVerification(answer)) this.#verifiedTickets.add(key)
    return answer
  }

  #decided({ request, process: at, guard }: Omit<Arrival, 'hangsUpAfterMs'>, { verdict, trace }: Decision): void {
    const ending = `${verdict.reason}${verdict.passed ? ' passed' : ''}`
    this.reasons.set(ending, (this.reasons.get(ending) ?? 0) + 1)
    const running = this.#processes[at] as RunningProcess
    this.#checkEvidence(request, trace.evidence, running.process.services.site.circuit.state)
    if (!verdict.passed) return
    const nowMs = this.clock.nowMs()
    this.#checkReplay(request.ticketKey, running)
    if (!verdict.degraded) {
      this.#verifiedAtMs.push(nowMs)
      if (!this.#verifiedTickets.has(request.ticketKey))
        this.#violation(`${request.ticketKey} is verified, and Tencent never did`)
    } else {
      running.degradedPasses++
      if (trace.purse === undefined) return this.#violation(`${request.ticketKey} passed without a purse`)
      this.#note(
        `process ${at} lets ${request.clientKey} pass: ${verdict.cause}, ${trace.purse} purse, evidence ${trace.evidence}`,
      )
      this.#book.note({
        process: at,
        guard,
        purse: trace.purse,
        clientKey: request.clientKey,
        isFallback: request.ticket === 'fallback',
        atMs: nowMs,
        genuineTickets: this.#genuineTickets.get(request.clientKey) ?? 0,
      })
    }
    this.#recentTickets.push(request)
    if (this.#recentTickets.length > 50) this.#recentTickets.shift()
  }

  get #isShared(): boolean {
    return this.#plan.processes.length === 1 || (this.#plan.hasStore && this.#plan.storeFaults.length === 0)
  }

  #checkReplay(ticketKey: string, { passedMs }: RunningProcess): void {
    const nowMs = this.clock.nowMs()
    const seen = this.#isShared ? this.#passedMs : passedMs
    const agoMs = nowMs - (seen.get(ticketKey) ?? Number.NEGATIVE_INFINITY)
    if (agoMs < replayMs) this.#violation(`${ticketKey} passed again after ${agoMs} ms`)
    seen.set(ticketKey, nowMs)
  }

  /** Evidence of an outage follows a fault of Tencent's or of its script, and nothing that callers do. */
  #checkEvidence({ ticket, clientKey }: SimulatedRequest, evidence: string | undefined, circuit: string): void {
    // That it opened was judged when it did.
    if (evidence !== 'outage' || circuit === 'open' || this.#wasFaulty(brownOutMs + lastFailureMs)) return
    const { scriptFaults } = this.#plan
    if (ticket === 'fallback' && scriptFaults.some(({ fromMs }) => fromMs <= this.clock.nowMs())) return
    this.#violation(`evidence of an outage for ${clientKey}, and Tencent answers`)
  }

  /** Whether Tencent was not available within the last milliseconds. */
  #wasFaulty(withinMs: number): boolean {
    return isWithin(this.#plan.faults.filter(isOutage), withinMs, this.clock.nowMs())
  }

  /**
   * Where Tencent answers the canary and calls fail, the circuit opens on silence alone: no code 1 for twenty usual gaps. Without the
   * script no user has a ticket that could bring one, and solves that were bought make the usual gap short.
   */
  #mayOpen(why: string | undefined): boolean {
    if (this.#wasFaulty(lastFailureMs)) return true
    if (why !== 'canary_disagrees') return false
    const nowMs = this.clock.nowMs()
    const hasBought =
      this.#withAttackers && this.#plan.attacks.some(({ kind, fromMs }) => kind === 'bought' && fromMs <= nowMs)
    return hasBought || isWithin(this.#plan.scriptFaults, closesWithinMs, nowMs)
  }

  #checkCircuits(): void {
    for (const [index, running] of this.#processes.entries()) {
      const { state, why } = running.process.services.site.circuit
      if (state === running.state) continue
      this.#note(`process ${index}: circuit ${running.state} -> ${state}${why === undefined ? '' : ` (${why})`}`)
      if (state === 'open' && !this.#mayOpen(why))
        this.#violation(`process ${index} opens its circuit, and Tencent answers`)
      if (state === 'open' || running.state === 'open')
        this.transitions[index]?.push(state === 'open' ? 'opens' : 'closes')
      running.state = state
    }
  }

  #planRecoveryChecks(): void {
    const { faults, scriptFaults, endMs, honestPerMinute, processes } = this.#plan
    const gapMs = (minuteMs * processes.length) / honestPerMinute
    for (const { kind, fromMs, untilMs } of faults) {
      this.clock.after(fromMs, () => this.#note(`Tencent ${kind} until ${untilMs}`))
      this.clock.after(untilMs, () => this.#note('Tencent is back'))
    }
    for (const { fromMs, untilMs } of scriptFaults)
      this.clock.after(fromMs, () => this.#note(`script down until ${untilMs}`))
    for (const { untilMs } of [...faults.filter(isOutage), ...scriptFaults]) {
      this.#expectClosed(untilMs, closesWithinMs, 'canary_failed')
      const withinMs = usersCloseWithinMs + certainGaps * gapMs
      if (untilMs + withinMs < endMs) this.#expectClosed(untilMs, withinMs, 'canary_disagrees')
    }
  }

  /** Notes a circuit that is still open so long after this time, unless something else has begun since. */
  #expectClosed(fromMs: number, withinMs: number, whyOpen: string): void {
    const { faults, scriptFaults } = this.#plan
    const later = [...faults, ...scriptFaults].some(
      (other) => other.untilMs > fromMs && other.fromMs <= fromMs + withinMs,
    )
    if (later) return
    this.clock.after(fromMs + withinMs, () => {
      for (const [index, { process }] of this.#processes.entries()) {
        const { state, why } = process.services.site.circuit
        if (state === 'open' && why === whyOpen)
          this.#violation(`process ${index}: circuit open (${why}) ${withinMs} ms after the fault`)
      }
    })
  }

  #planOverrides(): void {
    for (const { kind: mode, fromMs, untilMs } of this.#plan.overrides) {
      this.clock.after(fromMs, () => {
        this.#note(`override ${mode} for ${untilMs - fromMs} ms`)
        this.#processes[0]?.process.services.site.setOverride({ mode, by: 'swarm', leftMs: untilMs - fromMs })
      })
    }
  }

  #checkAtTheEnd(): void {
    const { guards } = this.#plan
    const estimate = Math.max(0, ...guards.map(({ expectedPerMinute = 0 }) => expectedPerMinute))
    const expectedPerMinute = Math.max(estimate, busiestMinute(this.#verifiedAtMs))
    for (const sentence of this.#book.violations({ guards, isShared: this.#isShared, expectedPerMinute }))
      this.#violation(sentence)
    for (const [index, { process, guards, degradedPasses }] of this.#processes.entries()) {
      const { site, late } = process.services
      const taken =
        new Set(guards.map(({ purses }) => JSON.stringify(purses))).size === 1 ? sumTaken(process) : degradedPasses
      const left = {
        inFlight: site.inFlight.total,
        callsUnderWay: site.circuit.snapshot().callsUnderWay,
        late: late.snapshot().waiting,
      }
      if (Object.values(left).some((count) => count > 0))
        this.#violation(`process ${index} still holds ${JSON.stringify(left)}`)
      if (taken !== degradedPasses) this.#violation(`process ${index}: ${taken} passes drawn, ${degradedPasses} given`)
      for (const purse of Object.values(process.pursesNow())) {
        const refilled = Math.floor(Math.min(purse.capacity, (purse.perMinute * drainMs) / minuteMs))
        if (purse.remaining < refilled) this.#violation(`process ${index}: a purse did not fill up again`)
      }
      for (const ticketKey of [...this.#passedMs.keys(), ...this.#verifiedTickets]) {
        if (site.ledger.hasPassed(ticketKey) || site.ledger.hasPassed(ticketKey, true))
          this.#violation(`${ticketKey} is still held`)
      }
    }
  }

  #note(text: string): void {
    this.log.push(`${Math.round(this.clock.nowMs())} ${text}`)
  }

  #violation(text: string): void {
    this.#note(`VIOLATION ${text}`)
    this.violations.push(text)
  }
}

function isOutage({ kind }: Window<TencentFault>): boolean {
  return outages.has(kind)
}

/** Whether one of these windows holds now, or did within the last milliseconds. */
function isWithin(windows: readonly Window<string>[], withinMs: number, nowMs: number): boolean {
  return windows.some(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs <= untilMs + withinMs)
}

function sumTaken(process: CaptchaGuardProcess): number {
  const { outage, doubt } = process.pursesNow()
  return outage.taken + doubt.taken
}

function isVerification({ reply }: Answer): boolean {
  return reply?.kind === 'sdk_result' && (reply.result as { CaptchaCode?: unknown }).CaptchaCode === 1
}

function busiestMinute(timesMs: readonly number[]): number {
  let first = 0
  let most = 0
  for (const [index, atMs] of timesMs.entries()) {
    while (atMs - (timesMs[first] as number) >= minuteMs) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

/** As many turns as the longest chain of promises between a request and the store. */
async function promisesSettled(): Promise<void> {
  for (let turn = 0; turn < 16; turn++) await undefined
}
