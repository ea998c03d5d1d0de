import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Outcome } from '../admission/outcome.js'
import type { PurseName } from '../admission/question.js'
import type { PassResult } from '../site/ledger.js'
import type { CaptchaChannel } from '../types.js'

/** A claim that was made for a request. */
export interface NotedClaim {
  readonly purse: PurseName
  readonly setting: string
  readonly limitKey: string
  readonly result: PassResult
}

/** Which guards share: those of one site that read the same ticket and randstr of the same channel. */
export interface SharedBy {
  readonly site: object
  readonly channel: CaptchaChannel
  readonly ticket: string
  readonly randstr: string
}

/** What the guards of one site share about one ticket of one request: a ticket works once, and one request draws one pass. */
export class SharedRequest {
  /** Tencent's reply, where a guard has one. */
  reply: Outcome | undefined
  /** A guard let this very request pass: its ticket is in the replay memory because of that. */
  hasPassed = false
  /** Whether the client had history before this ticket was recorded as verified; absent where it was not. */
  wasKnown: boolean | undefined
  /** The ticket waits for its late verdict; calls that off. */
  dropLate: (() => void) | undefined
  /** What became of the claims: one with most requests that are degraded, none with all others. */
  #claims: readonly NotedClaim[] = []
  readonly #by: SharedBy | undefined

  /** @param by absent where no other guard can meet it */
  constructor(by?: SharedBy) {
    this.#by = by
  }

  /** Whether guards that read this share it. */
  isSharedBy({ site, channel, ticket, randstr }: SharedBy): boolean {
    const by = this.#by
    return by?.site === site && by.channel === channel && by.ticket === ticket && by.randstr === randstr
  }

  /** Notes what became of a claim. */
  note(claim: NotedClaim): void {
    this.#claims = [...this.#claims, claim]
  }

  /** What was drawn on a purse's setting before; or what was refused, for a guard that knows the client by another key may still have room. */
  resultOf(purse: PurseName, setting: string, limitKey: string): PassResult | undefined {
    return this.#claims.find(
      (claim) =>
        claim.purse === purse &&
        claim.setting === setting &&
        (claim.result.kind === 'granted' || claim.limitKey === limitKey),
    )?.result
  }

  /** Whether this request has drawn on a purse of this name, by whichever setting. */
  hasDrawn(purse: PurseName): boolean {
    return this.#claims.some((claim) => claim.purse === purse && claim.result.kind === 'granted')
  }

  /** Undoes what was drawn for this request. */
  giveBack(): void {
    for (const { result } of this.#claims) {
      if (result.kind !== 'granted') continue
      result.giveBack()
      this.hasPassed = false
    }
    this.#claims = []
    this.dropLate?.()
    this.dropLate = undefined
  }
}

/** `Symbol.for`, so that the ESM and the CommonJS build find each other's notes. */
const notesKey = Symbol.for('tencent-captcha-guard/requests@3')

interface Carrier {
  [notesKey]?: SharedRequest[]
}

/**
 * The notes are kept on the request's list of raw headers: a property more on the request itself is dear. Express gives every
 * request another prototype, after which V8 makes a hidden class of a kilobyte for each property that is added.
 */
function carrierOf(req: IncomingMessage): Carrier {
  return (req.rawHeaders ?? req) as Carrier
}

/** What is shared about this ticket of a request; made when it is not there yet. */
export function sharedRequest(req: IncomingMessage, by: SharedBy): SharedRequest {
  const carrier = carrierOf(req)
  const notes = carrier[notesKey]
  const known = notes?.find((note) => note.isSharedBy(by))
  if (known) return known
  const shared = new SharedRequest(by)
  if (notes) notes.push(shared)
  else carrier[notesKey] = [shared]
  return shared
}

/**
 * Gives back what guards drew for this request: a route that accepts no degraded pass must not be a way to empty the purse
 * of the routes that do. Once an answer has begun the pass was used: a handler that calls `next()` after it has answered, with a
 * stricter guard behind it, would otherwise serve one ticket for ever.
 */
export function giveBackPasses(req: IncomingMessage, { headersSent }: Pick<ServerResponse, 'headersSent'>): void {
  if (headersSent) return
  for (const shared of carrierOf(req)[notesKey] ?? []) shared.giveBack()
}
