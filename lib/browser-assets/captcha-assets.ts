import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sha256 } from '../structures/sha256.js'
import type { CaptchaSite } from '../types.js'
import { encryptCaptchaAppId, requireOption } from './encrypt-captcha-app-id.js'
import { iifeSources } from './iife-source.generated.js'

/** The facts of a guard that a page needs. */
export interface CaptchaPage {
  readonly captchaAppId: number
  readonly site: CaptchaSite
  /** URL of the vendor's script. */
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
  /** File name that changes with the content, so that caches may keep it for a year: `/captcha/${assets.scriptName}`. */
  readonly scriptName: string
  /** For the `integrity` attribute of a `<script>` with `scriptName`. */
  readonly integrity: string
}

/**
 * Makes a handler that serves what a page needs: `captcha-guard.js`, the kit for plain pages of the guard's site (revalidated by ETag); the same script
 * as `scriptName`, a name with its hash (cached for a year); and `config.json` with `captchaAppId`, `site`, `scriptUrl` and, when
 * configured, a fresh `aidEncrypted` (never cached). Every other request goes to `next()`.
 *
 * `config.json` is public and has no rate limit; put a limiter before it when `aidEncrypted` is on.
 *
 * @param guard a guard, for its `page`.
 * @throws {CaptchaConfigError} when the guard or an option is wrong.
 */
export function captchaAssets(
  guard: { readonly page: CaptchaPage },
  options: CaptchaAssetsOptions = {},
): CaptchaAssets {
  requireOption(guard?.page?.captchaAppId, 'guard', 'captchaAssets needs a guard as its first argument')
  const unknown = Object.keys(options).find((name) => name !== 'aidEncrypted')
  requireOption(!unknown, `${unknown}`, `captchaAssets has no option ${unknown}; there is aidEncrypted`)
  const pageConfig = () => configOf(guard.page, options)
  // Wrong keys fail here, not at the first page.
  pageConfig()
  const script = Buffer.from(iifeSources[guard.page.site])
  const hash = sha256(script).slice(0, 16)
  const scriptName = `captcha-guard.${hash}.js`
  const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`

  const assets = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next()
    const name = (req.url ?? '').split('?', 1)[0]?.slice(1) ?? ''
    if (name === 'config.json') return sendJson(res, pageConfig())
    if (!/^captcha-guard(\.[0-9a-f]{16})?\.js$/.test(name)) return next()
    // A name with another hash is from a page of an older or newer release: it is served, and not cached.
    const caching = name === scriptName ? 'public, max-age=31536000, immutable' : 'no-cache'
    sendScript(req, res, script, `"${hash}"`, caching)
  }
  return Object.freeze(Object.assign(assets, { scriptName, integrity }))
}

function configOf({ captchaAppId, site, scriptUrl }: CaptchaPage, { aidEncrypted }: CaptchaAssetsOptions) {
  const config = { captchaAppId, site, scriptUrl }
  if (!aidEncrypted) return config
  return { ...config, aidEncrypted: encryptCaptchaAppId({ captchaAppId, ...aidEncrypted }) }
}

function sendScript(req: IncomingMessage, res: ServerResponse, script: Buffer, etag: string, caching: string): void {
  res.setHeader('Content-Type', 'text/javascript; charset=utf-8')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('ETag', etag)
  res.setHeader('Cache-Control', caching)
  if (matches(req.headers['if-none-match'], etag)) {
    res.statusCode = 304
    res.end()
    return
  }
  res.setHeader('Content-Length', script.length)
  res.end(script)
}

/** Weak comparison (RFC 9110 §13.1.2): proxies that compress turn the tag into a weak one. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))
}

function sendJson(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}
