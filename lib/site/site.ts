import { randomUUID } from 'node:crypto'
import type { Evidence } from '../admission/decide.js'
import type { Clock } from '../clock.js'
import type { DegradationConfig, PurseConfig } from '../options/options.js'
import type { CaptchaStore, StoreOverride, StoreState } from '../store/captcha-store.js'
import { storeLifetimes } from '../store/store-lifetimes.js'
import { StoreLink } from '../store/store-link.js'
import type { DegradationCause } from '../types.js'
import { Baseline } from './baseline.js'
import { type CanaryReport, Circuit } from './circuit.js'
import type { ClientHistory } from './client-history.js'
import { ClientPath, type ProbeReport } from './client-path.js'
import { Ledger, type VerifiedRecord } from './ledger.js'
import { type OutageListener, OutageWatch } from './outage-watch.js'
import { type OverrideChange, type OverrideOptions, type OverrideState, OverrideSwitch } from './override-switch.js'

/** Who is told of what happens inside. */
export interface DegradationListener {
  readonly api: OutageListener
  readonly clientPath: OutageListener
  override(state: OverrideState, why: OverrideChange): void
  storeDown(why: string): void
  storeUp(): void
  storeCorrupted(key: string): void
  /** The circuit changed: waiting work may go on. */
  circuitChanged(): void
}

export interface DegradationParts {
  readonly config: DegradationConfig
  readonly timeoutMs: number
  readonly captchaAppId: number
  readonly clock: Clock
  readonly runCanary: (signal: AbortSignal) => Promise<CanaryReport>
  readonly probeScript: ((signal: AbortSignal) => Promise<ProbeReport>) | undefined
  readonly store: CaptchaStore | undefined
  readonly listener: DegradationListener
  /** @default an empty one */
  readonly history?: ClientHistory | undefined
}

/** Longest that a call may go unanswered before it raises suspicion, in milliseconds. */
const maxSuspicionMs = 500

/** All that the guard remembers: what the server has seen of Tencent, what it has learned of the site, what may still pass. */
export class Degradation {
  readonly circuit: Circuit
  readonly clientPath: ClientPath
  readonly ledger: Ledger
  readonly apiWatch: OutageWatch
  readonly clientPathWatch: OutageWatch
  readonly #parts: DegradationParts
  readonly #baseline: Baseline
  readonly #override: OverrideSwitch
  readonly #store: StoreLink | undefined
  #shared: StoreState = { processes: 1, baselinePerMinute: undefined, override: undefined }
  /** The last override that was set here or taken over. */
  #sharedOverride: StoreOverride | undefined

  constructor(parts: DegradationParts) {
    const { config, clock, listener } = parts
    this.#parts = parts
    this.apiWatch = new OutageWatch(clock, listener.api)
    this.clientPathWatch = new OutageWatch(clock, listener.clientPath)
    this.circuit = new Circuit({
      config: config.circuit,
      suspicionMs: Math.min(maxSuspicionMs, parts.timeoutMs / 2),
      expectedPerMinute: config.expectedPerMinute,
      clock,
      runCanary: parts.runCanary,
      onChange: () => this.#circuitChanged(),
    })
    this.clientPath = new ClientPath({
      clock,
      probe: parts.probeScript,
      expectedPerMinute: () => this.expectedPerMinute(),
      onChange: () => this.refresh(),
    })
    this.#baseline = new Baseline(clock.nowMs())
    this.#override = new OverrideSwitch(clock, (state, why) => listener.override(state, why))
    this.#store = this.#connect(parts.store)
    this.ledger = new Ledger({
      config,
      clock,
      totalPerMinute: (total) => this.#totalPerMinute(total),
      store: this.#store,
      history: parts.history,
    })
  }

  /** What the server itself has seen; nothing an unverified caller sends changes it. */
  evidenceFor(ticketKind: 'ordinary' | 'fallback' | 'missing'): Evidence {
    if (this.circuit.evidence() === 'outage') return 'outage'
    return ticketKind === 'fallback' ? this.clientPath.evidence() : 'none'
  }

  /** Takes note of a verified ticket; false when it had passed already. Waits only for a shared store. */
  recordVerified(ticketKey: string, clientKey: string): boolean | Promise<boolean> {
    const record = this.ledger.recordVerified(ticketKey, clientKey)
    return record instanceof Promise ? record.then((shared) => this.#learnFrom(shared)) : this.#learnFrom(record)
  }

  #learnFrom({ isFirst, isFirstThisMinute }: VerifiedRecord): boolean {
    if (isFirstThisMinute) {
      this.clientPath.noteVerified()
      this.#baseline.count(this.#parts.clock.nowMs(), this.#isHealthy())
    }
    return isFirst
  }

  /** Takes note of a decision about a missing verdict. */
  countDegraded(cause: DegradationCause): void {
    const watch = cause === 'client_fallback' ? this.clientPathWatch : this.apiWatch
    watch.count(cause)
  }

  get override(): OverrideSwitch {
    return this.#override
  }

  setOverride(mode: Parameters<OverrideSwitch['set']>[0], options?: OverrideOptions): void {
    const { by, untilMs } = this.#override.set(mode, options)
    // Newer than what it replaces, even where another process's clock is ahead.
    const setEpochMs = Math.max(this.#parts.clock.epochMs(), (this.#sharedOverride?.setEpochMs ?? 0) + 1)
    this.#sharedOverride = { mode, by, untilEpochMs: Number.isFinite(untilMs) ? untilMs : null, setEpochMs }
    this.#shareOverride(this.#sharedOverride)
  }

  #shareOverride(override: StoreOverride): void {
    this.#store?.tell((session) => session.setOverride(override))
  }

  /** Verified passes a minute as this process has learned them, or as another run of the site did. */
  get baselinePerMinute(): number | undefined {
    return this.#baseline.perMinute ?? this.#shareOf(this.#shared.baselinePerMinute)
  }

  /** Verified passes a minute to be expected of this process. */
  expectedPerMinute(): number | undefined {
    return (
      this.#baseline.perMinute ?? this.#shareOf(this.#shared.baselinePerMinute ?? this.#parts.config.expectedPerMinute)
    )
  }

  get storeState(): { readonly kind: string; readonly state: 'up' | 'down'; readonly processes: number } {
    const { store } = this.#parts
    const isUp = this.#store === undefined || this.#store.isUp
    return { kind: store?.kind ?? 'memory', state: isUp ? 'up' : 'down', processes: this.#shared.processes }
  }

  /** Brings watches and baseline up to now; some evidence ends by time alone. */
  refresh(): void {
    const wasHealthy = this.#isHealthy()
    // Every other change of the circuit tells by itself; a brown-out alone ends as time passes.
    if (this.circuit.state === 'suspect') this.#watchApi()
    const { state, why } = this.clientPath.finding()
    this.clientPathWatch.move(state, why)
    this.#baseline.roll(this.#parts.clock.nowMs(), wasHealthy && this.#isHealthy())
  }

  close(): void {
    this.circuit.close()
    this.clientPath.close()
    this.#override.close()
    this.#store?.close()
  }

  #circuitChanged(): void {
    const wasHealthy = this.#isHealthy()
    this.#watchApi()
    // An outage spoils its minutes where no request comes by in it, too.
    if (!wasHealthy || !this.#isHealthy()) this.#baseline.roll(this.#parts.clock.nowMs(), false)
    this.#parts.listener.circuitChanged()
  }

  #watchApi(): void {
    const { state, why } = this.circuit.snapshot()
    if (state === 'closed') this.apiWatch.move('healthy', 'the API answers')
    else if (state === 'open') this.apiWatch.move('outage', `circuit open: ${why}`)
    else if (this.circuit.evidence() === 'outage') this.apiWatch.move('outage', 'brown-out: canaries fail')
    else this.apiWatch.move('suspect', why ?? 'calls fail')
  }

  /**
   * Whether this minute may teach the baseline. A suspicion against the API alone does not spoil it, for a ticket that makes
   * Tencent stumble raises one: whoever has such a ticket could spoil the quiet minutes and leave the busy ones.
   */
  #isHealthy(): boolean {
    return this.apiWatch.state !== 'outage' && this.clientPathWatch.state === 'healthy'
  }

  /** Floors and what the whole site is expected to do are divided by the processes that live; what was learned here is not. */
  #totalPerMinute({ floorPerMinute, baselineFactor, startPerMinute }: PurseConfig['total']): number {
    const expected = this.expectedPerMinute()
    const { processes } = this.#shared
    return expected === undefined
      ? startPerMinute / processes
      : Math.max(floorPerMinute / processes, baselineFactor * expected)
  }

  #shareOf(sitePerMinute: number | undefined): number | undefined {
    return sitePerMinute === undefined ? undefined : sitePerMinute / this.#shared.processes
  }

  #connect(store: CaptchaStore | undefined): StoreLink | undefined {
    if (store === undefined) return undefined
    const { captchaAppId, clock, listener } = this.#parts
    const session = store.connect({
      captchaAppId,
      processId: randomUUID(),
      lifetimes: storeLifetimes,
      onCorruption: (key) => listener.storeCorrupted(key),
    })
    return new StoreLink({
      session,
      clock,
      ownBaseline: () => this.#baseline.perMinute,
      onState: (state) => this.#adoptShared(state),
      onDown: (why) => listener.storeDown(why),
      onUp: () => listener.storeUp(),
    })
  }

  #adoptShared(state: StoreState): void {
    this.#shared = state
    this.ledger.followBaseline()
    const theirs = state.override
    const ours = this.#sharedOverride
    if (theirs !== undefined && theirs.setEpochMs > (ours?.setEpochMs ?? 0)) this.#adoptOverride(theirs)
    // The store was away when ours was set, or has lost it since.
    else if (ours !== undefined && ours.setEpochMs > (theirs?.setEpochMs ?? 0) && !this.#isOver(ours)) {
      this.#shareOverride(ours)
    }
  }

  #adoptOverride(override: StoreOverride): void {
    const replaces = this.#sharedOverride !== undefined
    this.#sharedOverride = override
    if (this.#isOver(override) && !replaces) return
    const { mode, by, untilEpochMs } = override
    this.#override.adopt({ mode, by, untilMs: untilEpochMs ?? Number.POSITIVE_INFINITY })
  }

  #isOver({ untilEpochMs }: StoreOverride): boolean {
    return untilEpochMs !== null && untilEpochMs <= this.#parts.clock.epochMs()
  }
}
