import { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import type { CaptchaVerdict } from './admission/verdict.js'
import { errorForNext } from './guard/error-for-next.js'
import { refusalProblem } from './guard/problem.js'
import { respond } from './guard/respond.js'
import { giveBackPasses } from './guard/shared-request.js'
import { CaptchaConfigError } from './options/captcha-config-error.js'
import { flag, objectOf, parse } from './options/schema-parts.js'
import type { CaptchaMiddleware } from './types.js'

/** Options of {@link requireCaptcha}. */
export interface RequireCaptchaOptions {
  /** Whether a degraded pass is good enough for this route. @default true */
  readonly allowDegraded?: boolean | undefined
}

/**
 * Lets a route decide on what a guard before it found: answers 400, 403, 429 or 503 to what did not pass, and with
 * `allowDegraded: false` 503 to what was not verified either, which gives back what was drawn for it. Without `req.captcha` it
 * calls `next(error)`: without a guard no request passes. Throws {@link CaptchaConfigError} on wrong options.
 */
export function requireCaptcha(options: RequireCaptchaOptions = {}): CaptchaMiddleware {
  const { allowDegraded } = parseOptions(options)
  return function requireCaptchaMiddleware(req, res, next) {
    const { captcha } = req as IncomingMessage & { captcha?: CaptchaVerdict }
    if (captcha === undefined) {
      return next(new Error('requireCaptcha: no req.captcha; put captchaGuard() before it, and mind what it skips.'))
    }
    if (captcha.passed && (allowDegraded || !captcha.degraded)) return next()
    try {
      if (captcha.passed) giveBackPasses(req, res)
      respond(res, refusalProblem(captcha.passed ? 'degradation_refused' : captcha.reason))
    } catch (error) {
      // A hook on the response: Express would take what it threw as it is, and may go on.
      next(errorForNext(error))
    }
  }
}

const schema = objectOf({ allowDegraded: v.optional(flag, true) })

function parseOptions(options: RequireCaptchaOptions) {
  if (options instanceof IncomingMessage) {
    throw new CaptchaConfigError('options', 'requireCaptcha: call it: app.post(path, requireCaptcha(), handler).')
  }
  return parse('requireCaptcha', schema, options)
}
