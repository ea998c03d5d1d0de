import type { CaptchaTicket } from './captcha-ticket.js'
import { requestTicket } from './request-ticket.js'
import type { TicketOptions } from './ticket-options.js'

/** Options of {@link guardedFetch} and {@link guardForm} for refusals of the guard. */
export type RoundTripOptions = TicketOptions & {
  /** Called before a wait of `retryAfterMs` milliseconds after which the request is repeated, with the refusal. Default: none. */
  onWait?: ((retryAfterMs: number, response: Response) => void) | undefined
}

/** Options of {@link guardedFetch}. */
export type GuardedFetchOptions = RoundTripOptions & {
  /** Header for the ticket, as the server's `readToken` expects it. Default `'x-captcha-ticket'`. */
  ticketHeader?: string | undefined
  /** Header for the randstr. Default `'x-captcha-randstr'`. */
  randstrHeader?: string | undefined
}

/**
 * Calls `fetch` with a ticket in two headers. When the guard answers `captcha_expired`, it gets a new ticket and repeats. When the
 * guard answers `captcha_unavailable` or 429 with a `Retry-After` of at most 60 seconds, it calls `onWait`, waits that long, gets a
 * new ticket and repeats. Each of the two happens at most once, so that a call makes at most three requests; the last response is
 * the result, with any status. `fetch` gets a `Request`, a clone for each.
 *
 * A request to another origin needs a server that allows the two headers (CORS) and exposes `Retry-After`.
 *
 * @throws {CaptchaCancelledError} (as a rejection) when the user closes the challenge.
 * @throws the errors of `requestTicket` and `fetch` (as a rejection).
 */
export async function guardedFetch(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  options: GuardedFetchOptions,
): Promise<Response> {
  const request = new Request(input, init)
  const send = ({ ticket, randstr }: CaptchaTicket) => {
    const attempt = request.clone()
    attempt.headers.set(options.ticketHeader || 'x-captcha-ticket', ticket)
    attempt.headers.set(options.randstrHeader || 'x-captcha-randstr', randstr)
    return fetch(attempt)
  }
  return sendWithTicket(() => requestTicket(options), send, request.signal, options.onWait)
}

const longestWaitMs = 60_000

/** Sends with a ticket. Repeats once for each remedy, at most twice, with a new ticket: the old one may be spent. */
export async function sendWithTicket<Answer>(
  take: () => Promise<CaptchaTicket>,
  send: (ticket: CaptchaTicket) => Answer | Promise<Answer>,
  signal: AbortSignal,
  onWait: RoundTripOptions['onWait'],
): Promise<Answer> {
  const remedies = new Set<string | undefined>(['captcha_expired', 'wait'])
  for (;;) {
    const ticket = await take()
    const answer = await send(ticket)
    const [code, retryAfterMs = 0] = (await readRefusal(answer)) ?? []
    if (!remedies.delete(retryAfterMs ? 'wait' : code) || retryAfterMs > longestWaitMs) return answer
    if (retryAfterMs) {
      onWait?.(retryAfterMs, answer as Response)
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve)
        setTimeout(resolve, retryAfterMs)
      })
    }
    // Sends nothing: `fetch` rejects with the reason of the signal.
    if (signal.aborted) return send(ticket)
  }
}

/** Reads a refusal of the guard (RFC 9457); returns undefined for every other answer, which is the application's. */
export async function readRefusal(answer: unknown): Promise<[code: string, retryAfterMs: number] | undefined> {
  try {
    const response = answer as Response
    const { code } = response.ok ? {} : await response.clone().json()
    if (/^captcha_/.test(code)) return [code, Number(response.headers.get('retry-after')) * 1000]
  } catch {
    // Not JSON, or no response at all.
  }
  return undefined
}
