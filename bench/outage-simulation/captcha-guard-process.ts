import { choosePurse } from '../../lib/admission/admit.js'
import type { Decision, PurseName } from '../../lib/admission/question.js'
import type { Clock } from '../../lib/clock.js'
import {
  callKeyOf,
  type DecisionContext,
  type DecisionPolicy,
  PendingDecision,
} from '../../lib/guard/pending-decision.js'
import { SharedRequest } from '../../lib/guard/shared-request.js'
import { SiteServices } from '../../lib/guard/site-services.js'
import type { DegradationConfig } from '../../lib/options/config.js'
import { ClientHistory } from '../../lib/site/client-history.js'
import type { PurseSnapshot } from '../../lib/site/purse.js'
import { vouchedKey } from '../../lib/site/vouched-key.js'
import type { CaptchaStore } from '../../lib/store/captcha-store.js'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'
import { callWithKeys } from '../../lib/tencent/credentials/call-with-keys.js'
import { CredentialKeeper } from '../../lib/tencent/credentials/credential-keeper.js'
import type { Upstream, Upstreams } from '../../lib/tencent/upstream.js'
import type { DynamicCredential } from '../../lib/types.js'
import type { Answer, AskedTicket } from './tencent-model.js'

/** One request, as far as the decision depends on it. */
export interface SimulatedRequest {
  readonly ticket: Exclude<AskedTicket, 'canary'> | 'fallback'
  readonly clientKey: string
  /** The identity that the application vouches for. */
  readonly knownAs?: string | undefined
  readonly ticketKey: string
}

/** What surrounds a process. */
export interface ProcessWorld {
  readonly clock: Clock
  readonly config: DegradationConfig
  readonly store: CaptchaStore | undefined
  readonly askTencent: (ticket: AskedTicket, host: number) => Answer
  /** Hosts of Tencent's beside the preferred one. @default 0 */
  readonly siblings?: number
  readonly canFetchScript: () => boolean
  /** Without one the keys are fixed. */
  readonly credential?: DynamicCredential | undefined
  /** @default 2048 */
  readonly maxInFlight?: number
}

const captchaAppId = 190000001
const timeoutMs = 2000
const probeTimeoutMs = 3000
const probeMs = 50
const ignore = () => {}
const silent = { event: ignore, override: ignore, state: ignore, call: ignore, canary: ignore }

/**
 * One process of a site: the package's own decision, driver and site, without HTTP between. Only Tencent, the script's host
 * and the clock are models.
 */
export class CaptchaGuardProcess {
  readonly services: SiteServices
  readonly policy: DecisionPolicy
  readonly #world: ProcessWorld

  constructor(world: ProcessWorld) {
    const { clock, config, store } = world
    const { circuit, expectedPerMinute, lateVerification } = config
    this.#world = world
    this.services = new SiteServices({
      captchaAppId,
      channel: 'web',
      clock,
      settings: {
        config: circuit,
        suspicionMs: 500,
        expectedPerMinute,
        maxInFlight: world.maxInFlight ?? 2048,
        probe: true,
        store,
        canaryTimeoutMs: timeoutMs,
        lateVerification,
      },
      upstreams: this.#upstreams(),
      runProbe: (done) => {
        const isReachable = world.canFetchScript()
        return this.#later(isReachable ? probeMs : probeTimeoutMs, () =>
          done(isReachable ? 'reachable' : 'unreachable'),
        )
      },
      announce: silent,
      history: repeatableHistory(),
    })
    this.policy = this.openGuard(config)
  }

  /** What one more guard of this process decides by. */
  openGuard(config: DegradationConfig): DecisionPolicy {
    const { ledger } = this.services.site
    ledger.holdFallbackFor(config.fallback.maxAgeMs)
    return {
      services: this.services,
      purses: ledger.openPurses(config),
      timeoutMs,
      maxFallbackAgeMs: config.fallback.maxAgeMs,
      rules: config.rules,
      reportLate: ignore,
    }
  }

  /** A verified pass of healthy times whose call is not looked at. */
  warmUp({ ticketKey, clientKey, knownAs }: SimulatedRequest): void {
    const { site } = this.services
    site.clientPath.noteTraffic(false)
    void site.recordVerified(ticketKey, clientKey, undefined, knownAs !== undefined)
    site.refresh()
  }

  /** Decides about a request, by the first guard unless told otherwise. Returns a function by which its caller hangs up. */
  handle(request: SimulatedRequest, done: (decision: Decision) => void, policy = this.policy): () => void {
    const end = { report: ignore, decided: done, failed: rethrow }
    const pending = new PendingDecision(policy, this.#contextOf(request), end)
    pending.start()
    return () => pending.abandon()
  }

  /** Whether a call about this ticket is under way, or its reply waits for the ticket to be sent again. */
  isAskedAbout(request: SimulatedRequest): boolean {
    const callKey = callKeyOf(this.#contextOf(request))
    return callKey !== undefined && this.services.calls.knows(callKey)
  }

  /** The purse that a ticket of this kind draws on right now; `undefined` while Tencent would be asked about it. */
  purseWithoutAsking(ticket: SimulatedRequest['ticket']): PurseName | undefined {
    const { site } = this.services
    const kind = ticket === 'fallback' ? 'fallback' : 'ordinary'
    const cause = kind === 'fallback' ? 'client_fallback' : 'circuit_open'
    if (kind === 'ordinary' && site.circuit.state !== 'open') return undefined
    return choosePurse(cause, site.evidenceFor(kind).evidence)
  }

  /** How long this purse's total takes to earn one token. */
  tokenMs(purse: PurseName): number {
    return 60_000 / this.pursesNow()[purse].perMinute
  }

  pursesNow(policy = this.policy): Readonly<Record<PurseName, PurseSnapshot>> {
    return this.services.site.ledger.snapshot(policy.purses)
  }

  noteTraffic(isFallback: boolean): void {
    this.services.site.clientPath.noteTraffic(isFallback)
  }

  close(): void {
    this.services.close()
  }

  #contextOf({ ticket, clientKey, knownAs, ticketKey }: SimulatedRequest): DecisionContext {
    const { clock } = this.#world
    const issuedAtSeconds = Math.floor(clock.epochMs() / 1000)
    return {
      req: undefined,
      channel: 'web',
      ticket:
        ticket === 'fallback'
          ? { kind: 'fallback', ticket, randstr: '', clientErrorCode: 1001, issuedAtSeconds, sid: '' }
          : { kind: 'ordinary', ticket, randstr: '' },
      address,
      clientKey,
      addressKey: clientKey,
      limitKey: knownAs === undefined ? clientKey : vouchedKey(knownAs),
      ticketKey,
      shared: new SharedRequest(),
      startedMs: clock.nowMs(),
    }
  }

  /** Tencent by its model. */
  #upstreams(): Upstreams {
    const { credential, clock } = this.#world
    const keeper = credential && new CredentialKeeper(credential, clock, ignore)
    // Passes of the warm-up are not asked about; the first of them would have fetched the keys.
    keeper?.take()
    const ways = (host: number) => {
      const upstream = this.#host(host)
      const keyed = keeper ? withKeys(upstream, keeper, clock) : upstream
      return { url: `https://host-${host}`, calls: { ...keyed, ...(keeper && { keys: keeper }) }, canary: keyed }
    }
    return {
      ...ways(0),
      siblings: Array.from({ length: this.#world.siblings ?? 0 }, (_, index) => ways(index + 1)),
      isCanaryApart: true,
      credential: () => keeper?.snapshot() ?? { source: 'fixed' },
      close: () => keeper?.close(),
    }
  }

  /** The ticket's text says what kind it is; a canary's has the form of a fallback ticket. */
  #host(host: number): Upstream {
    return {
      verify: ({ ticket }, deadlineMs, done) => {
        const asked = ticket.startsWith('trerror') ? 'canary' : (ticket as AskedTicket)
        const { reply, afterMs } = this.#world.askTencent(asked, host)
        const isInTime = reply !== undefined && afterMs < deadlineMs
        const cancel = this.#later(isInTime ? afterMs : deadlineMs, () => {
          done(isInTime ? reply : { kind: 'timeout', loopBlocked: false })
        })
        return () => {
          cancel()
          done({ kind: 'aborted' })
        }
      },
    }
  }

  /** Runs once, later, unless it is cancelled. */
  #later(delayMs: number, run: () => void): () => void {
    const timer = this.#world.clock.after(delayMs, run)
    return () => timer.cancel()
  }
}

function withKeys({ verify }: Upstream, keeper: CredentialKeeper, clock: Clock): Upstream {
  return {
    verify: (call, timeoutMs, done, waitedMs = 0) =>
      callWithKeys(
        { keeper, clock, timeoutMs, waitedMs, send: (_keys, leftMs, end) => verify(call, leftMs, end) },
        done,
      ),
  }
}

const address = { ip: '203.0.113.7' }

function rethrow(error: unknown): never {
  throw error
}

/** The guard's key is random, so that no caller can aim at what its table forgets; here the same seed must forget the same. */
export function repeatableHistory(): ClientHistory {
  return new ClientHistory(new KeyedHash(Buffer.from('same key')))
}
