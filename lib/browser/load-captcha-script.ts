import { pageState } from './page-state.js'
import type { TicketSettings } from './ticket-options.js'
import { findTencentCaptcha } from './vendor-interface.js'
import type { VendorResult } from './vendor-result.js'

type LoadSettings = Pick<TicketSettings, 'scriptUrl' | 'nonce' | 'loadTimeoutMs'>

/**
 * Puts `window.TencentCaptcha` on the page, or tells why not. Once per page: callers share a load under way and its end, and a
 * later call tries again after a failure.
 */
export async function loadCaptchaScript(settings: LoadSettings): Promise<VendorResult | undefined> {
  if (findTencentCaptcha()) return undefined
  const state = pageState()
  state.load ??= loadBeforeDeadline(settings).finally(() => {
    state.load = undefined
  })
  return state.load
}

/**
 * An error is followed by one try with a fresh URL. A try that stays silent gets no rival: a script cannot be called back, and
 * the vendor's throws when it runs twice.
 */
function loadBeforeDeadline({ scriptUrl, nonce, loadTimeoutMs }: LoadSettings): Promise<VendorResult | undefined> {
  return new Promise((resolve) => {
    const urls = [scriptUrl, `${scriptUrl}${scriptUrl.includes('?') ? '&' : '?'}${Date.now()}`]
    const tags: HTMLScriptElement[] = []
    const finish = (errorMessage: string) => {
      clearTimeout(timer)
      urls.length = 0
      if (findTencentCaptcha()) return resolve(undefined)
      // Also the page's own, so that a later call does not wait for it again.
      for (const tag of tags) tag.remove()
      resolve({ errorCode: 1001, errorMessage })
    }
    const tryNext = () => {
      const url = urls.shift()
      if (!url || findTencentCaptcha()) return finish('jsload_error')
      const tag = document.createElement('script')
      tag.nonce = nonce ?? ''
      tag.src = url
      document.head.append(tag)
      follow(tag)
    }
    const follow = (tag: HTMLScriptElement) => {
      tags.push(tag)
      void finished(tag).then(tryNext)
    }
    const timer = setTimeout(finish, loadTimeoutMs, 'jsload_timeout')
    const pageTag = unfinishedTag(scriptUrl)
    if (pageTag) {
      urls.shift()
      follow(pageTag)
    } else tryNext()
  })
}

/** A tag of the page's own for the vendor's script, as far as it may still run. */
function unfinishedTag(scriptUrl: string): HTMLScriptElement | undefined {
  return [...document.scripts].find(
    ({ src }) =>
      (src === scriptUrl || /Captcha(-global)?\.js/.test(src)) &&
      // Before `complete` a deferred script may be fetched and not yet run.
      !(document.readyState === 'complete' && performance.getEntriesByName?.(src).length),
  )
}

function finished(tag: HTMLScriptElement): Promise<unknown> {
  return new Promise((resolve) => {
    tag.addEventListener('load', resolve)
    tag.addEventListener('error', resolve)
    // The page's own tag may have failed before anybody listened.
    if (document.readyState !== 'complete') window.addEventListener('load', resolve)
  })
}
