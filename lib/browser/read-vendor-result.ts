import { type ChallengeOutcome, vendorFailure } from './challenge-outcome.js'

/** Decides by the ticket, not by `ret`: the vendor's own fallback has `ret` 0 too. */
export function readVendorResult(result: unknown): ChallengeOutcome {
  const { ret, ticket, randstr, errorCode, errorMessage } = (result ?? {}) as Record<string, unknown>
  const code = Number(errorCode)
  const message = String(errorMessage ?? '')
  if (isFilled(ticket) && isFilled(randstr)) {
    const fallbackCode = /^\s*tr?error_(\d{4})?/i.exec(ticket)
    if (!fallbackCode) return { kind: 'ticket', ticket: { ticket, randstr, fallback: false } }
    const ticketCode = code || Number(fallbackCode[1] ?? 1005)
    return { kind: 'ticket', ticket: { ticket, randstr, fallback: true, errorCode: ticketCode, errorMessage: message } }
  }
  if (ret === 2) return { kind: 'cancelled' }
  // The ticket's grammar has four digits.
  return vendorFailure(code >= 1000 && code <= 9999 ? code : 1005, message || 'captcha_no_ticket')
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
