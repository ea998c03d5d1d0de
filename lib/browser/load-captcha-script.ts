import { type VendorFailure, vendorFailure } from './challenge-outcome.js'
import { pageState } from './page-state.js'
import type { TicketSettings } from './ticket-options.js'
import { findTencentCaptcha, type TencentCaptchaConstructor } from './vendor-interface.js'

export type LoadOutcome = { kind: 'loaded'; TencentCaptcha: TencentCaptchaConstructor } | VendorFailure

type LoadSettings = Pick<TicketSettings, 'scriptUrl' | 'nonce' | 'loadTimeoutMs'>

/**
 * Loads the vendor's script once per page: callers share a load under way and its end, and a later call tries again after a
 * failure.
 */
export async function loadCaptchaScript(settings: LoadSettings): Promise<LoadOutcome> {
  const state = pageState()
  const TencentCaptcha = findTencentCaptcha()
  if (TencentCaptcha) return { kind: 'loaded', TencentCaptcha }
  state.scriptLoad ??= loadBeforeDeadline(settings).finally(() => {
    state.scriptLoad = undefined
  })
  return state.scriptLoad
}

async function loadBeforeDeadline({ scriptUrl, nonce, loadTimeoutMs }: LoadSettings): Promise<LoadOutcome> {
  const ownTags: HTMLScriptElement[] = []
  let expired = false
  const append = (url: string) => {
    const tag = scriptTag(url, nonce)
    ownTags.push(tag)
    document.head.append(tag)
    return tag
  }
  // A try that stays silent gets no rival: a script cannot be called back, and the vendor's throws when it runs twice.
  const tries = async () => {
    await finished(unfinishedTag(scriptUrl) ?? append(scriptUrl))
    if (!expired && !findTencentCaptcha()) await finished(append(freshUrl(scriptUrl)))
  }
  let timer: number | undefined
  const expiry = new Promise((resolve) => {
    timer = window.setTimeout(resolve, loadTimeoutMs)
  }).then(() => {
    expired = true
  })
  await Promise.race([tries(), expiry])
  clearTimeout(timer)
  const TencentCaptcha = findTencentCaptcha()
  if (TencentCaptcha) return { kind: 'loaded', TencentCaptcha }
  for (const tag of ownTags) tag.remove()
  return vendorFailure(1001, expired ? 'jsload_timeout' : 'jsload_error')
}

function scriptTag(url: string, nonce: string | undefined): HTMLScriptElement {
  const tag = document.createElement('script')
  if (nonce) tag.nonce = nonce
  tag.src = url
  return tag
}

function freshUrl(url: string): string {
  const fresh = new URL(url)
  fresh.searchParams.set('retry', Date.now().toString(36))
  return fresh.href
}

/** A tag of the page's own for the vendor's script, as far as it may still run. */
function unfinishedTag(scriptUrl: string): HTMLScriptElement | undefined {
  return [...document.scripts].find(
    ({ src }) => (src === scriptUrl || /\/TJ?N?Captcha(-global)?\.js/.test(src)) && !hasFinished(src),
  )
}

function hasFinished(src: string): boolean {
  // Before that a deferred script may be fetched and not yet run.
  return document.readyState === 'complete' && performance.getEntriesByName?.(src).length > 0
}

function finished(tag: HTMLScriptElement): Promise<unknown> {
  return new Promise((resolve) => {
    tag.addEventListener('load', resolve)
    tag.addEventListener('error', resolve)
    // The page's own tag may have failed before anybody listened.
    if (document.readyState !== 'complete') window.addEventListener('load', resolve)
  })
}
