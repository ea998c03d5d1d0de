import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'
import { captchaCspSources } from 'tencent-captcha-guard'

/**
 * Sets a strict Content-Security-Policy with a fresh nonce for each page (`res.locals.nonce`) and the sources of Tencent's script, and
 * the usual headers beside it.
 */
export function securityHeaders(): RequestHandler {
  return function securityHeadersMiddleware(_req, res, next) {
    const nonce = randomBytes(16).toString('base64')
    res.locals.nonce = nonce
    const captcha = captchaCspSources(res.locals.captcha)
    res.set({
      'Content-Security-Policy': [
        "default-src 'self'",
        directive('script-src', [`'nonce-${nonce}'`, ...captcha.scriptSrc]),
        directive('style-src', captcha.styleSrc),
        directive('connect-src', captcha.connectSrc),
        directive('frame-src', captcha.frameSrc),
        directive('img-src', captcha.imgSrc),
        directive('font-src', captcha.fontSrc),
        directive('worker-src', captcha.workerSrc),
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ].join('; '),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'strict-origin-when-cross-origin',
    })
    next()
  }
}

function directive(name: string, sources: readonly string[]): string {
  return [name, "'self'", ...sources].join(' ')
}
