import { randomUUID } from 'node:crypto'
import type { Evidence } from '../admission/question.js'
import type { ClassifiedTicket } from '../admission/ticket.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { Clock } from '../clock.js'
import type { CaptchaStore, StoreState } from '../store/captcha-store.js'
import { checkedSession } from '../store/checked-session.js'
import type { ClientHistory } from '../store/client-history.js'
import { storeLifetimes } from '../store/store-lifetimes.js'
import { StoreLink } from '../store/store-link.js'
import { CallAllowance } from './call-allowance.js'
import type { RunCanary } from './canary-schedule.js'
import { Circuit, type CircuitSettings } from './circuit.js'
import { ClientCharges } from './client-charges.js'
import { ClientPath, type RunProbe } from './client-path.js'
import { ExpectedPasses } from './expected-passes.js'
import { FleetStatus } from './fleet-status.js'
import { InFlight } from './in-flight.js'
import { Ledger, type VerifiedRecord } from './ledger.js'
import { type OutageListener, OutageWatch, type PathFinding } from './outage-watch.js'
import { type OverrideChange, type OverrideState, OverrideSwitch } from './override-switch.js'
import type { PurseConfig } from './purse.js'
import { SharedOverride } from './shared-override.js'

/** What a purse's total follows: the start value, the floor, the learned baseline, or the option `expectedPerMinute`. */
export type PurseBasis = 'start' | 'floor' | 'baseline' | 'estimate'

/** Called for the events of a site. */
export interface SiteListener {
  readonly api: OutageListener
  readonly clientPath: OutageListener
  override(state: OverrideState, why: OverrideChange): void
  storeDown(why: string): void
  storeUp(): void
  storeCorrupted(key: string): void
  /** The circuit changed: late verification may go on. */
  circuitChanged(): void
}

/** What a site is set to; it may change as guards join. */
export interface SiteSettings extends CircuitSettings {
  readonly maxInFlight: number
  readonly probe: boolean
  readonly store: CaptchaStore | undefined
}

/** What a site is made of. */
export interface SiteParts {
  readonly captchaAppId: number
  readonly clock: Clock
  readonly settings: SiteSettings
  readonly runCanary: RunCanary
  /** Fetches the vendor's script. */
  readonly runProbe: RunProbe
  readonly listener: SiteListener
  /** Whether calls go to an endpoint that has verified no ticket yet. */
  readonly isOnTrial: () => boolean
  /** @default an empty one */
  readonly history?: ClientHistory | undefined
}

/**
 * The memory of one app id at one upstream, shared by the guards of a process: what the server has seen of Tencent, what it
 * has learned about the site, and what may still pass.
 */
export class Site {
  readonly circuit: Circuit
  readonly clientPath: ClientPath
  readonly ledger: Ledger
  readonly inFlight: InFlight
  readonly charges: ClientCharges
  readonly callAllowance: CallAllowance
  readonly apiWatch: OutageWatch
  readonly clientPathWatch: OutageWatch
  readonly override: OverrideSwitch
  readonly fleet: FleetStatus
  readonly #parts: SiteParts
  readonly #expected: ExpectedPasses
  #settings: SiteSettings
  #store: StoreLink | undefined
  /** Stays when the guard that gave it leaves. */
  #connectedTo: CaptchaStore | undefined
  /** `override('pass')` is in force: Tencent is not asked, so that passes which are not verified say nothing. */
  #isUnasked = false
  readonly #sharedOverride: SharedOverride

  constructor(parts: SiteParts) {
    const { clock, listener, settings } = parts
    this.#parts = parts
    this.#settings = settings
    this.apiWatch = new OutageWatch(clock, listener.api)
    this.clientPathWatch = new OutageWatch(clock, listener.clientPath)
    this.inFlight = new InFlight(settings.maxInFlight)
    this.circuit = new Circuit(clock, settings, parts.runCanary, () => this.#circuitChanged())
    this.#expected = new ExpectedPasses(clock.nowMs(), () => this.#settings.expectedPerMinute)
    this.clientPath = new ClientPath({
      clock,
      probe: () => (this.#settings.probe ? parts.runProbe : undefined),
      expected: this.#expected,
      onChange: () => this.refresh(),
    })
    this.override = new OverrideSwitch(clock, (state, why) => this.#overrideChanged(state, why))
    this.#sharedOverride = new SharedOverride({ clock, override: this.override, store: () => this.#store })
    this.fleet = new FleetStatus({ clock, store: () => this.#store })
    this.ledger = new Ledger({
      clock,
      totalPerMinute: (total) => this.#totalPerMinute(total),
      store: () => this.#store,
      history: parts.history,
    })
    this.callAllowance = new CallAllowance({
      clock,
      verifiedPerMinute: (clientKey) => this.ledger.verifiedPerMinute(clientKey),
      expectedPerMinute: () => this.expectedPerMinute(),
    })
    this.charges = new ClientCharges({
      clock,
      verifiedPerMinute: (clientKey) => this.ledger.verifiedPerMinute(clientKey),
      isKnown: (clientKey) => this.ledger.isKnown(clientKey),
      isBusy: () => !this.inFlight.hasRoomToSpare || this.callAllowance.isScarce,
      onStrangerLimited: (clientKey) => this.ledger.lookForHistory(clientKey),
    })
    this.configure(settings)
  }

  /** Takes new settings; a store that was not there before, or is another one, is connected to. Changes nothing where that throws. */
  configure(settings: SiteSettings): void {
    const { store } = settings
    if (store !== undefined && store !== this.#connectedTo) {
      const link = this.#connect(store)
      this.#store?.close()
      this.#store = link
      this.#connectedTo = store
    }
    this.#settings = settings
    this.inFlight.configure(settings.maxInFlight)
    this.circuit.configure(settings)
  }

  /** What the server itself has seen, and why it counts; nothing that an unverified caller sends changes it. */
  evidenceFor(ticketKind: ClassifiedTicket['kind']): { readonly evidence: Evidence; readonly evidenceWhy: string } {
    if (this.circuit.evidence() === 'outage') return { evidence: 'outage', evidenceWhy: this.#apiFinding().why }
    if (this.#parts.isOnTrial())
      return { evidence: 'outage', evidenceWhy: 'the endpoint in use has verified no ticket yet' }
    if (ticketKind !== 'fallback') return { evidence: 'none', evidenceWhy: this.#apiFinding().why }
    const { state, why } = this.clientPath.finding()
    return { evidence: state === 'outage' ? 'outage' : 'none', evidenceWhy: why }
  }

  /**
   * Records a verified ticket. Returns false when it had passed already; a promise only where a shared store is asked.
   *
   * @param isWanted false once the client has gone: the ticket may then come again
   * @param isVouched the application vouches for the user, whose passes raise no limit of the address
   */
  recordVerified(
    ticketKey: string,
    clientKey: string,
    isWanted?: () => boolean,
    isVouched?: boolean,
  ): boolean | Promise<boolean> {
    const record = this.ledger.recordVerified(ticketKey, clientKey, isWanted, isVouched)
    return record instanceof Promise ? record.then((shared) => this.#learnFrom(shared)) : this.#learnFrom(record)
  }

  /** Counts a degraded decision for the outage under way, and brings the watches up to now. */
  noteVerdict(verdict: CaptchaVerdict): void {
    if (verdict.degraded) {
      const watch = verdict.cause === 'client_fallback' ? this.clientPathWatch : this.apiWatch
      watch.count(verdict.cause)
    }
    this.refresh()
  }

  /** Sets the override here and, through the store, at the other processes of the site. */
  setOverride(state: OverrideState): void {
    this.#sharedOverride.set(state)
  }

  /** Verified passes a minute as this process has learned them, or as another run of the site did. */
  get baselinePerMinute(): number | undefined {
    return this.#expected.baselinePerMinute
  }

  /** The same over days. */
  get referencePerMinute(): number | undefined {
    return this.#expected.referencePerMinute
  }

  /** Verified passes a minute of this process that may be relied on: the baseline, as far as the reference bears it out. */
  expectedPerMinute(): number | undefined {
    return this.#expected.perMinute
  }

  /** What a purse with this setting refills by right now. */
  purseBasis({ floorPerMinute, baselineFactor }: PurseConfig['total']): PurseBasis {
    const expected = this.expectedPerMinute()
    if (expected === undefined) return 'start'
    if (baselineFactor * expected <= floorPerMinute / this.#expected.processes) return 'floor'
    return this.baselinePerMinute === undefined ? 'estimate' : 'baseline'
  }

  /** The store as the snapshot shows it; `memory` is always up. */
  get storeState(): { readonly kind: string; readonly state: 'up' | 'down'; readonly processes: number } {
    const isUp = this.#store === undefined || this.#store.isUp
    const kind = this.#connectedTo?.kind ?? 'memory'
    return { kind, state: isUp ? 'up' : 'down', processes: this.#expected.processes }
  }

  /** Brings watches and baseline up to now; some evidence ends by time alone. */
  refresh(): void {
    const wasHealthy = this.#isHealthy()
    // The circuit reports every other change; only a brown-out ends as time passes.
    if (this.circuit.state === 'suspect') this.#watchApi()
    this.clientPathWatch.move(this.clientPath.finding())
    this.#expected.roll(this.#parts.clock.nowMs(), wasHealthy && this.#isHealthy())
  }

  /** Frees timers, gives up canary and probe, and leaves the store. */
  close(): void {
    this.circuit.close()
    this.clientPath.close()
    this.override.close()
    this.#store?.close()
  }

  #learnFrom({ isFirst, isFirstThisMinute }: VerifiedRecord): boolean {
    if (isFirstThisMinute) {
      this.clientPath.noteVerified()
      this.#expected.count(this.#parts.clock.nowMs(), this.#isHealthy())
    }
    return isFirst
  }

  #overrideChanged(state: OverrideState, why: OverrideChange): void {
    const isUnasked = state.mode === 'pass' && why !== 'expired'
    if (isUnasked !== this.#isUnasked) {
      this.#expected.roll(this.#parts.clock.nowMs(), this.#isHealthy())
      this.#isUnasked = isUnasked
      this.#expected.roll(this.#parts.clock.nowMs(), this.#isHealthy())
      this.clientPath.watchPasses(!isUnasked)
    }
    this.#parts.listener.override(state, why)
  }

  #circuitChanged(): void {
    const wasHealthy = this.#isHealthy()
    this.#watchApi()
    // An outage spoils its minutes also where no request arrives in it.
    if (!wasHealthy || !this.#isHealthy()) this.#expected.roll(this.#parts.clock.nowMs(), false)
    this.#parts.listener.circuitChanged()
  }

  #watchApi(): void {
    this.apiWatch.move(this.#apiFinding())
  }

  #apiFinding(): PathFinding {
    const { state, why } = this.circuit
    if (why === undefined) return { state: 'healthy', why: 'the API answers' }
    if (state === 'open') return { state: 'outage', why: `circuit open: ${why}` }
    if (this.circuit.evidence() === 'outage') return { state: 'outage', why: 'brown-out: canaries fail' }
    return { state: 'suspect', why }
  }

  /**
   * Whether this minute may teach the baseline. A suspicion alone does not spoil it: a ticket that makes Tencent stumble raises
   * one against the API, with which an attacker could spoil the quiet minutes and leave the busy ones, and a probe that fails
   * while users are verified raises one against the script for as long as a firewall stays closed. An endpoint on trial has verified
   * no ticket, whatever was sent, and under `override('pass')` none is sent.
   */
  #isHealthy(): boolean {
    if (this.#isUnasked || this.#parts.isOnTrial()) return false
    return this.apiWatch.state !== 'outage' && this.clientPathWatch.state !== 'outage'
  }

  /** Floors and what is expected of the whole site are divided by the live processes; what this process learned is not. */
  #totalPerMinute({ floorPerMinute, baselineFactor, startPerMinute }: PurseConfig['total']): number {
    const expected = this.expectedPerMinute()
    const { processes } = this.#expected
    return expected === undefined
      ? startPerMinute / processes
      : Math.max(floorPerMinute / processes, baselineFactor * expected)
  }

  #connect(store: CaptchaStore): StoreLink {
    const { captchaAppId, clock, listener } = this.#parts
    const session = store.connect({
      captchaAppId,
      processId: randomUUID(),
      lifetimes: storeLifetimes,
      onCorruption: (key) => listener.storeCorrupted(key),
    })
    return new StoreLink({
      session: checkedSession(session),
      clock,
      learned: () => this.#expected.learned,
      onState: (state) => this.#adoptShared(state),
      onDown: (why) => listener.storeDown(why),
      onUp: () => listener.storeUp(),
    })
  }

  #adoptShared(state: StoreState): void {
    this.#expected.adopt(state)
    this.ledger.followBaseline()
    this.#sharedOverride.onStoreState(state)
    this.fleet.heartbeatAnswered()
  }
}
