import type { ServerResponse } from 'node:http'
import type { Decision } from './admission/question.js'
import type { CaptchaVerdict } from './admission/verdict.js'
import { type Clock, systemClock } from './clock.js'
import { checker } from './guard/check.js'
import { errorForNext } from './guard/error-for-next.js'
import { hasGone } from './guard/gone-client.js'
import { withFleet } from './guard/guard-fleet.js'
import { GuardParts } from './guard/guard-parts.js'
import type { CaptchaGuard } from './guard/guard-types.js'
import { operations } from './guard/operations.js'
import type { DecisionEnd } from './guard/pending-decision.js'
import { refusalProblem } from './guard/problem.js'
import type { RequestContext } from './guard/request-context.js'
import { respond } from './guard/respond.js'
import { giveBackPasses } from './guard/shared-request.js'
import type { RunningDecision } from './guard/traced-decision.js'
import { isThenable } from './options/call-option.js'
import type { GuardConfig } from './options/config.js'
import { parseOptions } from './options/config.js'
import type { CaptchaGuardOptions } from './options/options.js'
import type { CaptchaRequest, NextFunction } from './types.js'

/**
 * Makes the middleware that verifies Tencent CAPTCHA tickets, and keeps the business going within bounds when Tencent is
 * slow, broken or unreachable. Every request gets `req.captcha`; one that may not go on is answered with problem+json
 * (RFC 9457), or by `onRefused`. Guards of one process with the same app id and upstream share one site.
 *
 * @example
 * const guard = captchaGuard({
 *   captchaAppId: 190000001,
 *   appSecretKey: process.env.CAPTCHA_APP_SECRET_KEY,
 *   credential: { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY },
 * })
 * app.post('/login', express.json(), guard, (req, res) => res.json({ degraded: req.captcha.degraded }))
 *
 * @throws CaptchaConfigError on wrong, missing and unknown options, and where an option of the site conflicts with another guard's
 */
export function captchaGuard(options: CaptchaGuardOptions): CaptchaGuard {
  return createGuard(parseOptions(options), systemClock, placeOfCall(captchaGuard))
}

/** @internal The same on an injected clock. */
export function createGuard(config: GuardConfig, clock: Clock, madeAt = placeOfCall(createGuard)): CaptchaGuard {
  const parts = new GuardParts(config, clock, madeAt)

  function captchaGuardMiddleware(req: CaptchaRequest, res: ServerResponse, next: NextFunction): void {
    try {
      enter(parts, req, res, next)
    } catch (error) {
      // Express gives to `next` what a middleware throws.
      throw errorForNext(error)
    }
  }

  const middleware = captchaGuardMiddleware as unknown as CaptchaGuard
  Object.assign(middleware, operations(parts), { check: checker(parts) })
  return withFleet(middleware, parts.services.fleet)
}

/** What is skipped goes on; all other requests are guarded. */
function enter(parts: GuardParts, req: CaptchaRequest, res: ServerResponse, next: NextFunction): void {
  let isSkipped: boolean | Promise<boolean>
  try {
    const answer = isPreflight(req) || (parts.config.skip?.(req) ?? false)
    // A promise of another library may call back twice, or throw.
    isSkipped = isThenable(answer) ? Promise.resolve(answer) : answer
  } catch (error) {
    return next(errorForNext(error))
  }
  if (isSkipped instanceof Promise) {
    isSkipped.then(
      (skipped) => (skipped ? next() : guardRequest(parts, req, res, next)),
      (error: unknown) => next(errorForNext(error)),
    )
  } else if (isSkipped) next()
  else guardRequest(parts, req, res, next)
}

/** A CORS preflight carries no ticket and starts no action (Fetch standard). Any other `OPTIONS` is a request like others. */
function isPreflight(req: CaptchaRequest): boolean {
  // The headers are read last: of a request of Express every property costs a search.
  if (req.method !== 'OPTIONS') return false
  const { headers } = req
  return headers.origin !== undefined && 'access-control-request-method' in headers
}

/** One request: read, decided, reported, and answered or passed on. A client that went away gets none of these. */
function guardRequest(parts: GuardParts, req: CaptchaRequest, res: ServerResponse, next: NextFunction): void {
  // Before it is read: a socket that is closed has no address, which the log would call a wrong set-up.
  if (hasGone(res)) return
  let context: RequestContext
  try {
    context = parts.contexts.read(req)
    parts.proxyHints.look(req, context.address)
  } catch (error) {
    return next(errorForNext(error))
  }
  const end = new RequestEnd(parts, context, req, res, next)
  const pending = parts.decision(context, end)
  pending.start()
  // Most decisions without a call are over by now, and no client can have gone.
  if (!pending.isOver) end.watchClient(pending)
}

/** What the end of a decision does to its request. */
class RequestEnd implements DecisionEnd {
  readonly #parts: GuardParts
  readonly #context: RequestContext
  readonly #req: CaptchaRequest
  readonly #res: ServerResponse
  readonly #next: NextFunction
  #pending: RunningDecision | undefined
  #unwatch: (() => void) | undefined

  constructor(
    parts: GuardParts,
    context: RequestContext,
    req: CaptchaRequest,
    res: ServerResponse,
    next: NextFunction,
  ) {
    this.#parts = parts
    this.#context = context
    this.#req = req
    this.#res = res
    this.#next = next
  }

  watchClient(pending: RunningDecision): void {
    this.#pending = pending
    this.#unwatch = this.#parts.clientWatch.add(this.#res, () => this.#pending?.abandon())
  }

  report(decision: Decision): void {
    ;(this.#req as { captcha?: CaptchaVerdict }).captcha = decision.verdict
    this.#parts.report(decision, this.#context)
  }

  decided({ verdict }: Decision): void {
    this.#stopWatching()
    const { config } = this.#parts
    const next = this.#next
    if (verdict.passed || config.mode === 'observe') next()
    else refuse(config, this.#req, this.#res, next, verdict)
  }

  failed(error: unknown): void {
    this.#stopWatching()
    const next = this.#next
    next(errorForNext(error))
  }

  /** The client may go from now on. */
  #stopWatching(): void {
    this.#pending = undefined
    this.#unwatch?.()
  }
}

/** The only answer of the guard's own. What a hook on the response throws goes to `next(error)`, once. */
function refuse(
  { onRefused }: GuardConfig,
  req: CaptchaRequest,
  res: ServerResponse,
  next: NextFunction,
  verdict: Extract<CaptchaVerdict, { passed: false }>,
): void {
  const nextOnce = callableOnce(next)
  try {
    giveBackPasses(req, res)
    if (onRefused === undefined) return respond(res, refusalProblem(verdict.reason))
    const result: unknown = onRefused(req, res, nextOnce, verdict)
    if (isThenable(result)) Promise.resolve(result).catch((error) => nextOnce(errorForNext(error)))
  } catch (error) {
    nextOnce(errorForNext(error))
  }
}

/** What a handler throws after it has called `next` changes nothing: one request goes on once. */
function callableOnce(next: NextFunction): NextFunction {
  let isCalled = false
  return (error) => {
    if (isCalled) return
    isCalled = true
    if (error === undefined) next()
    else next(error)
  }
}

/** Where a guard was made, to name it when options of two guards conflict: the first stack frame above `below`. */
function placeOfCall(below: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, below)
  const [, frame = ''] = holder.stack?.split('\n') ?? []
  return frame.trim().replace(/^at /, '')
}
