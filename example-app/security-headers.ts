import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'

/** What Tencent's challenge loads on a page. Where a host is missing the challenge stays blank, which looks like an outage of Tencent. */
const tencent = {
  script: [
    'https://turing.captcha.qcloud.com',
    'https://turing.captcha.gtimg.com',
    'https://cloudcache.tencentcs.com',
    'https://www.tycaptcha.com',
  ],
  frame: ['https://turing.captcha.qcloud.com', 'https://www.tycaptcha.com'],
  connect: ['https://turing.captcha.qcloud.com', 'https://www.tycaptcha.com'],
  style: ['https://*.captcha.gtimg.com', "'unsafe-inline'"],
  image: ['https://*.captcha.gtimg.com', 'https://turing.captcha.qcloud.com'],
  worker: ['blob:'],
}

function simulatorHosts(origin: string): typeof tencent {
  return { script: [origin], frame: [], connect: [origin], style: [], image: [], worker: [] }
}

/** Sets a strict Content-Security-Policy with a fresh nonce for each page (`res.locals.nonce`), and the usual headers beside it. */
export function securityHeaders(simulatorOrigin: string | undefined): RequestHandler {
  const hosts = simulatorOrigin === undefined ? tencent : simulatorHosts(simulatorOrigin)
  return function securityHeadersMiddleware(_req, res, next) {
    const nonce = randomBytes(16).toString('base64')
    res.locals.nonce = nonce
    res.set({
      'Content-Security-Policy': [
        "default-src 'self'",
        directive('script-src', [`'nonce-${nonce}'`, ...hosts.script]),
        directive('style-src', hosts.style),
        directive('connect-src', hosts.connect),
        directive('frame-src', hosts.frame),
        directive('img-src', ['data:', ...hosts.image]),
        directive('worker-src', hosts.worker),
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

function directive(name: string, sources: string[]): string {
  return [name, "'self'", ...sources].join(' ')
}
