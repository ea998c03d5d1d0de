export type TicketKind = 'ordinary' | 'fallback'

/** Only the prefix decides: whatever starts `terror` or `trerror` was made by a client, not by the vendor. */
export function ticketKind(ticket: string): TicketKind {
  return /^\s*tr?error/i.test(ticket) ? 'fallback' : 'ordinary'
}

/** Whether a fallback ticket names this app id in a place where the vendor's formats have it. */
export function fallbackTicketNamesApp(ticket: string, captchaAppId: number): boolean {
  const standardOrJoined = new RegExp(`^tr?error_\\d{4}_${captchaAppId}_?\\d{10}(?:_.{1,128})?$`, 'i')
  return standardOrJoined.test(ticket.trim())
}
