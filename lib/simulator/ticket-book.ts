import { randomBytes, randomInt } from 'node:crypto'
import type { CaptchaChannel } from '../types.js'
import type { ApiFault } from './faults.js'

/** Where a ticket was solved: in a web page or app, or in a WeChat mini program. */
export type TicketChannel = CaptchaChannel

/** `'fallback'` for tickets that a client made itself, by their prefix. */
export type TicketKind = 'ordinary' | 'fallback'

/** Properties of a minted ticket. */
export interface MintTicketOptions {
  /** Each channel has its own API action. Default `'web'`. */
  readonly channel?: TicketChannel
  /** App id that the ticket is bound to. Default: the simulator's app id for the channel. */
  readonly captchaAppId?: number
  /** CaptchaCode of every answer to the ticket. Default: the code of an honest ticket (1, then 9; after five minutes 8). */
  readonly code?: number
  /** `EvilLevel` in the answer, 0 to 100; 100 is malicious. Web only. Default 0. */
  readonly evilLevel?: number
  /** `Score` in the answer, 0 to 100; higher is more bot-like. Web only. Default 0. */
  readonly score?: number
  /** Age of the ticket in milliseconds; from 300 000 on it is expired. Default 0. */
  readonly ageMs?: number
  /** A fault of the calls with this ticket alone; it precedes a fault of the whole API. `'refuse'` throws. Default: none. */
  readonly fault?: ApiFault
}

/** What a solved challenge gives a page. */
export interface MintedTicket {
  readonly ticket: string
  readonly randstr: string
}

/** What the simulator knows of a minted ticket; times are epoch ms. */
export interface TicketRecord {
  readonly randstr: string
  readonly channel: TicketChannel
  readonly captchaAppId: number
  readonly code: number | null
  readonly evilLevel: number
  readonly score: number
  readonly mintedAt: number
  readonly fault: ApiFault | null
  spent: boolean
}

/** The minted tickets. */
export interface TicketBook {
  mint(options: MintTicketOptions & { readonly captchaAppId: number }): MintedTicket
  find(ticket: string): TicketRecord | undefined
}

const capacity = 200_000
const randstrLetters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

function newTicket(): string {
  return `tr03${randomBytes(120).toString('base64url')}*`
}

function newRandstr(): string {
  return `@${Array.from({ length: 3 }, () => randstrLetters[randomInt(randstrLetters.length)]).join('')}`
}

/** Makes a book that keeps the newest 200 000 tickets. */
export function createTicketBook(now: () => number): TicketBook {
  const records = new Map<string, TicketRecord>()

  function forgetOldest(): void {
    const oldest = records.keys().next()
    if (records.size > capacity && !oldest.done) records.delete(oldest.value)
  }

  return {
    mint(options) {
      const minted = { ticket: newTicket(), randstr: newRandstr() }
      records.set(minted.ticket, {
        randstr: minted.randstr,
        channel: options.channel ?? 'web',
        captchaAppId: options.captchaAppId,
        code: options.code ?? null,
        evilLevel: options.evilLevel ?? 0,
        score: options.score ?? 0,
        mintedAt: now() - (options.ageMs ?? 0),
        fault: options.fault ?? null,
        spent: false,
      })
      forgetOldest()
      return minted
    },
    find: (ticket) => records.get(ticket),
  }
}
