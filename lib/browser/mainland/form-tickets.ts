import type { CaptchaTicket } from '../captcha-ticket.js'
import { requestTicket } from '../request-ticket.js'
import type { TicketOptions } from '../ticket-options.js'

/** Shows a challenge for each ticket. */
export function formTickets(_form: HTMLFormElement, options: TicketOptions): () => Promise<CaptchaTicket> {
  return () => requestTicket(options)
}
