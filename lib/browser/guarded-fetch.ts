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
 * the result, with any status. `init.body` must be repeatable, which a stream is not.
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
  const request = 'clone' in Object(input) ? (input as Request) : undefined
  const send = ({ ticket, randstr }: CaptchaTicket) => {
    const headers = new Headers(init?.headers ?? request?.headers)
    headers.set(options.ticketHeader || 'x-captcha-ticket', ticket)
    headers.set(options.randstrHeader || 'x-captcha-randstr', randstr)
    return fetch(request?.clone() ?? input, { ...init, headers })
  }
  return sendWithTicket(options, send, init?.signal ?? request?.signal)
}

const longestWaitMs = 60_000

/** Sends with a ticket. Repeats once for each remedy, at most twice, with a new ticket: the old one may be spent. */
export async function sendWithTicket<Answer>(
  options: RoundTripOptions,
  send: (ticket: CaptchaTicket) => Answer | Promise<Answer>,
  signal?: AbortSignal | null,
  take: () => Promise<CaptchaTicket> = () => requestTicket(options),
): Promise<Answer> {
  const unused = new Set(['renew', 'wait'])
  for (;;) {
    const ticket = await take()
    const answer = await send(ticket)
    const { code, retryAfterMs = 0 } = (await readRefusal(answer)) ?? {}
    const remedy = retryAfterMs ? 'wait' : code === 'captcha_expired' ? 'renew' : 'none'
    if (!unused.delete(remedy) || retryAfterMs > longestWaitMs) return answer
    if (retryAfterMs) {
      options.onWait?.(retryAfterMs, answer as Response)
      await new Promise((resolve) => {
        setTimeout(resolve, retryAfterMs)
        signal?.addEventListener('abort', resolve)
      })
    }
    // Sends nothing: `fetch` rejects with the reason of the signal.
    if (signal?.aborted) return send(ticket)
  }
}

/** Reads a refusal of the guard (RFC 9457); returns undefined for every other answer, which is the application's. */
export async function readRefusal(answer: unknown): Promise<{ code: string; retryAfterMs: number } | undefined> {
  try {
    const response = answer as Response
    if (response.ok) return undefined
    const { code } = await response.clone().json()
    if (!/^captcha_/.test(code)) return undefined
    return { code, retryAfterMs: Number(response.headers.get('retry-after')) * 1000 }
  } catch {
    return undefined
  }
}
