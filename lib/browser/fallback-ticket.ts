import type { FallbackTicket } from './captcha-ticket.js'
import type { VendorFailure } from './challenge-outcome.js'

export function fallbackTicket(captchaAppId: string, { errorCode, errorMessage }: VendorFailure): FallbackTicket {
  return {
    ticket: `trerror_${errorCode}_${captchaAppId}_${Math.floor(Date.now() / 1000)}`,
    randstr: `@${Math.random().toString(36).slice(2)}`,
    fallback: true,
    errorCode,
    errorMessage,
  }
}
