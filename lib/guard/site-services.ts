import type { Outcome } from '../admission/outcome.js'
import type { PurseName } from '../admission/question.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { Clock } from '../clock.js'
import type { CallKind, EndedCall, StateChange } from '../report/channels.js'
import { OutageLog } from '../report/outage-log.js'
import type { RunCanary } from '../site/canary-schedule.js'
import type { Circuit } from '../site/circuit.js'
import type { ClientHistory } from '../site/client-history.js'
import type { RunProbe } from '../site/client-path.js'
import { confirmedCanary } from '../site/confirmed-canary.js'
import type { FleetStatus } from '../site/fleet-status.js'
import { type LateTicket, type LateVerdict, LateVerification } from '../site/late-verification.js'
import type { OverrideChange, OverrideState } from '../site/override-switch.js'
import { Site, type SiteSettings } from '../site/site.js'
import { askCanary, type CanaryOptions } from '../tencent/canary.js'
import { classifyReply } from '../tencent/classify-reply.js'
import type { CredentialSnapshot } from '../tencent/credentials/credential-keeper.js'
import { type EndpointMove, Endpoints } from '../tencent/endpoints.js'
import type { Upstream, Upstreams } from '../tencent/upstream.js'
import type { VerifyCall } from '../tencent/verify-call.js'
import type { CaptchaLogger } from '../types.js'
import { TencentCalls } from './tencent-calls.js'

/** A ticket that passed degraded, and what its late verdict needs. */
export interface LatePass extends LateTicket {
  readonly call: VerifyCall
  /** Names the ticket among the calls. */
  readonly callKey: string
  /** The verdict the request went on with. */
  readonly verdict: CaptchaVerdict
  /** The purse that the pass was drawn from. */
  readonly purse: PurseName | undefined
  readonly addressKey: string
  /** The application vouches for the user. */
  readonly isVouched: boolean
  readonly clientKey: string
  /** When the request passed, milliseconds since 1970. */
  readonly at: number
  readonly report: (late: LateReport) => void
}

/** What Tencent said late. */
export interface LateReport extends Pick<LatePass, 'call' | 'verdict' | 'purse' | 'clientKey' | 'at'> {
  readonly lateVerdict: LateVerdict
}

/** Told what belongs to a site and to no request. */
export interface SiteAnnouncer {
  event(level: keyof CaptchaLogger, event: string, fields: object): void
  override(state: OverrideState, why: OverrideChange): void
  state(change: StateChange): void
  call(call: EndedCall): void
  canary(reply: Outcome): void
}

/** What a running site needs beside its memory. */
export interface ServiceSettings extends SiteSettings {
  readonly lateVerification: boolean
}

/** What a running site is made of. */
export interface SiteServicesParts {
  readonly captchaAppId: number
  readonly channel: CanaryOptions['channel']
  readonly clock: Clock
  readonly settings: ServiceSettings
  readonly upstreams: Upstreams
  readonly runProbe: RunProbe
  readonly announce: SiteAnnouncer
  readonly history?: ClientHistory | undefined
}

/** A site at work: its memory, its endpoints, its canary and its late verification. */
export class SiteServices {
  readonly site: Site
  readonly late: LateVerification<LatePass>
  readonly calls: TencentCalls
  readonly endpoints: Endpoints
  readonly clock: Clock
  readonly #canary: Omit<CanaryOptions, 'upstream'>
  readonly #upstreams: Upstreams
  readonly #announce: SiteAnnouncer
  readonly #apiLog: OutageLog
  #settings: ServiceSettings
  #circuit: Pick<Circuit, 'state' | 'why'> = { state: 'closed', why: undefined }

  constructor({ captchaAppId, channel, clock, settings, upstreams, runProbe, announce, history }: SiteServicesParts) {
    this.#settings = settings
    this.#upstreams = upstreams
    this.#announce = announce
    this.clock = clock
    this.#canary = { captchaAppId, channel, clock }
    this.endpoints = new Endpoints({
      upstreams,
      clock,
      ask: (upstream, timeoutMs, done) => this.askCanary(upstream, timeoutMs ?? this.#settings.canaryTimeoutMs, done),
      hasAnsweredSince: (timeMs) => this.site.circuit.hasAnsweredSince(timeMs),
      onCanary: (reply) => announce.canary(reply),
      onMove: (move) => {
        announceMove(announce, move)
        this.site.circuit.noteMove()
      },
    })
    const runCanary: RunCanary = (timeoutMs, done) => this.endpoints.runCanary(timeoutMs, done)
    const lateCounts = () => this.late.snapshot()
    this.#apiLog = new OutageLog({ path: 'api', announce, clock, late: lateCounts })
    this.site = new Site({
      captchaAppId,
      clock,
      settings,
      history,
      runProbe,
      isOnTrial: () => this.endpoints.inUse.isOnTrial,
      runCanary: upstreams.isCanaryApart ? runCanary : confirmedCanary(runCanary, clock),
      listener: {
        api: this.#apiLog,
        clientPath: new OutageLog({ path: 'client', announce, clock }),
        override: (state, why) => {
          announce.override(state, why)
          this.late.resume()
        },
        storeDown: (why) => {
          announce.event('warn', 'captcha_store_down', { why })
          announce.state({ kind: 'store', state: 'down', why })
        },
        storeUp: () => {
          announce.event('info', 'captcha_store_up', {})
          announce.state({ kind: 'store', state: 'up' })
        },
        storeCorrupted: (key) => announce.event('warn', 'captcha_store_corrupted', { key }),
        circuitChanged: () => {
          if (this.site.circuit.why === 'canary_disagrees') this.endpoints.noteUsersFailing()
          this.#tellCircuit()
          this.late.resume()
        },
      },
    })
    this.calls = new TencentCalls(
      this.site,
      () => this.endpoints.inUse,
      clock,
      (endpoint, reply, startedMs) => this.#tellCall('ticket', endpoint.ways.url, reply, startedMs),
    )
    this.late = new LateVerification({
      clock,
      isOn: () => this.#settings.lateVerification,
      isBack: () => this.site.circuit.state === 'closed' && this.site.override.mode !== 'pass',
      verify: (pass, done) => this.#verifyLate(pass, done),
      onVerdict: (pass, lateVerdict) => this.#tellLate(pass, lateVerdict),
      onDrained: () => this.#apiLog.flush(),
    })
  }

  /** Takes new settings, as guards join. */
  configure(settings: ServiceSettings): void {
    this.#settings = settings
    this.site.configure(settings)
  }

  /** The way of callers' tickets to the endpoint in use. */
  get upstream(): Upstream {
    return this.endpoints.inUse.ways.calls
  }

  /** Sends one canary; returns what gives it up. See {@link askCanary}. */
  askCanary(upstream: Upstream, timeoutMs: number, done: (reply: Outcome) => void): () => void {
    const startedMs = this.clock.nowMs()
    return askCanary({ ...this.#canary, upstream }, timeoutMs, (reply) => {
      this.#tellCall('canary', this.#urlOf(upstream), reply, startedMs)
      done(reply)
    })
  }

  /** The canary's way to the endpoint in use. */
  get canaryUpstream(): Upstream {
    return this.endpoints.inUse.ways.canary
  }

  /** The statuses of this process and the others, for status pages. */
  get fleet(): FleetStatus {
    return this.site.fleet
  }

  /** Where the keys come from and how old they are. */
  credential(): CredentialSnapshot {
    return this.#upstreams.credential()
  }

  /** Frees timers and sockets, and writes what still waits to be written. */
  close(): void {
    this.site.close()
    this.endpoints.close()
    this.late.close()
    this.#upstreams.close()
    this.#apiLog.flush()
  }

  /** Behind live traffic: only while more than half of the room is free, and no client's first call while Tencent throttles. */
  #verifyLate({ call, callKey, addressKey }: LatePass, done: (reply: Outcome) => void): boolean {
    // A call that its caller no longer waited for spends the ticket: asked again, Tencent would find it used.
    if (this.calls.follow(callKey, done)) return true
    const { inFlight, callAllowance } = this.site
    if (!inFlight.hasRoomToSpare) return false
    const allowed = callAllowance.take(addressKey, false)
    if (allowed === undefined) return false
    const { inUse } = this.endpoints
    const startedMs = this.clock.nowMs()
    inUse.ways.calls.verify(call, this.#settings.canaryTimeoutMs, (result) => {
      const given = classifyReply(result, call.channel)
      this.#tellCall('late', inUse.ways.url, given, startedMs)
      const reply = inUse.judge(given)
      callAllowance.settle(allowed, reply)
      // The request that passed may still be on its way to a second guard, for which the ticket is spent now.
      if (reply.kind === 'verified') this.calls.keep(callKey, reply)
      done(reply)
    })
    return true
  }

  #tellCall(kind: CallKind, url: string | undefined, reply: Outcome, startedMs: number): void {
    this.#announce.call({ kind, url, reply, durationMs: this.clock.nowMs() - startedMs })
  }

  /** The circuit also calls where only a canary has ended. */
  #tellCircuit(): void {
    const { state, why } = this.site.circuit
    const before = this.#circuit
    this.#circuit = { state, why }
    if (state === before.state && why === before.why) return
    this.#announce.state({ kind: 'circuit', state, before: before.state, ...(why !== undefined && { why }) })
  }

  #urlOf(upstream: Upstream): string | undefined {
    const all = [this.#upstreams, ...(this.#upstreams.siblings ?? [])]
    return all.find(({ canary, scout }) => upstream === canary || upstream === scout)?.url
  }

  #tellLate(pass: LatePass, lateVerdict: LateVerdict): void {
    if (lateVerdict.outcome === 'genuine') this.site.ledger.recordGenuine(pass.addressKey, pass.isVouched)
    pass.report({ ...pass, lateVerdict })
  }
}

/** Away from the preferred endpoint is a warning; back to it is not. */
function announceMove(announce: SiteAnnouncer, { from, to, why }: EndpointMove): void {
  announce.event(to.isPreferred ? 'info' : 'warn', 'captcha_endpoint_moved', {
    from: from.ways.url,
    to: to.ways.url,
    why,
    onTrial: to.isOnTrial,
  })
  announce.state({ kind: 'endpoint', from: from.ways.url, to: to.ways.url, why, onTrial: to.isOnTrial })
}
