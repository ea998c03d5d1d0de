import { clientErrorCodes } from '../tencent/fallback-ticket.js'
import {
  type CaptchaOptions,
  findTencentCaptcha,
  loadCaptchaScript,
  type TencentCaptchaConstructor,
  type TencentCaptchaInstance,
} from './captcha-script.js'
import { type CaptchaTicket, ticketFrom, type VendorResult } from './captcha-ticket.js'
import { pageState } from './page-state.js'
import { readTicketOptions, type TicketOptions, type TicketSettings } from './ticket-options.js'

/**
 * Shows the challenge and resolves to a ticket for the server. It settles exactly once. When the vendor is down it resolves to a
 * fallback ticket within `loadTimeoutMs` plus `showTimeoutMs`. Each call gives a ticket of its own, because a ticket works once.
 *
 * A page loads the vendor's script for one site only: both versions define the same global.
 *
 * @throws {CaptchaCancelledError} (as a rejection) when the user closes the challenge.
 * @throws {TypeError} (as a rejection) when the options are wrong; never a fallback ticket for that.
 * @throws the error of a `captchaOptions` function that throws or rejects (as a rejection).
 * @see https://cloud.tencent.com/document/product/1110/36841 (the vendor's interface)
 * @see https://cloud.tencent.com/document/product/1110/72310 (fallback tickets)
 */
export async function requestTicket(options: TicketOptions): Promise<CaptchaTicket> {
  const settings = readTicketOptions(options)
  const [loadFailure, captchaOptions] = await Promise.all([loadCaptchaScript(settings), settings.captchaOptions()])
  const show = () => showChallenge(settings, captchaOptions)
  const result = loadFailure ?? (await (captchaOptions.type === 'embed' ? show() : takeTurn(show)))
  return ticketFrom(result, settings.captchaAppId)
}

/**
 * Shows popups one after another: the vendor's script keeps page-wide state, and users cannot read two at once. The calls that
 * wait behind a popup that fails share its failure, so that no call waits for two timeouts.
 */
function takeTurn(show: () => Promise<VendorResult>): Promise<VendorResult> {
  const state = pageState()
  const failureBefore = state.failure
  const turn = state.turn.then(async () => {
    if (state.failure !== failureBefore) return state.failure
    const result = await show()
    const { errorCode, errorMessage } = result
    // The failure is shared, the vendor's ticket is not: it works once.
    if (errorCode) state.failure = { errorCode, errorMessage }
    return result
  })
  state.turn = turn
  return turn
}

/** Shows one challenge. The first result counts; later calls of the vendor's script are ignored. */
async function showChallenge(
  { captchaAppId, site, showTimeoutMs, element: ownElement }: TicketSettings,
  captchaOptions: CaptchaOptions,
): Promise<VendorResult> {
  const element = ownElement ?? (site === 'international' ? document.createElement('div') : undefined)
  let captcha: TencentCaptchaInstance | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const result = await new Promise<VendorResult>((resolve) => {
    const fail = (errorCode: number, errorMessage: string) => resolve({ errorCode, errorMessage })
    const options = withVisibleHook(captchaOptions, () => clearTimeout(timer))
    timer = setTimeout(fail, showTimeoutMs, clientErrorCodes.showTimeout, 'captcha_show_timeout')
    try {
      const TencentCaptcha = findTencentCaptcha() as TencentCaptchaConstructor
      if (element && !ownElement) document.body.append(element)
      captcha = element
        ? new TencentCaptcha(element, captchaAppId, resolve, options)
        : new TencentCaptcha(captchaAppId, resolve, options)
      captcha.show()
    } catch (error) {
      fail(clientErrorCodes.scriptRunError, `captcha_run_error: ${error}`)
    }
  })
  clearTimeout(timer)
  try {
    captcha?.destroy?.()
  } catch {
    // The result is known; an error while the challenge is removed must not change it.
  }
  if (!ownElement) element?.remove()
  return Object(result)
}

/** Calls `onVisible` with both hooks for a challenge on the screen: which of them is called depends on the script's version. */
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
