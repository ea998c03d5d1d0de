import { clientErrorCodes } from '../tencent/fallback-ticket.js'
import { scriptFilePattern } from '../tencent/hosts.js'
import { absoluteUrl } from './absolute-url.js'
import { appendElement } from './append-element.js'
import { bare } from './bare.js'
import type { VendorResult } from './captcha-ticket.js'
import { pageState } from './page-state.js'
import { isInternational, scriptUrls } from './sites.js'
import { requireThat, type TicketSettings } from './ticket-options.js'

/** One challenge of the vendor's script. */
export type TencentCaptchaInstance = {
  show(): void
  destroy(): void
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
 * @throws {TypeError} when `scriptUrl` does not parse, or the script on the page is the other site's.
 */
export async function loadCaptchaScript(settings: TicketSettings): Promise<VendorResult | undefined> {
  const { site } = settings
  const scriptUrl = absoluteUrl(settings.scriptUrl || scriptUrls[site])
  const state = pageState()
  if (!findTencentCaptcha()) {
    state.load ??= loadBeforeDeadline(scriptUrl, settings).finally(() => {
      delete state.load
    })
    const failure = await state.load
    if (failure) return failure
  }
  // The international script alone sets it. Only `true` counts: an element with that id is a property of `window`, too.
  const isInternationalScript = (window as { TCaptchaGlobal?: unknown }).TCaptchaGlobal === true
  requireThat(isInternationalScript === isInternational(site), 'site', site)
  return undefined
}

/**
 * Tries a second URL after the end of the first try. A try without any event blocks the next one: a script cannot be cancelled, and
 * the vendor's script throws when it runs twice.
 */
async function loadBeforeDeadline(scriptUrl: string, { nonce = '', loadTimeoutMs }: TicketSettings) {
  const page = bare(document)
  const deadline = new Promise<undefined>((resolve) => setTimeout(resolve, loadTimeoutMs))
  let event: Event | undefined
  for (const src of [scriptUrl, `${scriptUrl}${scriptUrl.includes('?') ? '&' : '?'}${Date.now()}`]) {
    const pageTag = unfinishedTag(page, src)
    const tag = pageTag ?? appendElement(page.head, 'script', { nonce, src })
    const end = new Promise<Event>((resolve) => {
      tag.addEventListener('load', resolve)
      tag.addEventListener('error', resolve)
      // The page's own tag may have failed before these listeners existed.
      if (pageTag) addEventListener('load', resolve)
    })
    event = await Promise.race([deadline, end])
    if (findTencentCaptcha()) return undefined
    // The page's own tag too, so that no later try waits for it again.
    tag.remove()
    if (!event) break
  }
  return { errorCode: clientErrorCodes.scriptLoadError, errorMessage: event ? 'jsload_error' : 'jsload_timeout' }
}

/** Finds a tag of the page for the vendor's script that may still run. */
function unfinishedTag(page: Document, scriptUrl: string): HTMLScriptElement | undefined {
  return [...page.scripts].find(
    ({ src }) =>
      (src === scriptUrl || scriptFilePattern.test(src)) &&
      // Before `complete` a deferred script may be fetched and not yet run.
      !(page.readyState === 'complete' && performance.getEntriesByName(src).length),
  )
}
