import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CaptchaConfigError } from '../options/captcha-config-error.js'
import { encryptCaptchaAppId } from './encrypt-captcha-app-id.js'
import { iifeSource } from './iife-source.generated.js'

/** What a page has to know of a guard. */
export interface CaptchaPage {
  readonly captchaAppId: number
  readonly site: 'mainland' | 'international'
  readonly scriptUrl: string
}

/** Options of {@link captchaAssets}. */
export interface CaptchaAssetsOptions {
  /**
   * Puts a fresh encrypted app id into each `config.json`, for app ids with "forced verification of CaptchaAppid". Default: none.
   * `expiresInSeconds` is an integer from 1 to 86400, default 300.
   */
  readonly aidEncrypted?: { readonly appSecretKey: string; readonly expiresInSeconds?: number | undefined } | undefined
}

/** A handler for `app.use('/captcha', assets)`. */
export interface CaptchaAssets {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void
  /** File name that changes with the content, for caching for ever: `/captcha/${assets.scriptName}`. */
  readonly scriptName: string
  /** For the `integrity` attribute of a `<script>` with `scriptName`. */
  readonly integrity: string
}

const script = Buffer.from(iifeSource)
const scriptHash = createHash('sha256').update(script).digest('hex').slice(0, 16)
const etag = `"${scriptHash}"`
const scriptName = `captcha-guard.${scriptHash}.js`
const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`

/**
 * Serves what a page needs: `captcha-guard.js`, the kit for plain pages (revalidated by ETag); the same under a name with its hash,
 * `scriptName` (cached for ever); and `config.json` with `captchaAppId`, `site`, `scriptUrl` and, when configured, a fresh
 * `aidEncrypted` (never cached). Everything else goes to `next()`.
 *
 * `config.json` is for everybody and not limited by rate; put a limiter of yours before it when `aidEncrypted` is on.
 *
 * @param guard a guard, for its `page`.
 * @throws {CaptchaConfigError} when the guard or an option is wrong.
 */
export function captchaAssets(
  guard: { readonly page: CaptchaPage },
  options: CaptchaAssetsOptions = {},
): CaptchaAssets {
  checkOptions(guard, options)
  const pageConfig = () => configOf(guard.page, options)
  // Wrong keys are to fail at the start, not in the first page.
  pageConfig()

  const assets = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next()
    const name = (req.url ?? '').split('?', 1)[0]?.slice(1) ?? ''
    if (/^captcha-guard(\.[0-9a-f]{16})?\.js$/.test(name)) return sendScript(req, res, name)
    if (name === 'config.json') return sendJson(res, pageConfig())
    next()
  }
  return Object.freeze(Object.assign(assets, { scriptName, integrity }))
}

function configOf({ captchaAppId, site, scriptUrl }: CaptchaPage, { aidEncrypted }: CaptchaAssetsOptions) {
  const config = { captchaAppId, site, scriptUrl }
  if (!aidEncrypted) return config
  return { ...config, aidEncrypted: encryptCaptchaAppId({ captchaAppId, ...aidEncrypted }) }
}

function sendScript(req: IncomingMessage, res: ServerResponse, name: string): void {
  res.setHeader('Content-Type', 'text/javascript; charset=utf-8')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('ETag', etag)
  // A name with another hash is from a page of an older or newer release: it works, and is not kept.
  res.setHeader('Cache-Control', name === scriptName ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (matches(req.headers['if-none-match'])) {
    res.statusCode = 304
    res.end()
    return
  }
  res.setHeader('Content-Length', script.length)
  res.end(script)
}

/** Weak comparison (RFC 9110 §13.1.2): proxies that compress turn the tag into a weak one. */
function matches(ifNoneMatch: string | undefined): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))
}

function sendJson(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}

function checkOptions(guard: { readonly page: CaptchaPage }, options: CaptchaAssetsOptions): void {
  if (!guard?.page?.captchaAppId)
    throw new CaptchaConfigError('guard', 'captchaAssets needs a guard as its first argument')
  const unknown = Object.keys(options).find((name) => name !== 'aidEncrypted')
  if (unknown) throw new CaptchaConfigError(unknown, `captchaAssets has no option ${unknown}; there is aidEncrypted`)
}
