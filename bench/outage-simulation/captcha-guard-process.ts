import { callReport } from '../../lib/admission/call-report.js'
import { decide, type PurseName } from '../../lib/admission/decide.js'
import { noFacts, type Outcome, outcomeOfReply } from '../../lib/admission/outcome.js'
import type { Clock } from '../../lib/clock.js'
import type { DegradationConfig } from '../../lib/options/config.js'
import type { CanaryReport } from '../../lib/site/circuit.js'
import { ClientHistory } from '../../lib/site/client-history.js'
import type { ProbeReport } from '../../lib/site/client-path.js'
import { InFlight } from '../../lib/site/in-flight.js'
import type { PassResult } from '../../lib/site/ledger.js'
import { Degradation } from '../../lib/site/site.js'
import type { CaptchaStore } from '../../lib/store/captcha-store.js'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'
import { canaryReport } from '../../lib/tencent/canary.js'
import type { Reply } from '../../lib/tencent/classify-reply.js'
import type { DegradationCause } from '../../lib/types.js'
import type { Answer, AskedTicket } from './tencent-model.js'

/** One request, as far as the decision depends on it. */
export interface SimulatedRequest {
  readonly ticket: AskedTicket | 'fallback'
  readonly clientKey: string
  readonly ticketKey: string
}

export interface ProcessWorld {
  readonly clock: Clock
  readonly config: DegradationConfig
  readonly store: CaptchaStore | undefined
  readonly askTencent: (ticket: AskedTicket) => Answer
  readonly canFetchScript: () => boolean
}

const timeoutMs = 2000
const maxInFlight = 2048
const probeTimeoutMs = 3000
const probeMs = 50
const timedOut: Reply = { kind: 'unavailable', cause: 'timeout', facts: noFacts, isEvidence: true }
const aborted: Reply = { kind: 'aborted' }
const silent = { started() {}, ended() {} }

/**
 * One process of a site: the guard's own decision, circuit, evidence, baseline, history and purses, without HTTP between.
 * The stages stand in the order of `lib/request`; replies come from the model of Tencent by callback, because a promise for
 * each of ten million requests would cost more than all of them.
 */
export class CaptchaGuardProcess {
  readonly #world: ProcessWorld
  readonly degradation: Degradation
  readonly #inFlight = new InFlight(maxInFlight)

  constructor(world: ProcessWorld) {
    const { clock, config, store } = world
    this.#world = world
    this.degradation = new Degradation({
      config,
      timeoutMs,
      captchaAppId: 190000001,
      clock,
      runCanary: () => this.#runCanary(),
      probeScript: () => this.#probeScript(),
      store,
      history: repeatableHistory(),
      listener: {
        api: silent,
        clientPath: silent,
        override() {},
        storeDown() {},
        storeUp() {},
        storeCorrupted() {},
        circuitChanged() {},
      },
    })
  }

  /** A verified pass of healthy times whose call nobody needs to look at. */
  warmUp({ ticketKey, clientKey }: SimulatedRequest): void {
    this.degradation.clientPath.noteTraffic(false)
    void this.degradation.recordVerified(ticketKey, clientKey)
    this.degradation.refresh()
  }

  handle(request: SimulatedRequest, done: (passed: boolean) => void): void {
    const outcome = this.#judgeAlone(request)
    if (outcome !== undefined) this.#conclude(request, outcome, done)
    else this.#askTencent(request, (found) => this.#conclude(request, found, done))
  }

  /** The purse that a ticket of this kind draws on right now; `undefined` while Tencent would be asked about it. */
  purseWithoutAsking(ticket: SimulatedRequest['ticket']): PurseName | undefined {
    const isFallback = ticket === 'fallback'
    return isFallback || this.degradation.circuit.state === 'open' ? this.purseFor(ticket) : undefined
  }

  /** The purse that evidence gives a ticket of this kind right now. */
  purseFor(ticket: SimulatedRequest['ticket']): PurseName {
    return this.degradation.evidenceFor(ticket === 'fallback' ? 'fallback' : 'ordinary') === 'outage'
      ? 'outage'
      : 'doubt'
  }

  /** How long this purse's total takes to earn one token for a key without history: half of it is theirs. */
  strangerTokenMs(purse: PurseName): number {
    return 60_000 / (this.degradation.ledger.snapshot()[purse].perMinute / 2)
  }

  noteTraffic(isFallback: boolean): void {
    this.degradation.clientPath.noteTraffic(isFallback)
  }

  close(): void {
    this.degradation.close()
  }

  #judgeAlone({ ticket, ticketKey, clientKey }: SimulatedRequest): Outcome | undefined {
    const { clientPath, ledger } = this.degradation
    clientPath.noteTraffic(ticket === 'fallback')
    if (ledger.hasPassed(ticketKey)) return { kind: 'refused', reason: 'ticket_reused', facts: noFacts }
    if (ticket === 'fallback') return { kind: 'degraded', cause: 'client_fallback', facts: noFacts }
    if (ledger.isRateLimited(clientKey)) return { kind: 'refused', reason: 'rate_limited', facts: noFacts }
    return undefined
  }

  #askTencent({ ticket, clientKey }: SimulatedRequest, found: (outcome: Outcome) => void): void {
    const { clock } = this.#world
    const { circuit, ledger } = this.degradation
    const leave = this.#inFlight.enter(clientKey)
    if (leave === undefined) return found({ kind: 'degraded', cause: 'overloaded', facts: noFacts })
    let release = () => {}
    const permit = circuit.admit(() => release())
    if (permit === undefined) {
      leave()
      return found({ kind: 'degraded', cause: 'circuit_open', facts: noFacts })
    }
    let isSettled = false
    const settle = (reply: Reply) => {
      if (isSettled) return
      isSettled = true
      leave()
      circuit.settle(permit, callReport(reply))
      if (reply.kind === 'refused') ledger.noteRefused(clientKey)
      found(outcomeOfReply(reply))
    }
    const { reply, afterMs } = this.#world.askTencent(ticket as AskedTicket)
    const isInTime = reply !== undefined && afterMs < timeoutMs
    const timer = clock.after(isInTime ? afterMs : timeoutMs, () => settle(isInTime ? reply : timedOut))
    release = () => {
      timer.cancel()
      // As in the guard, where an aborted call settles in a turn of its own.
      clock.after(0, () => settle(aborted))
    }
  }

  #concludeVerified({ ticketKey, clientKey }: SimulatedRequest, done: (passed: boolean) => void): void {
    const finish = (isFirst: boolean) => {
      done(isFirst)
      this.degradation.refresh()
    }
    const isFirst = this.degradation.recordVerified(ticketKey, clientKey)
    if (isFirst instanceof Promise) void isFirst.then(finish)
    else finish(isFirst)
  }

  #conclude(request: SimulatedRequest, outcome: Outcome, done: (passed: boolean) => void): void {
    switch (outcome.kind) {
      case 'verified':
        return this.#concludeVerified(request, done)
      case 'degraded':
        return this.#concludeDegraded(request, outcome.cause, done)
      default:
        done(false)
        this.degradation.refresh()
    }
  }

  #concludeDegraded(request: SimulatedRequest, cause: DegradationCause, done: (passed: boolean) => void): void {
    const { ticketKey, clientKey } = request
    const isFallback = request.ticket === 'fallback'
    const evidence = this.degradation.evidenceFor(isFallback ? 'fallback' : 'ordinary')
    const decision = decide({ cause, evidence, override: 'none' }, () => 'pass')
    const finish = (result: PassResult | undefined) => {
      this.degradation.countDegraded(cause)
      this.degradation.refresh()
      done(result?.kind === 'granted')
    }
    if (decision.kind === 'refuse') return finish(undefined)
    const result = this.degradation.ledger.claimPass({ purse: decision.purse, clientKey, ticketKey, isFallback })
    if (result instanceof Promise) void result.then(finish)
    else finish(result)
  }

  #runCanary(): Promise<CanaryReport> {
    const { reply, afterMs } = this.#world.askTencent('canary')
    const isInTime = reply !== undefined && afterMs < timeoutMs
    return this.#later(isInTime ? afterMs : timeoutMs, isInTime ? canaryReport(reply) : 'failed')
  }

  #probeScript(): Promise<ProbeReport> {
    return this.#world.canFetchScript()
      ? this.#later<ProbeReport>(probeMs, 'reachable')
      : this.#later<ProbeReport>(probeTimeoutMs, 'unreachable')
  }

  /** A promise as far as the guard uses one, which settles by the virtual clock alone: no turn of the real loop is needed. */
  #later<Value>(delayMs: number, value: Value): Promise<Value> {
    const later = {
      // biome-ignore lint/suspicious/noThenProperty: it stands in for a promise.
      then: (settle: (value: Value) => void) => {
        this.#world.clock.after(delayMs, () => settle(value))
      },
    }
    return later as unknown as Promise<Value>
  }
}

/** The guard's key is random, so that nobody can aim at what its table forgets; here the same seed must forget the same. */
function repeatableHistory(): ClientHistory {
  return new ClientHistory(new KeyedHash(Buffer.from('same key')))
}
