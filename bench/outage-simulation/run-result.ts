/** What was counted in the measured minutes, by the minute of the request. */
export interface RunResult {
  readonly normalPerMinute: number
  readonly honestRequests: readonly number[]
  readonly honestPassed: readonly number[]
  readonly honestWaited: number
  /** Of those with a verified pass in 24 hours. */
  readonly knownRequests: number
  readonly knownPassed: number
  /** Of those that brought a ticket of Tencent's. */
  readonly ticketRequests: number
  readonly ticketPassed: number
  readonly botRequests: number
  readonly botPassed: readonly number[]
}
