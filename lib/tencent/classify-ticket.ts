import type { CaptchaChannel, RawToken } from '../types.js'

/** Longest ticket, in characters, that is looked at at all. */
export const maxTicketLength = 2048
/** Longest randstr, in characters. */
export const maxRandstrLength = 256

/** What the caller sent, before anybody is asked about it. */
export type ClassifiedTicket =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }
  | OrdinaryTicket
  | FallbackTicket

/** A ticket that only Tencent can judge. */
export interface OrdinaryTicket {
  readonly kind: 'ordinary'
  readonly ticket: string
  readonly randstr: string
}

/**
 * A disaster-recovery ticket (`terror_`/`trerror_`), made up by the page when the vendor's script failed. It is unsigned:
 * anybody can type one.
 */
export interface FallbackTicket {
  readonly kind: 'fallback'
  readonly ticket: string
  readonly randstr: string
  readonly clientErrorCode: number
  /** Unix time in seconds, as the page's clock had it. */
  readonly issuedAtSeconds: number
  readonly sid: string
}

const fallbackPrefix = /^tr?error/i
const fallbackHead = /^tr?error_(\d{4})_(.*)$/i

export type TicketClassifier = (token: RawToken, channel: CaptchaChannel) => ClassifiedTicket

/** Makes the function that sorts tokens by their form alone. The prefix decides the class, never Tencent's reply to it. */
export function ticketClassifier(captchaAppId: number): TicketClassifier {
  const fallbackTails = [
    new RegExp(`^${captchaAppId}_(\\d{10})(?:_(.{1,128}))?$`),
    new RegExp(`^${captchaAppId}(\\d{10})$`),
  ]
  return (token, channel) => classifyTicket(token, channel, fallbackTails)
}

function classifyTicket(token: RawToken, channel: CaptchaChannel, fallbackTails: readonly RegExp[]): ClassifiedTicket {
  const { ticket, randstr } = token
  if (isAbsent(ticket) || (channel === 'web' && isAbsent(randstr))) return { kind: 'missing' }
  if (typeof ticket !== 'string' || ticket.length > maxTicketLength) return { kind: 'malformed' }
  const usableRandstr = isAbsent(randstr) ? '' : randstr
  if (typeof usableRandstr !== 'string' || usableRandstr.length > maxRandstrLength) return { kind: 'malformed' }
  const trimmed = ticket.trim()
  if (!fallbackPrefix.test(trimmed)) return { kind: 'ordinary', ticket, randstr: usableRandstr }
  return parseFallbackTicket(trimmed, usableRandstr, fallbackTails) ?? { kind: 'malformed' }
}

/**
 * Vendor grammar: `prefix_code_appid_seconds`, optionally `_sid`; one vendor snippet joins app id and time. Read in this
 * order, so that another site's ten-digit app id is never taken for the time.
 */
function parseFallbackTicket(
  ticket: string,
  randstr: string,
  fallbackTails: readonly RegExp[],
): FallbackTicket | undefined {
  const [, clientErrorCode, rest] = fallbackHead.exec(ticket) ?? []
  if (clientErrorCode === undefined || rest === undefined) return undefined
  const tail = fallbackTails.map((pattern) => pattern.exec(rest)).find((match) => match !== null)
  const [, issuedAtSeconds, sid] = tail ?? []
  if (issuedAtSeconds === undefined) return undefined
  return {
    kind: 'fallback',
    ticket,
    randstr,
    clientErrorCode: Number(clientErrorCode),
    issuedAtSeconds: Number(issuedAtSeconds),
    sid: sid ?? '',
  }
}

/** Clocks of phones run ahead; further ahead than this and the time is made up. */
const maxClockLeadMs = 60_000

/** True when the ticket's own time stamp is too old, or too far in the future, to be this visit's. */
export function isStaleFallback(ticket: FallbackTicket, maxAgeMs: number, epochMs: number): boolean {
  const ageMs = epochMs - ticket.issuedAtSeconds * 1000
  return ageMs > maxAgeMs || ageMs < -maxClockLeadMs
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}
