import type { FormTickets } from './form-tickets.js'
import { requestTicket } from './request-ticket.js'
import { requireThat, type TicketOptions } from './ticket-options.js'

/** Takes the place of `form-tickets.ts` in the script for pages of the mainland site, which need not download the other site's part. */
export function formTickets(_form: HTMLFormElement, options: TicketOptions): FormTickets {
  requireThat(options.site !== 'international', 'site', options.site)
  return { take: () => requestTicket(options), renewSpent() {}, remove() {} }
}
