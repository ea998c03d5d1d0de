import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type ClientAddress, parseClientAddress } from '../client-address.js'
import type { Clock } from '../clock.js'
import type { GuardConfig } from '../options/config.js'
import type { ClassifiedTicket, TicketClassifier } from '../tencent/classify-ticket.js'
import type { CaptchaChannel, CaptchaRequest } from '../types.js'
import { abortWhenGone } from './client-gone.js'
import { type SharedVisit, sharedVisit } from './shared-visit.js'

/** One request, read: all that the stages after it need to know. */
export interface Visit {
  readonly req: CaptchaRequest
  readonly channel: CaptchaChannel
  readonly ticket: ClassifiedTicket
  readonly address: ClientAddress | undefined
  /** Whom limits and history belong to; empty where no address is known. */
  readonly clientKey: string
  /** Identifies the ticket in the replay memory; absent without a usable ticket. */
  readonly ticketKey: string | undefined
  /** First 12 hex digits of the ticket's SHA-256, for the log. */
  readonly ticketHash: string | undefined
  readonly shared: SharedVisit
  readonly startedMs: number
  /** Aborted when the client goes away. */
  readonly gone: AbortSignal
  /** Stops watching the client. */
  end(): void
}

export type VisitReader = (req: CaptchaRequest, res: ServerResponse) => Visit

/** Makes the first stage: reads token and address, and sorts the ticket by its form. */
export function visitReader(config: GuardConfig, classifyTicket: TicketClassifier, clock: Clock): VisitReader {
  return (req, res) => {
    const startedMs = clock.nowMs()
    const channel = readChannel(config, req)
    const ticket = classifyTicket(config.readToken(req) ?? {}, channel)
    const address = parseClientAddress(config.userIp(req))
    const clientKey = readClientKey(config, req, address)
    const digest = ticketDigest(ticket, clientKey)
    const client = abortWhenGone(res)
    return {
      req,
      channel,
      ticket,
      address,
      clientKey,
      ticketKey: digest?.slice(0, 32),
      ticketHash: ticketHash(ticket),
      shared: sharedVisit(req, `${config.captchaAppId} ${channel} ${digest ?? ''}`),
      startedMs,
      gone: client.signal,
      end: client.stop,
    }
  }
}

function readChannel(config: GuardConfig, req: CaptchaRequest): CaptchaChannel {
  const channel = config.channel(req)
  if (channel === 'web' || channel === 'mini_program') return channel
  throw new TypeError(
    `tencent-captcha-guard: option \`channel\` returned ${JSON.stringify(channel)}; it must return 'web' or 'mini_program'.`,
  )
}

const maxClientKeyLength = 128

/** A key of the application's own, else the address. Long keys are hashed: memory is bounded by their number alone. */
function readClientKey(config: GuardConfig, req: CaptchaRequest, address: ClientAddress | undefined): string {
  const given = config.clientKey?.(req)
  if (typeof given !== 'string' || given === '') return address?.key ?? ''
  return given.length > maxClientKeyLength ? sha256(given) : given
}

/**
 * An ordinary ticket is itself. A fallback ticket is all public, and two honest users may hold the same one of the same
 * second: its randstr, or else its client, tells them apart. Spelling does not: `TERROR_` is `trerror_`.
 */
function ticketDigest(ticket: ClassifiedTicket, clientKey: string): string | undefined {
  switch (ticket.kind) {
    case 'missing':
    case 'malformed':
      return undefined
    case 'ordinary':
      return sha256(ticket.ticket.trim())
    case 'fallback': {
      const { clientErrorCode, issuedAtSeconds, sid, randstr } = ticket
      return sha256(JSON.stringify(['fallback', clientErrorCode, issuedAtSeconds, sid, randstr || clientKey]))
    }
  }
}

function ticketHash(ticket: ClassifiedTicket): string | undefined {
  return ticket.kind === 'ordinary' || ticket.kind === 'fallback' ? sha256(ticket.ticket).slice(0, 12) : undefined
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
