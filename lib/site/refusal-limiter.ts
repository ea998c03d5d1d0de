import { SlidingLog } from '../structures/sliding-log.js'

const windowMs = 60_000
const maxRefusals = 10
const maxKeys = 50_000

/** Ten refusals within a minute limit a client, so that guessed tickets do not use up the rate limit at Tencent. */
export class RefusalLimiter {
  readonly #refusals = new SlidingLog(windowMs, maxKeys)

  /** Counts a refusal, unless the client is limited already. */
  noteRefused(clientKey: string, nowMs: number): void {
    if (!this.isLimited(clientKey, nowMs)) this.#refusals.add(clientKey, nowMs)
  }

  /** True when Tencent should not be asked about this client's tickets for now. */
  isLimited(clientKey: string, nowMs: number): boolean {
    return this.#refusals.count(clientKey, nowMs) >= maxRefusals
  }
}
