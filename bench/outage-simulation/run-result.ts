/** What was counted in the measured minutes, by the minute of the request. */
export interface RunResult {
  readonly normalPerMinute: number
  readonly honestRequests: readonly number[]
  readonly honestPassed: readonly number[]
  /** Over 100 ms. */
  readonly honestWaited: number
  /** Over 500 ms. */
  readonly honestWaitedLong: number
  /** The longest wait of any honest request. */
  readonly slowestMs: number
  readonly verified: number
  /** From the third second after the first request on, and with a ticket of Tencent's. */
  readonly settledTickets: number
  readonly settledVerified: number
  /** The same from half a minute on. */
  readonly laterTickets: number
  readonly laterVerified: number
  /** Of the bots' passes, those from the third second on. */
  readonly settledBots: number
  /** Of those that have history: a verified pass of the address in 24 hours, or an identity that the application vouches for. */
  readonly knownRequests: number
  readonly knownPassed: number
  /** Of users who have been verified here before, wherever they are now. */
  readonly returningRequests: number
  readonly returningPassed: number
  /** Of those that brought a ticket of Tencent's. */
  readonly ticketRequests: number
  readonly ticketPassed: number
  readonly botRequests: number
  readonly botPassed: readonly number[]
}

/** The sum of counts by minute. */
export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
