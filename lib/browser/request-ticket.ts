import type { CaptchaTicket } from './captcha-ticket.js'
import { loadCaptchaScript } from './load-captcha-script.js'
import { showChallenge } from './show-challenge.js'
import { takeTurn } from './take-turn.js'
import { ticketFrom } from './ticket-from.js'
import { readTicketOptions, type TicketOptions } from './ticket-options.js'

/**
 * Shows the challenge and gives a ticket for the server. It settles exactly once, also when the vendor is down: then within
 * `loadTimeoutMs` plus `showTimeoutMs` with a fallback ticket. Each call gives a ticket of its own, for a ticket works once.
 *
 * Load the vendor's script for one site only per page: both versions define the same global.
 *
 * @throws {CaptchaCancelledError} (as a rejection) when the user closes the challenge.
 * @throws {TypeError} (as a rejection) when the options are wrong; never a fallback ticket for that.
 * @throws whatever a `captchaOptions` function throws (as a rejection).
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
