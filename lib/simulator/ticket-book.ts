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
  readonly forgottenAt: number
  readonly fault: ApiFault | null
  spent: boolean
}

/** The minted tickets that are not forgotten yet. */
export interface TicketBook {
  readonly size: number
  mint(options: MintTicketOptions & { readonly captchaAppId: number }): MintedTicket
  /** Returns `undefined` for a ticket that is unknown or forgotten. */
  find(ticket: string): TicketRecord | undefined
}

const capacity = 200_000
/** The five minutes in which a ticket passes, and as long again in which a late verification of it may come. */
const rememberedMs = 10 * 60_000
const randstrLetters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

function newTicket(): string {
  return `tr03${randomBytes(120).toString('base64url')}*`
}

function newRandstr(): string {
  return `@${Array.from({ length: 3 }, () => randstrLetters[randomInt(randstrLetters.length)]).join('')}`
}

/** Makes a book that keeps a ticket for ten minutes after it was minted, and the newest 200 000 at most. */
export function createTicketBook(now: () => number): TicketBook {
  const records = new Map<string, TicketRecord>()

  function forgetOldest(nowMs: number): void {
    for (const [ticket, { forgottenAt }] of records) {
      if (forgottenAt > nowMs && records.size <= capacity) return
      records.delete(ticket)
    }
  }

  return {
    get size() {
      return records.size
    },
    mint(options) {
      const nowMs = now()
      const minted = { ticket: newTicket(), randstr: newRandstr() }
      records.set(minted.ticket, {
        randstr: minted.randstr,
        channel: options.channel ?? 'web',
        captchaAppId: options.captchaAppId,
        code: options.code ?? null,
        evilLevel: options.evilLevel ?? 0,
        score: options.score ?? 0,
        mintedAt: nowMs - (options.ageMs ?? 0),
        forgottenAt: nowMs + rememberedMs,
        fault: options.fault ?? null,
        spent: false,
      })
      forgetOldest(nowMs)
      return minted
    },
    find(ticket) {
      const record = records.get(ticket)
      return record !== undefined && record.forgottenAt > now() ? record : undefined
    },
  }
}
