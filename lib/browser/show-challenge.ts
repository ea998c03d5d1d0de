import { abortReason } from './abort-reason.js'
import { type ChallengeOutcome, vendorFailure } from './challenge-outcome.js'
import { readVendorResult } from './read-vendor-result.js'
import type { TicketSettings } from './ticket-options.js'
import type { CaptchaOptions, TencentCaptchaConstructor, TencentCaptchaInstance } from './vendor-interface.js'

/** Shows one challenge. The first end counts, whatever the vendor's script calls afterwards. */
export async function showChallenge(
  TencentCaptcha: TencentCaptchaConstructor,
  settings: TicketSettings,
  captchaOptions: CaptchaOptions,
): Promise<ChallengeOutcome> {
  const ownElement = settings.site === 'international' && !settings.element ? emptyElement() : undefined
  const element = settings.element ?? ownElement
  let captcha: TencentCaptchaInstance | undefined
  let timer: number | undefined
  try {
    return await new Promise<ChallengeOutcome>((resolve, reject) => {
      settings.signal?.addEventListener('abort', () => reject(abortReason(settings.signal)), { once: true })
      const onResult = (result: unknown) => resolve(readVendorResult(result))
      const options = withVisibleHook(captchaOptions, () => clearTimeout(timer))
      timer = window.setTimeout(() => resolve(vendorFailure(1002, 'captcha_show_timeout')), settings.showTimeoutMs)
      try {
        captcha = element
          ? new TencentCaptcha(element, settings.captchaAppId, onResult, options)
          : new TencentCaptcha(settings.captchaAppId, onResult, options)
        captcha.show()
      } catch (error) {
        resolve(vendorFailure(1005, `captcha_run_error: ${error}`))
      }
    })
  } finally {
    clearTimeout(timer)
    destroy(captcha)
    ownElement?.remove()
  }
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

function destroy(captcha: TencentCaptchaInstance | undefined): void {
  try {
    captcha?.destroy?.()
  } catch {
    // The outcome is known; a challenge that cannot be taken away must not change it.
  }
}

function emptyElement(): HTMLElement {
  const element = document.createElement('div')
  document.body.append(element)
  return element
}
