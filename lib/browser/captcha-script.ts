import { clientErrorCodes } from '../tencent/fallback-ticket.js'
import { scriptFilePattern } from '../tencent/hosts.js'
import type { VendorResult } from './captcha-ticket.js'
import { pageState } from './page-state.js'

/** Options of the vendor's constructor. They are passed on unchanged; the kit also listens to `ready` and `showFn`. */
export type CaptchaOptions = {
  /** Returned by the vendor in its callback. */
  bizState?: unknown
  /** `true` follows the system, `'force'` is always dark. */
  enableDarkMode?: boolean | 'force' | undefined
  /** Size of the loading box in a native WebView, in pixels. */
  sdkOpts?: { width: number; height: number } | undefined
  /** `false` hides the help link; a string is its address. */
  needFeedBack?: boolean | string | undefined
  /** Whether a loading box is shown. */
  loading?: boolean | undefined
  /** For example `'zh-cn'`, `'zh-tw'` or `'en'`. */
  userLanguage?: string | undefined
  /** `'popup'` is the vendor's default. `'embed'` needs the kit's option `element`. */
  type?: 'popup' | 'embed' | undefined
  /** The encrypted app id, the result of `encryptCaptchaAppId` on the server. */
  aidEncrypted?: string | undefined
  /** The mode of AES-256 in `aidEncrypted`. The vendor's default is `'cbc'`. */
  aidEncryptedType?: 'cbc' | 'gcm' | undefined
  /** The additional authenticated data of `'gcm'`, in Base64. */
  aidEncryptedAad?: string | undefined
  /** Called when the challenge is on the screen, with its size. */
  ready?: ((size: unknown) => void) | undefined
  /** Called when the challenge is on the screen, with `duration` in milliseconds and `sid`. */
  showFn?: ((info: unknown) => void) | undefined
  /** Called after each attempt of the user, with `pass` and `sid`. */
  verifyFn?: ((info: unknown) => void) | undefined
  [name: string]: unknown
}

/** One challenge of the vendor's script. */
export type TencentCaptchaInstance = {
  show(): void
  destroy?(): void
}

type Callback = (result: VendorResult) => void

/**
 * The constructor that the vendor's script puts on `window`. The app id must be a string: the script throws on a number.
 * `type: 'embed'` and the international script need the form with an element first.
 */
export type TencentCaptchaConstructor = {
  new (captchaAppId: string, callback: Callback, options: CaptchaOptions): TencentCaptchaInstance
  new (element: HTMLElement, captchaAppId: string, callback: Callback, options: CaptchaOptions): TencentCaptchaInstance
}

/** Returns the vendor's constructor, or undefined before the script has run. */
export function findTencentCaptcha(): TencentCaptchaConstructor | undefined {
  // An element with id="TencentCaptcha" is a property of that name on `window` too.
  const found = (window as { TencentCaptcha?: unknown }).TencentCaptcha
  return typeof found === 'function' ? (found as TencentCaptchaConstructor) : undefined
}

type LoadSettings = { scriptUrl: string; nonce?: string | undefined; loadTimeoutMs: number }

/**
 * Loads the vendor's script; resolves to undefined, or to the failure. Calls during a load share it and its result. A call after a
 * failure loads again.
 */
export async function loadCaptchaScript(settings: LoadSettings): Promise<VendorResult | undefined> {
  if (findTencentCaptcha()) return undefined
  const state = pageState()
  state.load ??= loadBeforeDeadline(settings).finally(() => {
    state.load = undefined
  })
  return state.load
}

async function loadBeforeDeadline({ scriptUrl, nonce, loadTimeoutMs }: LoadSettings) {
  const urls = [scriptUrl, `${scriptUrl}${scriptUrl.includes('?') ? '&' : '?'}${Date.now()}`]
  const tags: HTMLScriptElement[] = []
  const errorMessage = await new Promise<string>((resolve) => {
    setTimeout(resolve, loadTimeoutMs, 'jsload_timeout')
    void tryInTurn(urls, tags, nonce).then(() => resolve('jsload_error'))
  })
  // Ends the loop over the URLs: an error after the deadline starts no further try.
  urls.length = 0
  if (findTencentCaptcha()) return undefined
  // The page's own tag too, so that a later call does not wait for it again.
  for (const tag of tags) tag.remove()
  return { errorCode: clientErrorCodes.scriptLoadError, errorMessage }
}

/**
 * Tries one URL after the end of the one before. A try without any event blocks the next one: a script cannot be cancelled, and
 * the vendor's script throws when it runs twice.
 */
async function tryInTurn(urls: string[], tags: HTMLScriptElement[], nonce = ''): Promise<void> {
  for (const src of urls) {
    const pageTag = tags[0] ? undefined : unfinishedTag(src)
    const tag = pageTag ?? document.head.appendChild(Object.assign(document.createElement('script'), { nonce, src }))
    tags.push(tag)
    await finished(tag)
    if (findTencentCaptcha()) return
  }
}

/** Finds a tag of the page for the vendor's script that may still run. */
function unfinishedTag(scriptUrl: string): HTMLScriptElement | undefined {
  return [...document.scripts].find(
    ({ src }) =>
      (src === scriptUrl || scriptFilePattern.test(src)) &&
      // Before `complete` a deferred script may be fetched and not yet run.
      !(document.readyState === 'complete' && performance.getEntriesByName?.(src).length),
  )
}

function finished(tag: HTMLScriptElement): Promise<unknown> {
  return new Promise((resolve) => {
    tag.addEventListener('load', resolve)
    tag.addEventListener('error', resolve)
    // The page's own tag may have failed before these listeners existed.
    if (document.readyState !== 'complete') window.addEventListener('load', resolve)
  })
}
