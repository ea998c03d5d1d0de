import { clientErrorCodes } from '../tencent/fallback-ticket.js'
import { findTencentCaptcha, type TencentCaptchaConstructor, type TencentCaptchaInstance } from './captcha-script.js'
import type { VendorResult } from './captcha-ticket.js'
import { isInternational } from './sites.js'
import type { TicketSettings } from './ticket-options.js'

/**
 * Shows a challenge, or renders the checkbox of the international script. `onResult` gets every result of the vendor's script, which
 * may call more than once, and the failure of a challenge that is not on the screen in time; `onChallenge` runs when the vendor says
 * that the challenge is there. Returns a function that removes it.
 */
export function openChallenge(
  { captchaAppId, site, showTimeoutMs, element, captchaOptions }: TicketSettings,
  onResult: (result: VendorResult) => void,
  onChallenge?: () => void,
): () => void {
  let captcha: TencentCaptchaInstance
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAwaited = true
  const onVisible = () => {
    isAwaited = false
    clearTimeout(timer)
  }
  const settle = (result?: VendorResult) => {
    onVisible()
    onResult(result ?? {})
  }
  const fail = (errorCode: number, errorMessage: string) => settle({ errorCode, errorMessage })
  const awaitVisible = () => {
    if (isAwaited) timer = setTimeout(onTimeout, showTimeoutMs)
  }
  const onTimeout = () => {
    // A page in the background is not at fault: its time begins anew when it is seen.
    if (document.hidden) addEventListener('visibilitychange', awaitVisible, { once: true })
    else fail(clientErrorCodes.showTimeout, 'captcha_show_timeout')
  }
  // Which of the two is called when the challenge is on the screen depends on the script's version.
  const hooked = (name: 'ready' | 'showFn') => (detail: unknown) => {
    onVisible()
    onChallenge?.()
    // Outside the vendor's stack, which turns exceptions of the page's hook into fallback tickets.
    queueMicrotask(() => captchaOptions[name]?.(detail))
  }
  const options = { ...captchaOptions, ready: hooked('ready'), showFn: hooked('showFn') }
  awaitVisible()
  try {
    // The checkbox is on the screen when anything stands in its element; no hook tells.
    if (isInternational(site))
      new MutationObserver((_, observer) => {
        observer.disconnect()
        onVisible()
      }).observe(element as HTMLElement, { childList: true, subtree: true })
    const TencentCaptcha = findTencentCaptcha() as TencentCaptchaConstructor
    captcha = element
      ? new TencentCaptcha(element, `${captchaAppId}`, settle, options)
      : new TencentCaptcha(`${captchaAppId}`, settle, options)
    captcha.show()
  } catch (error) {
    fail(clientErrorCodes.scriptRunError, `captcha_run_error: ${error}`)
  }
  return () => {
    onVisible()
    try {
      captcha.destroy()
    } catch {
      // Without a challenge, or with an error of the vendor's, a result that is known stays.
    }
  }
}
