import { TokenBucket } from '../structures/token-bucket.js'

/** Lines a minute of one event that are always written; a burst may hold ten seconds' worth. */
const linesPerMinute = 1200

interface EventLines {
  readonly bucket: TokenBucket
  suppressed: number
}

/** Keeps a flood of one event out of the log without losing count of it. */
export class LineSampler {
  readonly #events = new Map<string, EventLines>()

  /** How many lines of this event were suppressed before this one, or `undefined` when this one is, too. */
  admit(event: string, nowMs: number): number | undefined {
    const lines = this.#linesOf(event, nowMs)
    if (lines.bucket.available(nowMs) < 1) {
      lines.suppressed++
      return undefined
    }
    lines.bucket.take()
    const { suppressed } = lines
    lines.suppressed = 0
    return suppressed
  }

  #linesOf(event: string, nowMs: number): EventLines {
    const known = this.#events.get(event)
    if (known) return known
    const lines = { bucket: new TokenBucket(linesPerMinute, 10, nowMs), suppressed: 0 }
    this.#events.set(event, lines)
    return lines
  }
}
