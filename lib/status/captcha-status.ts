import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as v from 'valibot'
import { maxOverrideMs } from '../admission/question.js'
import { type Clock, systemClock } from '../clock.js'
import { errorForNext } from '../guard/error-for-next.js'
import { CaptchaConfigError } from '../options/captcha-config-error.js'
import { callback, objectOf, parse } from '../options/schema-parts.js'
import type { CaptchaRequest, NextFunction } from '../types.js'
import { type Authorization, type Authorized, askAuthorization } from './http/authorization.js'
import { readOverride, setBy } from './http/override-fields.js'
import { readBody } from './http/read-body.js'
import { isHostAllowed, isSameOrigin } from './http/same-origin.js'
import { sendProblem } from './http/status-problem.js'
import { isExpressRequest, neverShared, type StatusRequest, send } from './http/status-request.js'
import { StatusStream, type StreamKind } from './http/status-stream.js'
import { type PageOptions, pageParts, statusPage } from './page/page.js'
import { type Language, languages } from './page/texts.js'
import { type StatusGuard, StatusSites } from './status-sites.js'

/** Options of {@link captchaStatus}. */
export interface CaptchaStatusOptions {
  /**
   * Decides about each request, after the application's own login: `true`, or a name (a string or `{ name }`) that the log shows
   * beside an override. Anything else is refused with 403; what it throws or rejects with goes to `next(error)`. Required.
   */
  authorize(req: CaptchaRequest): Authorization | Promise<Authorization>
  /**
   * The `Host` values that this page is served under, with the port where there is one: `['ops.example.com', 'localhost:3000']`.
   * Any other is refused with 421. Give them where `authorize` knows people by their network and not by a session: another
   * site's name that is made to resolve to this machine (DNS rebinding) then gets nothing. @default any host
   */
  readonly allowedHosts?: readonly string[] | undefined
}

/** The status page as a handler for `app.use()`, of Express 4 and 5. */
export interface CaptchaStatusRouter {
  (req: IncomingMessage, res: ServerResponse, next: NextFunction): void
  /** Stops recording, and ends the open streams. */
  close(): void
}

/**
 * Makes the status page of one guard, or of several by name: page, JSON and event stream by content negotiation at the mount
 * point, and `POST <mount>/override`. It records from now on, with counters in bounded memory; a page is computed when it is
 * asked for, a stream every two seconds while a client listens.
 *
 * @example
 * app.use('/ops/captcha', requireLogin, captchaStatus(guard, { authorize: (req) => req.user?.isOperator && req.user.name }))
 *
 * @throws CaptchaConfigError without `authorize`, without a guard, and on unknown options
 */
export function captchaStatus(
  guards: StatusGuard | Readonly<Record<string, StatusGuard>>,
  options: CaptchaStatusOptions,
): CaptchaStatusRouter {
  return createStatus(guards, options, systemClock)
}

/** @internal The same on an injected clock. */
export function createStatus(
  guards: StatusGuard | Readonly<Record<string, StatusGuard>>,
  options: CaptchaStatusOptions,
  clock: Clock,
): CaptchaStatusRouter {
  const router = new StatusRouter(namedGuards(guards), parse('captchaStatus', schema, options ?? {}), clock)
  function captchaStatusRouter(req: IncomingMessage, res: ServerResponse, next: NextFunction): void {
    const path = (req.url ?? '/').split('?', 1)[0]
    if (path !== '/' && path !== '' && path !== '/override') return next()
    if (!isExpressRequest(req)) return next(new TypeError('tencent-captcha-guard: captchaStatus() needs Express.'))
    router.answer(req, res, path === '/override').catch((error: unknown) => next(errorForNext(error)))
  }
  return Object.assign(captchaStatusRouter, { close: () => router.close() })
}

const hostsMessage = "a list of hosts: ['ops.example.com']"
const host = v.pipe(v.string(hostsMessage), v.nonEmpty(hostsMessage))
const schema = objectOf({
  authorize: callback<CaptchaStatusOptions['authorize']>(
    'a function (req) => boolean or name: without it the page, and the override, would be open to every caller',
  ),
  allowedHosts: v.optional(v.pipe(v.array(host, hostsMessage), v.nonEmpty(hostsMessage))),
})

class StatusRouter {
  readonly #guards: ReadonlyMap<string, StatusGuard>
  readonly #authorize: CaptchaStatusOptions['authorize']
  readonly #allowedHosts: ReadonlySet<string> | undefined
  readonly #sites: StatusSites
  readonly #stream: StatusStream

  constructor(guards: ReadonlyMap<string, StatusGuard>, options: CaptchaStatusOptions, clock: Clock) {
    const { authorize, allowedHosts } = options
    this.#guards = guards
    this.#authorize = authorize
    this.#allowedHosts = allowedHosts && new Set(allowedHosts.map((host) => host.toLowerCase()))
    this.#sites = new StatusSites([...guards], clock)
    this.#stream = new StatusStream({ clock, report: () => this.#sites.report(), parts: pageParts })
  }

  /** Answers one request. Rejects with what `authorize` throws, and with bugs. */
  async answer(req: StatusRequest, res: ServerResponse, isOverride: boolean): Promise<void> {
    if (!isHostAllowed(req.headers, this.#allowedHosts)) return sendProblem(res, 'wrong_host')
    const authorized = await askAuthorization(this.#authorize, req)
    if (authorized === undefined) return sendProblem(res, 'forbidden')
    const isReading = req.method === 'GET' || req.method === 'HEAD'
    if (isOverride ? req.method !== 'POST' : !isReading) {
      const headers = { Allow: isOverride ? 'POST' : 'GET, HEAD' }
      return sendProblem(res, 'method_not_allowed', { headers })
    }
    return isOverride ? this.#setOverride(req, res, authorized) : this.#show(req, res)
  }

  close(): void {
    this.#stream.close()
    this.#sites.close()
  }

  async #show(req: StatusRequest, res: ServerResponse): Promise<void> {
    switch (req.accepts(['text/html', 'application/json', 'text/event-stream'])) {
      case 'text/html':
        return this.#sendPage(req, res, 200, req.query.set === undefined ? undefined : 'done')
      case 'application/json':
        return send(res, 200, { 'Content-Type': 'application/json' }, JSON.stringify(await this.#sites.report()))
      case 'text/event-stream':
        return this.#openStream(req, res)
      default:
        return sendProblem(res, 'not_acceptable')
    }
  }

  #openStream(req: StatusRequest, res: ServerResponse): void {
    const kind: StreamKind = languages.find((language) => language === req.query.parts) ?? 'json'
    if (req.method === 'HEAD') return send(res, 200, { 'Content-Type': 'text/event-stream; charset=utf-8' }, '')
    if (!this.#stream.open(res, kind)) sendProblem(res, 'too_many_streams', { headers: { 'Retry-After': '30' } })
  }

  async #sendPage(
    req: StatusRequest,
    res: ServerResponse,
    status: number,
    result: PageOptions['result'],
  ): Promise<void> {
    const nonce = randomBytes(16).toString('base64url')
    const asked = askedLanguage(req)
    const page = statusPage(await this.#sites.report(), {
      language: asked ?? preferredLanguage(req),
      isLanguageAsked: asked !== undefined,
      nonce,
      action: overrideAction(req),
      result,
    })
    const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': pagePolicy(nonce) }
    send(res, status, headers, page)
  }

  async #setOverride(req: StatusRequest, res: ServerResponse, { name }: Authorized): Promise<void> {
    if (!isSameOrigin(req.headers, this.#allowedHosts)) return sendProblem(res, 'cross_origin')
    const body = await readBody(req)
    if (body.kind === 'gone') return
    if (body.kind !== 'fields') return sendProblem(res, body.kind, { headers: { Connection: 'close' } })
    const { fields } = body
    const guard = this.#guardOf(fields.guard)
    const wish = readOverride(fields)
    if (guard === undefined) return this.#refuse(req, res, 'guard')
    if (typeof wish === 'string') return this.#refuse(req, res, wish)
    const { mode, forMs, reason } = wish
    guard.override(mode, { by: setBy(name, reason), ...(forMs !== undefined && { forMs }) })
    if (wantsPage(req)) {
      const lang = languages.find((language) => language === fields.lang)
      return send(res, 303, { ...neverShared, Location: `./?set=1${lang ? `&lang=${lang}` : ''}` }, '')
    }
    const { override } = guard.snapshot()
    return send(res, 200, { 'Content-Type': 'application/json' }, JSON.stringify({ override }))
  }

  async #refuse(req: StatusRequest, res: ServerResponse, field: 'guard' | 'mode' | 'forMs' | 'reason'): Promise<void> {
    if (wantsPage(req)) return this.#sendPage(req, res, 400, field)
    sendProblem(res, 'invalid_override', { detail: details[field] })
  }

  /** Only one guard needs no name. */
  #guardOf(name: unknown): StatusGuard | undefined {
    if (typeof name === 'string' && name !== '') return this.#guards.get(name)
    const [only, ...others] = this.#guards.values()
    return others.length === 0 ? only : undefined
  }
}

const details = {
  guard: '`guard` must name one of the guards.',
  mode: "`mode` must be 'pass', 'verify_only' or 'none'.",
  forMs: `\`forMs\` must be an integer from 1 to ${maxOverrideMs}; \`pass\` needs it.`,
  reason: '`reason` must say why, in at most 200 characters.',
} as const

/** Strict, because the page shows what callers sent, and its form can let all requests pass. Pages of the same origin may frame it. */
function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    'trusted-types captcha-status',
  ].join('; ')
}

function askedLanguage({ query }: StatusRequest): Language | undefined {
  return languages.find((language) => language === query.lang)
}

function preferredLanguage(req: StatusRequest): Language {
  const preferred = req.acceptsLanguages(languages)
  return languages.find((language) => language === preferred) ?? 'en'
}

function wantsPage(req: StatusRequest): boolean {
  return req.accepts(['application/json', 'text/html']) === 'text/html'
}

/**
 * The override's address relative to the page, which holds behind a proxy that takes away a prefix: `/ops/captcha` needs
 * `./captcha/override`, `/ops/captcha/` needs `./override`; the answer to a wrong form is at `/ops/captcha/override` itself.
 */
function overrideAction({ originalUrl }: StatusRequest): string {
  const last = originalUrl.split('?', 1)[0]?.split('/').at(-1) ?? ''
  return last === '' || last === 'override' ? './override' : `./${last}/override`
}

/** A guard is a function; several come as an object by name. */
function namedGuards(guards: StatusGuard | Readonly<Record<string, StatusGuard>>): ReadonlyMap<string, StatusGuard> {
  const named = new Map(
    typeof guards === 'function' ? [['guard', guards as StatusGuard]] : Object.entries(guards ?? {}),
  ) as Map<string, StatusGuard>
  const isGuard = (guard: StatusGuard | undefined) => typeof guard?.snapshot === 'function'
  if (named.size === 0 || ![...named.values()].every(isGuard)) {
    throw new CaptchaConfigError(
      'guard',
      'captchaStatus() needs a guard, or an object of guards by name, as its first argument.',
    )
  }
  return named
}
