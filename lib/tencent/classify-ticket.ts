import type { ClassifiedTicket, FallbackTicket } from '../admission/ticket.js'
import type { CaptchaChannel, RawToken } from '../types.js'

/** Longest ticket, in characters, that is looked at at all. */
export const maxTicketLength = 2048
/** Longest randstr, in characters. */
const maxRandstrLength = 256

/**
 * What no ticket holds and a filter on the way to Tencent may react to, which would then look like Tencent's failure: control
 * characters, and halves of surrogate pairs, which UTF-8 has no form for.
 */
const unsendable = /[\p{Cc}\p{Cs}]/u

const fallbackPrefix = /^tr?error/i

/** Sorts a token by its form. */
export type TicketClassifier = (token: RawToken, channel: CaptchaChannel) => ClassifiedTicket

/** Makes the function that sorts tokens by their form alone. The prefix decides the class, never Tencent's reply to it. */
export function ticketClassifier(captchaAppId: number): TicketClassifier {
  const fallbackForms = [`${captchaAppId}_(\\d{10})(?:_(.{1,128}))?`, `${captchaAppId}(\\d{10})`].map(
    (tail) => new RegExp(`^tr?error_(\\d{4})_${tail}$`, 'i'),
  )
  return (token, channel) => classifyTicket(token, channel, fallbackForms)
}

function classifyTicket(token: RawToken, channel: CaptchaChannel, fallbackForms: readonly RegExp[]): ClassifiedTicket {
  const { ticket, randstr } = token
  if (isAbsent(ticket) || (channel === 'web' && isAbsent(randstr))) return { kind: 'missing' }
  const usableTicket = sendable(ticket, maxTicketLength)
  const usableRandstr = isAbsent(randstr) ? '' : sendable(randstr, maxRandstrLength)
  if (usableTicket === undefined || usableRandstr === undefined) return { kind: 'malformed' }
  if (!fallbackPrefix.test(usableTicket)) return { kind: 'ordinary', ticket: usableTicket, randstr: usableRandstr }
  return parseFallbackTicket(usableTicket, usableRandstr, fallbackForms) ?? { kind: 'malformed' }
}

/** A text without the white space around it; `undefined` for what is none, too long, empty then, or holds what is never sent. */
function sendable(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value.length > maxLength) return undefined
  const trimmed = value.trim()
  return trimmed === '' || unsendable.test(trimmed) ? undefined : trimmed
}

/**
 * Vendor grammar: `prefix_code_appid_seconds`, optionally `_sid`; one vendor snippet joins app id and time. The app id is part of
 * the form, so that another site's ten-digit app id is never taken for the time.
 */
function parseFallbackTicket(
  ticket: string,
  randstr: string,
  fallbackForms: readonly RegExp[],
): FallbackTicket | undefined {
  const match = fallbackForms.map((form) => form.exec(ticket)).find((found) => found !== null)
  if (!match) return undefined
  const [, clientErrorCode, issuedAtSeconds, sid = ''] = match
  return {
    kind: 'fallback',
    ticket,
    randstr,
    clientErrorCode: Number(clientErrorCode),
    issuedAtSeconds: Number(issuedAtSeconds),
    sid,
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}
