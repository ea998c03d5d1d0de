import type { Clock } from './clock.js'
import type { GuardConfig, LateVerdict } from './options/options.js'
import { callHook } from './report/call-hook.js'
import { OutageLog } from './report/outage-log.js'
import { ProxyHints } from './report/proxy-hints.js'
import { Reporter } from './report/reporter.js'
import { type VisitReader, visitReader } from './request/visit.js'
import { InFlight } from './site/in-flight.js'
import { type LateTicket, LateVerification } from './site/late-verification.js'
import { Degradation } from './site/site.js'
import { askCanary, type CanaryOptions, canaryReport } from './tencent/canary.js'
import { classifyReply, type Reply } from './tencent/classify-reply.js'
import { ticketClassifier } from './tencent/classify-ticket.js'
import { probeScript } from './tencent/probe-script.js'
import { createUpstream, type Upstream } from './tencent/upstream.js'
import type { VerifyCall } from './tencent/verify-call.js'
import type { CaptchaVerdict } from './types.js'

/** A ticket that passed degraded, with what its late verdict needs. */
export interface LateContext {
  readonly call: VerifyCall
  readonly verdict: CaptchaVerdict
  readonly clientKey: string
  readonly ticketHash: string | undefined
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Everything one guard is made of, made once. */
export interface GuardParts {
  readonly config: GuardConfig
  readonly clock: Clock
  readonly reporter: Reporter
  readonly upstream: Upstream
  readonly canary: CanaryOptions
  readonly degradation: Degradation
  readonly late: LateVerification<LateContext>
  readonly inFlight: InFlight
  readonly proxyHints: ProxyHints
  readonly readVisit: VisitReader
  /** Frees timers and sockets, and writes what still waits to be written. */
  close(): void
}

/** Puts a guard's parts together; the request path only runs them. */
export function assembleGuard(config: GuardConfig, clock: Clock): GuardParts {
  const { captchaAppId, timeoutMs } = config
  const reporter = new Reporter(config, clock)
  const upstream = createUpstream(config, clock)
  const canary = { captchaAppId, channel: config.canaryChannel, upstream, clock }
  const inFlight = new InFlight(config.maxInFlight)
  const { scriptUrl } = config.degradation.fallback
  const apiLog: OutageLog = new OutageLog({ path: 'api', reporter, clock, late: () => late.snapshot() })
  const degradation: Degradation = new Degradation({
    config: config.degradation,
    timeoutMs,
    captchaAppId,
    clock,
    runCanary: async (signal) => {
      const reply = await new Promise<Reply>((resolve) => {
        const giveUp = askCanary(canary, timeoutMs, (found) => {
          signal.removeEventListener('abort', giveUp)
          resolve(found)
        })
        signal.addEventListener('abort', giveUp)
      })
      reporter.canary(reply)
      return canaryReport(reply)
    },
    probeScript: probesScript(config) ? (signal) => probeScript(new URL(scriptUrl), clock, signal) : undefined,
    store: config.store,
    listener: {
      api: apiLog,
      clientPath: new OutageLog({
        path: 'client',
        reporter,
        clock,
        late: () => ({ waiting: 0, genuine: 0, refused: 0, inconclusive: 0 }),
      }),
      override: (state, why) => {
        reporter.override(state, why)
        late.resume()
      },
      storeDown: (why) => reporter.event('warn', 'captcha_store_down', { why }),
      storeUp: () => reporter.event('info', 'captcha_store_up', {}),
      storeCorrupted: (key) => reporter.event('warn', 'captcha_store_corrupted', { key }),
      circuitChanged: () => late.resume(),
    },
  })
  const late: LateVerification<LateContext> = new LateVerification({
    clock,
    isBack: () => degradation.circuit.snapshot().state === 'closed' && degradation.override.mode !== 'pass',
    verify: (context) => verifyLate(context),
    onVerdict: (ticket, lateVerdict) => tellLate(ticket, lateVerdict),
    onDrained: () => apiLog.flush(),
  })

  /** Behind live traffic: only while more than half of the room is free. */
  function verifyLate({ call }: LateContext) {
    if (inFlight.total * 2 >= config.maxInFlight) return undefined
    return new Promise<Reply>((resolve) => {
      upstream.verify(call, timeoutMs, (result) => resolve(classifyReply(result, call.channel)))
    })
  }

  function tellLate({ context }: LateTicket<LateContext>, lateVerdict: LateVerdict): void {
    const { verdict, clientKey, at, ticketHash } = context
    if (lateVerdict.outcome === 'genuine') degradation.ledger.recordGenuine(clientKey)
    reporter.late(verdict, lateVerdict, ticketHash)
    callHook(() => config.onLateVerdict?.({ verdict, lateVerdict, clientKey, at }))
  }

  return {
    config,
    clock,
    reporter,
    upstream,
    canary,
    degradation,
    late,
    inFlight,
    proxyHints: new ProxyHints(reporter, usesLoopback(config)),
    readVisit: visitReader(config, ticketClassifier(captchaAppId), clock),
    close() {
      degradation.close()
      late.close()
      upstream.close()
      apiLog.flush()
    },
  }
}

function usesLoopback({ transport }: GuardConfig): boolean {
  return transport.kind === 'https' && isLoopback(transport.endpoint)
}

/** Against a simulator on this machine the vendor's real script says nothing; the simulator's own does. */
function probesScript(config: GuardConfig): boolean {
  const { probe, scriptUrl } = config.degradation.fallback
  return probe && (!usesLoopback(config) || isLoopback(new URL(scriptUrl)))
}

function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(hostname)
}
