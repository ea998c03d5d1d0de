import { randomBytes, randomInt } from 'node:crypto'
import type { ApiFault } from './api-fault.js'

export type TicketChannel = 'web' | 'mini_program'

/** What a minted ticket is, and how a check of it goes. */
export interface MintTicketOptions {
  /** Where the ticket comes from; each has its own API action. Default `'web'`. */
  readonly channel?: TicketChannel
  /** App id that the ticket is bound to. Default: the simulator's app id for the channel. */
  readonly captchaAppId?: number
  /** CaptchaCode that every check of the ticket answers. Default: what an honest ticket gets (1, then 9, after five minutes 8). */
  readonly code?: number
  /** `EvilLevel` in the answer, 0 to 100; 100 is malicious. Web only. Default 0. */
  readonly evilLevel?: number
  /** `Score` in the answer, 0 to 100; higher is more bot-like. Web only. Default 0. */
  readonly score?: number
  /** How long ago the ticket was made, in ms; 300 000 and more is expired. Default 0. */
  readonly ageMs?: number
  /** A fault that hits only the calls with this ticket, before any fault of the whole API. `'refuse'` is not possible here. */
  readonly fault?: ApiFault
}

export interface MintedTicket {
  readonly ticket: string
  readonly randstr: string
}

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

export interface TicketBook {
  mint(options: MintTicketOptions & { readonly captchaAppId: number }): MintedTicket
  find(ticket: string): TicketRecord | undefined
}

const CAPACITY = 200_000
const RANDSTR_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

function newTicket(): string {
  return `tr03${randomBytes(120).toString('base64url')}*`
}

function newRandstr(): string {
  return `@${Array.from({ length: 3 }, () => RANDSTR_LETTERS[randomInt(RANDSTR_LETTERS.length)]).join('')}`
}

/** Remembers minted tickets, the newest 200 000 of them. */
export function createTicketBook(now: () => number): TicketBook {
  const records = new Map<string, TicketRecord>()

  function forgetOldest(): void {
    const oldest = records.keys().next()
    if (records.size > CAPACITY && !oldest.done) records.delete(oldest.value)
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
