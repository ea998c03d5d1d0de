import type { TicketSettings } from './ticket-options.js'
import {
  type CaptchaOptions,
  findTencentCaptcha,
  type TencentCaptchaConstructor,
  type TencentCaptchaInstance,
} from './vendor-interface.js'
import type { VendorResult } from './vendor-result.js'

/** Shows one challenge. The first end counts, whatever the vendor's script calls afterwards. */
export async function showChallenge(
  { captchaAppId, site, showTimeoutMs, element: ownElement }: TicketSettings,
  captchaOptions: CaptchaOptions,
): Promise<VendorResult> {
  const element = ownElement ?? (site === 'international' ? document.createElement('div') : undefined)
  let captcha: TencentCaptchaInstance | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const result = await new Promise<VendorResult>((resolve) => {
    const options = withVisibleHook(captchaOptions, () => clearTimeout(timer))
    timer = setTimeout(() => resolve({ errorCode: 1002, errorMessage: 'captcha_show_timeout' }), showTimeoutMs)
    try {
      const TencentCaptcha = findTencentCaptcha() as TencentCaptchaConstructor
      if (element && !ownElement) document.body.append(element)
      captcha = element
        ? new TencentCaptcha(element, captchaAppId, resolve, options)
        : new TencentCaptcha(captchaAppId, resolve, options)
      captcha.show()
    } catch (error) {
      resolve({ errorCode: 1005, errorMessage: `captcha_run_error: ${error}` })
    }
  })
  clearTimeout(timer)
  try {
    captcha?.destroy?.()
  } catch {
    // The outcome is known; a challenge that cannot be taken away must not change it.
  }
  if (!ownElement) element?.remove()
  return Object(result)
}

/** Both hooks say that the challenge is on the screen; which of them is called depends on the script's version. */
function withVisibleHook(captchaOptions: CaptchaOptions, onVisible: () => void): CaptchaOptions {
  const hooked =
    (name: 'ready' | 'showFn') =>
    (detail: unknown): void => {
      onVisible()
      // Outside the vendor's stack, which turns exceptions of the page's hook into fallback tickets.
      queueMicrotask(() => captchaOptions[name]?.(detail))
    }
  return { ...captchaOptions, ready: hooked('ready'), showFn: hooked('showFn') }
}
