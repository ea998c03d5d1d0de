import { loadCaptchaScript } from './captcha-script.js'
import { type CaptchaTicket, ticketFrom, type VendorResult } from './captcha-ticket.js'
import { openChallenge } from './challenge.js'
import { pageState } from './page-state.js'
import { isInternational } from './sites.js'
import { readTicketOptions, requireThat, type TicketOptions } from './ticket-options.js'

/**
 * Shows the challenge and resolves to a ticket for the server. It settles exactly once. When the vendor is down it resolves to a
 * fallback ticket within `loadTimeoutMs` plus `showTimeoutMs`. Each call gives a ticket of its own, because a ticket works once.
 *
 * A page loads the vendor's script for one site only: both versions define the same global. The international script renders a
 * checkbox in `element`, and the ticket comes when the user has ticked it and solved what follows.
 *
 * @throws {CaptchaCancelledError} (as a rejection) when the user closes the challenge, or `signal` is aborted.
 * @throws {TypeError} (as a rejection) when the options are wrong, `element` is missing for the international script, or the page
 * has loaded the other site's script; never a fallback ticket for that.
 * @throws the error of a `captchaOptions` function that throws or rejects (as a rejection), and of `configUrl` when it is the only
 * source of the app id.
 * @see https://cloud.tencent.com/document/product/1110/36841 (the vendor's interface)
 * @see https://cloud.tencent.com/document/product/1110/72310 (fallback tickets)
 */
export async function requestTicket(options: TicketOptions): Promise<CaptchaTicket> {
  const settings = await readTicketOptions(options)
  const { site, element, captchaOptions, signal } = settings
  if (isInternational(site)) requireThat(element, 'element', element)
  const show = async () => {
    if (signal?.aborted) return { ret: 2 }
    let close = () => {}
    // The first result counts; later calls of the vendor's script are ignored.
    return new Promise<VendorResult>((resolve) => {
      signal?.addEventListener('abort', () => resolve({ ret: 2 }))
      close = openChallenge(settings, resolve)
    }).finally(() => close())
  }
  const isPopup = !isInternational(site) && captchaOptions.type !== 'embed'
  const result = (await loadCaptchaScript(settings)) ?? (await (isPopup ? takeTurn(show) : show()))
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
    // The failure is shared, the vendor's ticket is not: it works once.
    if (result.errorCode) state.failure = { ...result, ticket: null }
    return result
  })
  state.turn = turn
  return turn
}
