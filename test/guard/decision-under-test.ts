import type { Decision } from '../../lib/admission/question.js'
import type { ClassifiedTicket } from '../../lib/admission/ticket.js'
import { type DecisionContext, type DecisionPolicy, PendingDecision } from '../../lib/guard/pending-decision.js'
import { SharedRequest } from '../../lib/guard/shared-request.js'
import { type LateReport, type SiteAnnouncer, SiteServices } from '../../lib/guard/site-services.js'
import { parseOptions } from '../../lib/options/config.js'
import type { DegradationOptions } from '../../lib/options/options.js'
import type { CaptchaStore } from '../../lib/store/captcha-store.js'
import type { EndpointWays, Upstream } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { VerifyCall } from '../../lib/tencent/verify-call.js'
import { ManualClock } from '../support/manual-clock.js'

/** A call that waits for the test to answer it. */
export interface StubCall {
  readonly call: VerifyCall
  readonly timeoutMs: number
  readonly isGivenUp: boolean
  /** Ends the call, unless it has ended. */
  answer(result: UpstreamResult): void
}

/** Tencent as a test plays it: calls wait until they are answered or given up. */
export class StubUpstream implements Upstream {
  readonly all: StubCall[] = []

  verify(call: VerifyCall, timeoutMs: number, done: (result: UpstreamResult) => void): () => void {
    let hasEnded = false
    let isGivenUp = false
    const answer = (result: UpstreamResult) => {
      if (hasEnded) return
      hasEnded = true
      done(result)
    }
    const stub: StubCall = {
      call,
      timeoutMs,
      answer,
      get isGivenUp() {
        return isGivenUp
      },
    }
    this.all.push(stub)
    return () => {
      isGivenUp = !hasEnded
      answer({ kind: 'aborted' })
    }
  }
}

const ignore = () => {}
export const captchaAppId = 190000001
const timeoutMs = 2000

export const verifiedResult: UpstreamResult = codeResult(1)

/** An answer with this `CaptchaCode`. */
export function codeResult(captchaCode: number): UpstreamResult {
  return { kind: 'sdk_result', result: { CaptchaCode: captchaCode } }
}

export const ordinary: ClassifiedTicket = { kind: 'ordinary', ticket: 'tr03abc*', randstr: '@abc' }

interface WorldOptions {
  readonly degradation?: DegradationOptions
  readonly store?: CaptchaStore
  readonly maxInFlight?: number
  /** Endpoints beside the one that `calls()` and `canaries()` show. */
  readonly siblings?: readonly EndpointWays[]
  /** Told each line that belongs to no request. */
  readonly onEvent?: SiteAnnouncer['event']
}

/** How a decision went on. */
export interface RunningDecision {
  readonly pending: PendingDecision
  /** `report`, `decided` and `failed`, as they were told. */
  readonly told: string[]
  readonly decision: Decision | undefined
  readonly error: unknown
}

/** A site on a manual clock, with no network. */
export function makeWorld({
  degradation = {},
  store,
  maxInFlight = 2048,
  siblings = [],
  onEvent = ignore,
}: WorldOptions = {}) {
  const clock = new ManualClock()
  const upstream = new StubUpstream()
  const lateReports: LateReport[] = []
  const { circuit, expectedPerMinute, lateVerification } = configOf(degradation)
  const services = new SiteServices({
    captchaAppId,
    channel: 'web',
    clock,
    settings: {
      config: circuit,
      suspicionMs: 500,
      expectedPerMinute,
      maxInFlight,
      probe: false,
      store,
      canaryTimeoutMs: timeoutMs,
      lateVerification,
    },
    upstreams: {
      url: 'http://a/',
      calls: upstream,
      canary: upstream,
      siblings,
      isCanaryApart: true,
      credential: () => ({ source: 'fixed' }),
      close: ignore,
    },
    runProbe: () => ignore,
    announce: { event: onEvent, override: ignore, state: ignore, call: ignore, canary: ignore },
  })

  /** What a guard of this site decides by. */
  function policyOf(options: DegradationOptions): DecisionPolicy {
    const config = configOf(options)
    return {
      services,
      purses: services.site.ledger.openPurses(config),
      timeoutMs,
      maxFallbackAgeMs: config.fallback.maxAgeMs,
      rules: config.rules,
      reportLate: (late) => lateReports.push(late),
    }
  }

  function contextOf(change: Partial<DecisionContext> = {}): DecisionContext {
    return {
      req: undefined,
      channel: 'web',
      ticket: ordinary,
      address: { ip: '203.0.113.7' },
      clientKey: '203.0.113.7',
      addressKey: change.limitKey ?? '203.0.113.7',
      limitKey: '203.0.113.7',
      ticketKey: 'ticket 1',
      shared: new SharedRequest(),
      startedMs: clock.nowMs(),
      ...change,
    }
  }

  /** Starts a decision and listens to its ends. */
  function run(
    context: DecisionContext = contextOf(),
    by: DecisionPolicy = policy,
    onReport = ignore,
  ): RunningDecision {
    const told: string[] = []
    let decision: Decision | undefined
    let error: unknown
    const pending = new PendingDecision(by, context, {
      report() {
        told.push('report')
        onReport()
      },
      decided(made) {
        told.push('decided')
        decision = made
      },
      failed(thrown) {
        told.push('failed')
        error = thrown
      },
    })
    pending.start()
    return {
      pending,
      told,
      get decision() {
        return decision
      },
      get error() {
        return error
      },
    }
  }

  function fallbackContext(change: Partial<DecisionContext> = {}): DecisionContext {
    const issuedAtSeconds = Math.floor(clock.epochMs() / 1000)
    const ticket: ClassifiedTicket = {
      kind: 'fallback',
      ticket: 'trerror_',
      randstr: '@abc',
      clientErrorCode: 1001,
      issuedAtSeconds,
      sid: '',
    }
    return contextOf({ ticket, ticketKey: 'fallback 1', ...change })
  }

  const policy = policyOf(degradation)
  const isCanary = ({ call }: StubCall) => call.ticket.startsWith('trerror_')
  const ordinaryCalls = (): readonly StubCall[] => upstream.all.filter((call) => !isCanary(call))
  const canaries = (): readonly StubCall[] => upstream.all.filter(isCanary)
  return {
    clock,
    services,
    site: services.site,
    policy,
    policyOf,
    contextOf,
    fallbackContext,
    run,
    lateReports,
    /** Calls about users' tickets. */
    calls: ordinaryCalls,
    canaries,
    purses: (by: DecisionPolicy = policy) => services.site.ledger.snapshot(by.purses),
    /** Ends a call with code 26, and the canary that was started about it as healthy: the decision has no evidence. */
    failCall(index = 0): void {
      ordinaryCalls().at(index)?.answer(codeResult(26))
      canaries().at(-1)?.answer(codeResult(21))
    },
    /** Passes drawn from both purses. */
    drawn(by: DecisionPolicy = policy): number {
      const { outage, doubt } = services.site.ledger.snapshot(by.purses)
      return outage.taken + doubt.taken
    },
  }
}

function configOf(degradation: DegradationOptions) {
  return parsedConfig({ degradation: { lateVerification: false, ...degradation } }).degradation
}

/** A guard's options, parsed, with stubs for what is required. */
export function parsedConfig(options: Partial<Parameters<typeof parseOptions>[0]>) {
  const credential = { secretId: 'stub', secretKey: 'stub' }
  return parseOptions({ captchaAppId, appSecretKey: 'stub', credential, ...options })
}
