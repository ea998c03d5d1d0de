import { abortReason, throwIfAborted } from './abort-reason.js'
import { CaptchaCancelledError } from './captcha-cancelled-error.js'
import type { CaptchaTicket } from './captcha-ticket.js'
import type { ChallengeOutcome } from './challenge-outcome.js'
import { fallbackTicket } from './fallback-ticket.js'
import { loadCaptchaScript } from './load-captcha-script.js'
import { showChallenge } from './show-challenge.js'
import { takeTurn } from './take-turn.js'
import { checkCaptchaOptions, readTicketOptions, type TicketOptions, type TicketSettings } from './ticket-options.js'

/**
 * Shows the challenge and gives a ticket for the server. It settles exactly once, also when the vendor is down: then within
 * `loadTimeoutMs` plus `showTimeoutMs` with a fallback ticket. Each call gives a ticket of its own, for a ticket works once.
 *
 * Load the vendor's script for one site only per page: both versions define the same global.
 *
 * @throws {CaptchaCancelledError} (as a rejection) when the user closes the challenge.
 * @throws {TypeError} (as a rejection) when the options are wrong; never a fallback ticket for that.
 * @throws the reason of `options.signal`, and whatever a `captchaOptions` function throws (as rejections).
 * @see https://cloud.tencent.com/document/product/1110/36841 (the vendor's interface)
 * @see https://cloud.tencent.com/document/product/1110/72310 (fallback tickets)
 */
export async function requestTicket(options: TicketOptions): Promise<CaptchaTicket> {
  const settings = readTicketOptions(options)
  throwIfAborted(settings.signal)
  const outcome = await abortable(runChallenge(settings), settings.signal)
  switch (outcome.kind) {
    case 'ticket':
      return outcome.ticket
    case 'cancelled':
      throw new CaptchaCancelledError()
    case 'failed':
      return fallbackTicket(settings.captchaAppId, outcome)
  }
}

async function runChallenge(settings: TicketSettings): Promise<ChallengeOutcome> {
  const [script, captchaOptions] = await Promise.all([loadCaptchaScript(settings), currentCaptchaOptions(settings)])
  if (script.kind === 'failed') return script
  const show = async () => {
    throwIfAborted(settings.signal)
    return showChallenge(script.TencentCaptcha, settings, captchaOptions)
  }
  return captchaOptions.type === 'embed' ? show() : takeTurn(show)
}

async function currentCaptchaOptions({ captchaOptions, element }: TicketSettings) {
  if (typeof captchaOptions !== 'function') return captchaOptions
  const current = await captchaOptions()
  checkCaptchaOptions(current, element)
  return current
}

function abortable<Value>(promise: Promise<Value>, signal: AbortSignal | null | undefined): Promise<Value> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(abortReason(signal)), { once: true })
    promise.then(resolve, reject)
  })
}
