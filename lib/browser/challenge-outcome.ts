import type { CaptchaTicket } from './captcha-ticket.js'

/** The vendor's side went wrong, and the kit has to make the fallback ticket. */
export type VendorFailure = { kind: 'failed'; errorCode: number; errorMessage: string }

/** How one challenge ended. */
export type ChallengeOutcome = { kind: 'ticket'; ticket: CaptchaTicket } | { kind: 'cancelled' } | VendorFailure

export function vendorFailure(errorCode: number, errorMessage: string): VendorFailure {
  return { kind: 'failed', errorCode, errorMessage }
}
