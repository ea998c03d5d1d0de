import type { TicketKind } from './fallback-ticket.js'

/** One call of the API. */
export interface SimulatedCall {
  /** Arrival, epoch ms. */
  readonly at: number
  /** `X-TC-Action` as sent. */
  readonly action: string
  readonly ticketKind: TicketKind
  /** `CaptchaAppId` as sent; null when it was absent or not a number. */
  readonly captchaAppId: number | null
  /** `UserIp` as sent; null when it was absent or not a string. */
  readonly userIp: string | null
  /** `Ticket` as sent; empty when it was absent or not a string. */
  readonly ticket: string
  /** `code:1` and so on for verdicts, `error:InternalError` and so on for API errors, `fault:hang` and so on where neither was sent whole. */
  readonly outcome: string
  /** The connection ended before the whole answer was out: the client gave up, or the simulator closed its port meanwhile. */
  readonly aborted: boolean
}

export type CallEntry = { -readonly [Key in keyof SimulatedCall]: SimulatedCall[Key] }

export interface CallLog {
  readonly calls: readonly SimulatedCall[]
  add(call: CallEntry): CallEntry
  clear(): void
}

const CAPACITY = 10_000

/** Keeps the last 10 000 calls. */
export function createCallLog(): CallLog {
  let entries: CallEntry[] = []
  return {
    get calls() {
      return [...entries]
    },
    add(call) {
      entries.push(call)
      if (entries.length > CAPACITY) entries.shift()
      return call
    },
    clear() {
      entries = []
    },
  }
}
