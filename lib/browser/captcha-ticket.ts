import { buildFallbackTicket, clientErrorCodes } from '../tencent/fallback-ticket.js'

/** A ticket that Tencent can verify: the user solved the challenge, or the vendor asked for none. */
export type OrdinaryTicket = {
  ticket: string
  randstr: string
  fallback: false
  errorCode?: undefined
  errorMessage?: undefined
}

/**
 * The ticket of a challenge that failed for a technical reason, in the form `trerror_{errorCode}_{captchaAppId}_{unixSeconds}`.
 * It proves nothing: the server decides whether it passes.
 */
export type FallbackTicket = {
  ticket: string
  randstr: string
  fallback: true
  /** Four digits: 1001 script not loaded, 1002 not shown in time, 1005 script failed; other codes come from the vendor's script. */
  errorCode: number
  /** English text for logs, not for users. */
  errorMessage: string
}

/** The result of {@link requestTicket}. The page sends `ticket` and `randstr` to the server, with either value of `fallback`. */
export type CaptchaTicket = OrdinaryTicket | FallbackTicket

/**
 * The user closed the challenge. There is no ticket, and the user may try again. With two copies of the kit on one page, test
 * `error.name === 'CaptchaCancelledError'`, because `instanceof` knows the class of one copy only.
 */
export class CaptchaCancelledError extends Error {
  constructor() {
    super('The user closed the CAPTCHA')
    this.name = 'CaptchaCancelledError'
  }
}

/** The argument of the vendor's callback. Failures that the kit finds itself have the same shape. */
export type VendorResult = {
  /** 0 when done, also with a fallback ticket; 2 when the user closed the challenge. */
  ret?: number
  ticket?: string | null
  randstr?: string
  errorCode?: number | undefined
  errorMessage?: string | undefined
}

/** Whether the user closed the challenge. */
export function isCancel({ ret, ticket }: VendorResult): boolean {
  return ret === 2 && !ticket
}

/**
 * Turns a result into a ticket. The ticket decides, not `ret`, which is 0 for the vendor's own fallback too.
 *
 * @throws {CaptchaCancelledError} when the user closed the challenge.
 */
export function ticketFrom(result: VendorResult, captchaAppId: number | string): CaptchaTicket {
  const { ticket, randstr, errorCode, errorMessage } = result
  const own = ticket && randstr && { ticket, randstr }
  const [isFallback, codeInTicket] = /^\s*tr?error_?(\d*)/i.exec(`${ticket}`) ?? []
  if (own && !isFallback) return { ...own, fallback: false }
  if (isCancel(result)) throw new CaptchaCancelledError()
  const given = Number(errorCode || codeInTicket)
  const code = given > 999 && given < 10_000 ? given : clientErrorCodes.scriptRunError
  return {
    ticket: buildFallbackTicket(code, captchaAppId, Date.now()),
    randstr: `@${Math.random().toString(36).slice(2)}`,
    ...own,
    fallback: true,
    errorCode: code,
    errorMessage: `${errorMessage}`,
  }
}
