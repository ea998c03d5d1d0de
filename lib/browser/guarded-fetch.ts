import type { CaptchaTicket } from './captcha-ticket.js'
import { type RoundTripOptions, sendWithTicket } from './send-with-ticket.js'

/** Options of {@link guardedFetch}. */
export type GuardedFetchOptions = RoundTripOptions & {
  /** Header for the ticket, as the server's `readToken` expects it. Default `'x-captcha-ticket'`. */
  ticketHeader?: string | undefined
  /** Header for the randstr. Default `'x-captcha-randstr'`. */
  randstrHeader?: string | undefined
}

/**
 * `fetch` with a ticket in two headers. When the guard answers `captcha_expired` it gets a new ticket and repeats; when it
 * answers `captcha_unavailable`, or 429, it waits as long as `Retry-After` says, calls `onWait`, gets a new ticket and repeats.
 * Each of the two happens at most once, so that a call makes at most three requests; the last answer is the result, whatever it
 * is. `init.body` must be repeatable, which a stream is not.
 *
 * A request to another origin needs a server that allows the two headers (CORS) and exposes `Retry-After`.
 *
 * @throws {CaptchaCancelledError} (as a rejection) when the user closes the challenge, and whatever `requestTicket` and `fetch`
 * reject with.
 */
export async function guardedFetch(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  options: GuardedFetchOptions,
): Promise<Response> {
  const request = 'clone' in Object(input) ? (input as Request) : undefined
  const send = ({ ticket, randstr }: CaptchaTicket) => {
    const headers = new Headers(init?.headers ?? request?.headers)
    headers.set(options.ticketHeader || 'x-captcha-ticket', ticket)
    headers.set(options.randstrHeader || 'x-captcha-randstr', randstr)
    return fetch(request?.clone() ?? input, { ...init, headers })
  }
  return sendWithTicket(options, send, init?.signal ?? request?.signal)
}
