import type { ClassifiedTicket } from '../admission/ticket.js'
import { type ClientAddress, parseClientAddress } from '../client-address.js'
import type { Clock } from '../clock.js'
import { callOption, isThenable } from '../options/call-option.js'
import type { GuardConfig } from '../options/config.js'
import { checkRiskContext } from '../options/risk-context.js'
import { vouchedKey } from '../site/vouched-key.js'
import { sha256 } from '../structures/sha256.js'
import type { TicketClassifier } from '../tencent/classify-ticket.js'
import type { CaptchaChannel, CaptchaRequest, RawToken, RiskContext } from '../types.js'
import { SharedRequest, sharedRequest } from './shared-request.js'

/** One request, read: all that the decision and its report need to know. */
export interface RequestContext {
  /** Absent for a `check()`. */
  readonly req: CaptchaRequest | undefined
  readonly channel: CaptchaChannel
  readonly ticket: ClassifiedTicket
  readonly address: ClientAddress | undefined
  /** Whom limits and history belong to, as the application knows it; empty where no address is known. */
  readonly clientKey: string
  /** The same among addresses and keys of the application: a key that is spelled like an address is none. History is its own. */
  readonly addressKey: string
  /** Whom limits belong to: the identity that the application vouches for, else the same. */
  readonly limitKey: string
  /** Identifies the ticket in the replay memory; absent without a usable ticket. */
  readonly ticketKey: string | undefined
  readonly shared: SharedRequest
  /** What the application passes on to Tencent. */
  readonly risk?: RiskContext | undefined
  readonly startedMs: number
}

/** What was read from a request, or handed to `check()`. */
export interface ContextInput {
  readonly req: CaptchaRequest | undefined
  readonly channel: unknown
  readonly token: RawToken | undefined
  readonly userIp: unknown
  readonly clientKey: unknown
  readonly knownAs: unknown
  readonly risk?: unknown
}

/** Makes contexts for one guard. */
export class ContextReader {
  readonly #config: GuardConfig
  readonly #readToken: (req: CaptchaRequest) => RawToken
  readonly #classifyTicket: TicketClassifier
  readonly #clock: Clock
  readonly #site: object

  constructor(config: GuardConfig, classifyTicket: TicketClassifier, clock: Clock, site: object) {
    this.#config = config
    this.#readToken = (req) => readOnce(config.readToken(req))
    this.#classifyTicket = classifyTicket
    this.#clock = clock
    this.#site = site
  }

  /** Reads a request by the functions of the options. Throws what they throw, and a `TypeError` on what they must not return. */
  read(req: CaptchaRequest): RequestContext {
    const { channel, userIp, clientKey, knownAs, riskContext } = this.#config
    return this.make({
      req,
      channel: callOption('channel', channel, req),
      token: callOption('readToken', this.#readToken, req),
      userIp: callOption('userIp', userIp, req),
      clientKey: clientKey && callOption('clientKey', clientKey, req),
      knownAs: knownAs && callOption('knownAs', knownAs, req),
      risk: riskContext && callOption('riskContext', riskContext, req),
    })
  }

  /** Throws a `TypeError` on a channel, client key, identity or risk context of the wrong type. */
  make({ req, channel, token, userIp, clientKey, knownAs, risk }: ContextInput): RequestContext {
    if (channel !== 'web' && channel !== 'mini_program') {
      throw wrongValue('channel', channel, "'web' or 'mini_program'")
    }
    const startedMs = this.#clock.nowMs()
    const ticket = this.#classifyTicket(token ?? {}, channel)
    const address = parseClientAddress(userIp)
    const ownKey = applicationKey(clientKey)
    const addressKey = ownKey === undefined ? (address?.key ?? '') : `key:${ownKey}`
    const identity = applicationIdentity(knownAs)
    const { ticket: text = '', randstr = '' } = 'ticket' in ticket ? ticket : {}
    return {
      req,
      channel,
      ticket,
      address,
      clientKey: ownKey ?? addressKey,
      addressKey,
      limitKey: identity === undefined ? addressKey : vouchedKey(identity),
      ticketKey: ticketDigest(ticket, addressKey)?.slice(0, 32),
      shared: req ? sharedRequest(req, { site: this.#site, channel, ticket: text, randstr }) : new SharedRequest(),
      risk: checkRiskContext(risk),
      startedMs,
    }
  }
}

/** Of an object of a class a getter may make a promise, and another one each time that it is read. */
function readOnce(token: RawToken): RawToken {
  if (typeof token !== 'object' || token === null || isThenable(token)) return token
  const { ticket, randstr } = token
  return { ticket, randstr }
}

const maxClientKeyLength = 128

/** Long keys are hashed: memory is bounded by their number alone. Absent and empty keys leave it to the address. */
function applicationKey(given: unknown): string | undefined {
  if (given === undefined || given === null || given === '') return undefined
  if (typeof given !== 'string' && typeof given !== 'number')
    throw wrongValue('clientKey', given, 'a string or a number')
  const key = String(given)
  return key.length > maxClientKeyLength ? sha256(key) : key
}

/** A store takes client keys of 128 characters, and the key of an identity is a few longer than it. */
const maxIdentityLength = 120

/** Long identities are hashed, as client keys are. */
function applicationIdentity(given: unknown): string | undefined {
  if (given === undefined || given === null || given === '') return undefined
  if (typeof given !== 'string') throw wrongValue('knownAs', given, 'a string, or undefined')
  return given.length > maxIdentityLength ? sha256(given) : given
}

function wrongValue(name: string, value: unknown, expected: string): TypeError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : typeof value
  return new TypeError(`tencent-captcha-guard: \`${name}\` is ${shown}; it must be ${expected}.`)
}

/**
 * An ordinary ticket is itself. A fallback ticket is all public, and two honest users may hold the same one of the same
 * second: its randstr, or else its client, tells them apart. Spelling does not: `TERROR_` is `trerror_`.
 */
function ticketDigest(ticket: ClassifiedTicket, addressKey: string): string | undefined {
  switch (ticket.kind) {
    case 'missing':
    case 'malformed':
      return undefined
    case 'ordinary':
      return sha256(ticket.ticket)
    case 'fallback': {
      const { clientErrorCode, issuedAtSeconds, sid, randstr } = ticket
      // The blank keeps it apart from every ordinary ticket, which has none around it.
      return sha256(` ${JSON.stringify([clientErrorCode, issuedAtSeconds, sid, randstr || addressKey])}`)
    }
  }
}
