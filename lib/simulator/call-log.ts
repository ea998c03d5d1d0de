import type { TicketKind } from './ticket-book.js'

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
  /** Verdicts are `code:1` and so on, API errors `error:InternalError`, answers that were damaged or not sent `fault:hang`. */
  readonly outcome: string
  /** The connection ended before the whole answer was sent, and not by a fault: the client gave up, or the port was closed. */
  readonly aborted: boolean
}

/** A logged call, for the code that completes it. */
export type CallEntry = { -readonly [Key in keyof SimulatedCall]: SimulatedCall[Key] }

/** The calls of the API, oldest first. */
export interface CallLog {
  /** A copy: later calls are not in it. */
  readonly calls: readonly SimulatedCall[]
  /** Returns the logged entry, whose changes show in later copies. */
  add(call: SimulatedCall): CallEntry
  clear(): void
}

const capacity = 10_000

/** Makes a log that keeps the last 10 000 calls. */
export function createCallLog(): CallLog {
  let entries: CallEntry[] = []
  return {
    get calls() {
      return [...entries]
    },
    add(call) {
      const entry = { ...call }
      entries.push(entry)
      if (entries.length > capacity) entries.shift()
      return entry
    },
    clear() {
      entries = []
    },
  }
}
