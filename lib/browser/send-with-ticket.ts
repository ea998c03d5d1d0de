import type { CaptchaTicket } from './captcha-ticket.js'
import { readRefusal } from './read-refusal.js'
import { requestTicket } from './request-ticket.js'
import type { TicketOptions } from './ticket-options.js'

/** How {@link guardedFetch} and {@link guardForm} deal with a refusal of the guard. */
export type RoundTripOptions = TicketOptions & {
  /** Called when the request will be repeated in `retryAfterMs` milliseconds, with the refusal: tell the user. */
  onWait?: ((retryAfterMs: number, response: Response) => void) | undefined
}

const longestWaitMs = 60_000

/** Repeats once for each remedy, hence at most twice; each time with a new ticket, for the old one may be spent. */
export async function sendWithTicket<Answer>(
  options: RoundTripOptions,
  send: (ticket: CaptchaTicket) => Answer | Promise<Answer>,
  signal?: AbortSignal | null,
): Promise<Answer> {
  const unused = new Set(['renew', 'wait'])
  for (;;) {
    const ticket = await requestTicket(options)
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
