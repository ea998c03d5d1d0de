import type { ServerResponse } from 'node:http'
import { refusalProblem } from './admission/problem.js'
import { type Clock, systemClock } from './clock.js'
import { assembleGuard, type GuardParts } from './guard-parts.js'
import type { CaptchaGuard, GuardSnapshot } from './guard-types.js'
import { type GuardConfig, parseOptions } from './options/config.js'
import type { CaptchaGuardOptions } from './options/options.js'
import { callHook } from './report/call-hook.js'
import type { DecisionTrace } from './report/log-fields.js'
import { askTencent } from './request/ask-tencent.js'
import { callRefusalHandler } from './request/call-refusal-handler.js'
import { conclude, type Decided } from './request/conclude.js'
import { judgeAlone } from './request/judge-alone.js'
import { respond } from './request/respond.js'
import type { Visit } from './request/visit.js'
import { askCanary, healthReport } from './tencent/canary.js'
import type { CaptchaRequest, NextFunction } from './types.js'

/**
 * Makes the middleware that verifies Tencent CAPTCHA tickets, and keeps the business going within bounds when Tencent is
 * slow, broken or unreachable. Throws {@link CaptchaConfigError} on wrong, missing and unknown options.
 */
export function captchaGuard(options: CaptchaGuardOptions): CaptchaGuard {
  return createGuard(parseOptions(options), systemClock)
}

/** @internal The same on an injected clock. */
export function createGuard(config: GuardConfig, clock: Clock): CaptchaGuard {
  const parts = assembleGuard(config, clock)

  function captchaGuardMiddleware(req: CaptchaRequest, res: ServerResponse, next: NextFunction): void {
    handle(parts, req, res, next).then((act) => act(), next)
  }

  return Object.assign(captchaGuardMiddleware as unknown as CaptchaGuard, operations(parts))
}

/** One request, left to right. Resolves to the one thing to do with it: `next`, an answer, or nothing. */
async function handle(
  parts: GuardParts,
  req: CaptchaRequest,
  res: ServerResponse,
  next: NextFunction,
): Promise<() => void> {
  const { skip } = parts.config
  if (req.method === 'OPTIONS' || (skip && (await skip(req)))) return () => next()
  const visit = parts.readVisit(req, res)
  try {
    const outcome = judgeAlone(parts, visit) ?? (await askTencent(parts, visit))
    const decided = await conclude(parts, visit, outcome)
    if (decided === undefined) return () => {}
    tell(parts, visit, decided)
    return () => act(parts, visit, decided, res, next)
  } finally {
    visit.end()
  }
}

function tell({ config, degradation, reporter }: GuardParts, visit: Visit, decided: Decided): void {
  const { verdict, ...trace } = decided
  Object.assign(visit.req, { captcha: verdict })
  if (verdict.degraded) degradation.countDegraded(verdict.cause)
  degradation.refresh()
  reporter.verdict(visit.req, verdict, { ...traceOf(config, visit), ...trace, circuit: degradation.circuit.state })
  callHook(() => config.onVerdict?.(verdict, visit.req))
}

function traceOf({ logUserIp }: GuardConfig, { address, ticketHash }: Visit): Omit<DecisionTrace, 'circuit'> {
  const userIp = logUserIp === 'full' ? address?.ip : logUserIp && address?.masked
  return { ...(ticketHash && { ticketHash }), ...(userIp && { userIp }) }
}

/** The only `next()`, and the only answer. */
function act({ config }: GuardParts, visit: Visit, decided: Decided, res: ServerResponse, next: NextFunction): void {
  const { verdict } = decided
  if (verdict.passed || config.mode === 'observe') return next()
  const { onRefused } = config
  if (onRefused === undefined) return respond(res, refusalProblem(verdict.reason))
  callRefusalHandler((nextOnce) => onRefused(visit.req, res, nextOnce, verdict), next)
}

/** What an operator does with a guard. */
function operations(parts: GuardParts): Omit<CaptchaGuard, keyof CallableFunction> {
  const { config, clock, degradation } = parts
  return {
    snapshot: () => snapshot(parts),
    override: (mode, options) => degradation.setOverride(mode, options),
    async checkHealth() {
      const startedMs = clock.nowMs()
      // The deadline's own timer holds no process; a script that awaits its health check must live to see it.
      const hold = setTimeout(() => {}, config.timeoutMs + 1000)
      try {
        const reply = await askCanary(parts.canary, new AbortController().signal)
        return healthReport(reply, Math.round(clock.nowMs() - startedMs))
      } finally {
        clearTimeout(hold)
      }
    },
    close: async () => parts.close(),
    page: Object.freeze({
      captchaAppId: config.captchaAppId,
      site: config.site,
      scriptUrl: config.degradation.fallback.scriptUrl,
    }),
  }
}

function snapshot({ config, degradation, reporter, late, inFlight }: GuardParts): GuardSnapshot {
  degradation.refresh()
  return {
    captchaAppId: config.captchaAppId,
    mode: config.mode,
    override: degradation.override.snapshot(),
    api: degradation.apiWatch.snapshot(),
    clientPath: degradation.clientPathWatch.snapshot(),
    circuit: degradation.circuit.snapshot(),
    purses: degradation.ledger.snapshot(),
    baselinePerMinute: degradation.baselinePerMinute ?? null,
    counters: { ...reporter.counters },
    late: late.snapshot(),
    store: degradation.storeState,
    inFlight: inFlight.total,
  }
}
