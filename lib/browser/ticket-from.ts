import { CaptchaCancelledError } from './captcha-cancelled-error.js'
import type { CaptchaTicket } from './captcha-ticket.js'
import type { VendorResult } from './vendor-result.js'

/** Decides by the ticket, not by `ret`: the vendor's own fallback has `ret` 0 too. Throws when the user closed the challenge. */
export function ticketFrom(result: VendorResult, captchaAppId: string): CaptchaTicket {
  const { ret, ticket, randstr, errorCode, errorMessage } = result
  const own = ticket && randstr ? { ticket, randstr } : undefined
  const fallback = own && /^\s*tr?error_?(\d*)/i.exec(own.ticket)
  if (own && !fallback) return { ...own, fallback: false }
  if (!own && ret === 2) throw new CaptchaCancelledError()
  const code = Number(errorCode || fallback?.[1])
  // Four digits, as the grammar of fallback tickets has it.
  const fourDigits = code > 999 && code < 10_000 ? code : 1005
  return {
    ticket: `trerror_${fourDigits}_${captchaAppId}_${Math.floor(Date.now() / 1000)}`,
    randstr: `@${Math.random().toString(36).slice(2)}`,
    ...own,
    fallback: true,
    errorCode: fourDigits,
    errorMessage: `${errorMessage}`,
  }
}
