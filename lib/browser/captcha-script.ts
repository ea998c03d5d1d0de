import { clientErrorCodes } from '../tencent/fallback-ticket.js'
import { scriptFilePattern } from '../tencent/hosts.js'
import { bare } from './bare.js'
import type { VendorResult } from './captcha-ticket.js'
import { pageState } from './page-state.js'
import { requireThat, type TicketSettings } from './ticket-options.js'

/** One challenge of the vendor's script. */
export type TencentCaptchaInstance = {
  show(): void
  destroy?(): void
}

type Callback = (result: VendorResult) => void

/**
 * The constructor that the vendor's script puts on `window`. The app id must be a string: the mainland script throws on a number.
 * `type: 'embed'` and the international script need the form with an element first; the international one throws on a string.
 */
export type TencentCaptchaConstructor = {
  new (captchaAppId: string, callback: Callback, options: object): TencentCaptchaInstance
  new (element: HTMLElement, captchaAppId: string, callback: Callback, options: object): TencentCaptchaInstance
}

/** Returns the vendor's constructor, or undefined before the script has run. */
export function findTencentCaptcha(): TencentCaptchaConstructor | undefined {
  // An element with id="TencentCaptcha" is a property of that name on `window` too.
  const found = (window as { TencentCaptcha?: unknown }).TencentCaptcha
  return typeof found === 'function' ? (found as TencentCaptchaConstructor) : undefined
}

/**
 * Loads the vendor's script; resolves to undefined, or to the failure. Calls during a load share it and its result. A call after a
 * failure loads again.
 *
 * @throws {TypeError} when the script on the page is the other site's.
 */
export async function loadCaptchaScript(settings: TicketSettings): Promise<VendorResult | undefined> {
  const state = pageState()
  if (!findTencentCaptcha()) {
    state.load ??= loadBeforeDeadline(settings).finally(() => {
      state.load = undefined
    })
    const failure = await state.load
    if (failure) return failure
  }
  // The international script alone sets it. Only `true` counts: an element with that id is a property of `window`, too.
  const isInternational = (window as { TCaptchaGlobal?: unknown }).TCaptchaGlobal === true
  requireThat(isInternational === (settings.site === 'international'), 'site', settings.site)
  return undefined
}

async function loadBeforeDeadline({ scriptUrl, nonce, loadTimeoutMs }: TicketSettings) {
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
  const page = bare(document)
  for (const src of urls) {
    const pageTag = tags[0] ? undefined : unfinishedTag(page, src)
    const tag = pageTag ?? page.head.appendChild(Object.assign(page.createElement('script'), { nonce, src }))
    tags.push(tag)
    await finished(page, tag)
    if (findTencentCaptcha()) return
  }
}

/** Finds a tag of the page for the vendor's script that may still run. */
function unfinishedTag(page: Document, scriptUrl: string): HTMLScriptElement | undefined {
  return [...page.scripts].find(
    ({ src }) =>
      (src === scriptUrl || scriptFilePattern.test(src)) &&
      // Before `complete` a deferred script may be fetched and not yet run.
      !(page.readyState === 'complete' && performance.getEntriesByName?.(src).length),
  )
}

function finished(page: Document, tag: HTMLScriptElement): Promise<unknown> {
  return new Promise((resolve) => {
    tag.addEventListener('load', resolve)
    tag.addEventListener('error', resolve)
    // The page's own tag may have failed before these listeners existed.
    if (page.readyState !== 'complete') window.addEventListener('load', resolve)
  })
}
