import type { CaptchaRequest, RawToken } from './types.js'

/** Reads ticket and randstr from a request; what it finds may be of any type. */
export type TokenReader = (req: CaptchaRequest) => RawToken

/** Reads the token from fields of the parsed body. @default `ticket` and `randstr` */
export function fromBody(ticketField = 'ticket', randstrField = 'randstr'): TokenReader {
  return (req) => ({ ticket: ownMember(req.body, ticketField), randstr: ownMember(req.body, randstrField) })
}

/** Reads the token from headers. @default `x-captcha-ticket` and `x-captcha-randstr` */
export function fromHeaders(ticketHeader = 'x-captcha-ticket', randstrHeader = 'x-captcha-randstr'): TokenReader {
  const [ticketName, randstrName] = [ticketHeader.toLowerCase(), randstrHeader.toLowerCase()]
  return (req) => ({ ticket: onlyHeader(req, ticketName), randstr: onlyHeader(req, randstrName) })
}

/**
 * Reads the token from the query string. Off unless you ask for it: URLs end up in logs, and a ticket is good until it is
 * used. @default `ticket` and `randstr`
 */
export function fromQuery(ticketParameter = 'ticket', randstrParameter = 'randstr'): TokenReader {
  return (req) => ({ ticket: ownMember(req.query, ticketParameter), randstr: ownMember(req.query, randstrParameter) })
}

const readBody = fromBody()
const readHeaders = fromHeaders()

/** Body first, then headers. Sources that disagree make the token malformed: a proxy may have judged the other one. */
export function readTokenByDefault(req: CaptchaRequest): RawToken {
  const [body, headers] = [readBody(req), readHeaders(req)]
  return { ticket: agreed(body.ticket, headers.ticket), randstr: agreed(body.randstr, headers.randstr) }
}

/** A value that is not a string makes the token malformed. */
const disagreement = Object.freeze([])

function agreed(first: unknown, second: unknown): unknown {
  if (isAbsent(first)) return second
  return isAbsent(second) || first === second ? first : disagreement
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** Own members only: `__proto__` in a JSON body, or a field named like an inherited one, reads as absent. */
function ownMember(source: unknown, name: string): unknown {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) return undefined
  return Object.hasOwn(source, name) ? (source as Record<string, unknown>)[name] : undefined
}

/** Node joins repeated headers to "a, b"; as an array the repetition stays visible, and malformed. */
function onlyHeader(req: CaptchaRequest, name: string): unknown {
  // `headersDistinct` sorts all headers when it is first read; most requests carry no ticket there.
  if (req.headers[name] === undefined) return undefined
  const values = req.headersDistinct?.[name] ?? req.headers[name]
  return Array.isArray(values) && values.length === 1 ? values[0] : values
}
