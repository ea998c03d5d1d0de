import { buildFallbackTicket } from '../../lib/tencent/fallback-ticket.js'
import { loginRequest, ticketOf } from '../http/load.js'
import { captchaAppId } from '../http/server.js'

/** Few enough that histories and limits of clients are all there after a minute. */
const clients = 4096

/** In twenty requests: two fallback tickets, one used ticket, one malformed, one missing, two hang-ups, else ordinary logins. */
export function mixedRequest(index: number) {
  const kind = index % 20
  return { ...loginRequest(ticketOfKind(kind, index), index % clients), hangsUp: kind === 5 || kind === 6 }
}

function ticketOfKind(kind: number, index: number): string {
  switch (kind) {
    case 0:
    case 1:
      return `${buildFallbackTicket(1001, captchaAppId, Date.now())}_${index}`
    case 2:
      return ticketOf(index - 20)
    case 3:
      return 'trerror_'
    case 4:
      return ''
    default:
      return ticketOf(index)
  }
}
