import type { IncomingMessage, ServerResponse } from 'node:http'
import * as v from 'valibot'
import { type PublicCode, refusalTable } from '../admission/cause-table.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import { objectOf, parse } from '../options/schema-parts.js'
import { refusalProblem } from './problem.js'
import { respond } from './respond.js'

/** Options of {@link backToForm}. */
export interface BackToFormOptions {
  /**
   * Path of the page with the form, from `/`. @default the page that sent the form, as its `Referer` says; without one, the path
   * that the form was sent to
   */
  readonly path?: string | undefined
}

const pathMessage = 'a path that begins with a single "/"'
const schema = objectOf({ path: v.optional(v.pipe(v.string(pathMessage), v.regex(/^\/(?![/\\])/, pathMessage))) })

type Refused = Extract<CaptchaVerdict, { passed: false }>

/**
 * Makes an `onRefused` that leads a refused form post of a browser back to its form: 303 to the form's page with
 * `?captcha=captcha_invalid`, or whichever public code it is; the browser kit there puts back what the user typed and says that the
 * form was not verified. The address holds nothing that was sent with the form, the redirect never leaves the site. Other requests,
 * as those of `fetch`, get the usual problem+json.
 *
 * Without JavaScript the page shows the message itself: `req.query.captcha` is the public code.
 *
 * @example captchaGuard({ ..., onRefused: backToForm() })
 * @throws CaptchaConfigError on an unknown option, or a path that does not begin with a single `/`
 */
export function backToForm(options: BackToFormOptions = {}) {
  const { path } = parse('backToForm', schema, options)
  return function backToFormHandler(req: IncomingMessage, res: ServerResponse, _next: unknown, verdict: Refused): void {
    if (!isFormPost(req)) return respond(res, refusalProblem(verdict.reason))
    const { code } = refusalTable[verdict.reason]
    const headers = { Location: withCode(path ?? pathOfForm(req), code), 'Cache-Control': 'no-store' }
    respond(res, { status: 303, headers, body: '' })
  }
}

/** A navigation of a browser. Where the browser does not say so, what it wants to have is a page. */
function isFormPost({ headers }: IncomingMessage): boolean {
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? /\btext\/html\b/.test(headers.accept ?? '') : mode === 'navigate'
}

/** The path and query of the page that sent the form. A form with GET carries its fields in the query, so that without a page the path alone is known. */
function pathOfForm(req: IncomingMessage & { originalUrl?: string }): string {
  const { referer, host } = req.headers
  const page = referer !== undefined && URL.canParse(referer) ? new URL(referer) : undefined
  if (page !== undefined && page.host === host) return page.pathname + page.search
  return (req.originalUrl ?? req.url ?? '/').split('?', 1)[0] ?? '/'
}

function withCode(path: string, code: PublicCode): string {
  // The host is never used. Of `//other.example/` the path is left: a redirect must not leave the site.
  const url = new URL(path.replace(/^[/\\]+/, '/'), 'http://localhost')
  url.searchParams.set('captcha', code)
  return url.pathname.replace(/^\/+/, '/') + url.search
}
