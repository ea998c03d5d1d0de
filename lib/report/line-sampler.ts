import type { CaptchaReason } from '../admission/cause-table.js'
import { TokenBucket } from '../structures/token-bucket.js'

/** Lines a minute of one event that are always written; a burst may hold ten seconds' worth. */
const linesPerMinute = 1200

/** What a line says of the lines before it that were left out; nothing where none was. */
export interface SuppressedLines {
  readonly suppressed?: number
  readonly suppressedByReason?: { readonly [reason in CaptchaReason]?: number }
}

/** No line was left out. */
export const noneSuppressed: SuppressedLines = Object.freeze({})

interface EventLines {
  readonly bucket: TokenBucket
  suppressed: Map<CaptchaReason, number>
}

/** Keeps a flood of one event out of the log without losing count of it. */
export class LineSampler {
  readonly #events = new Map<string, EventLines>()

  /** What was left out of this event's lines before this one, or `undefined` when this one is, too. */
  admit(event: string, reason: CaptchaReason, nowMs: number): SuppressedLines | undefined {
    const lines = this.#linesOf(event, nowMs)
    const { bucket, suppressed } = lines
    if (bucket.available(nowMs) < 1) {
      suppressed.set(reason, (suppressed.get(reason) ?? 0) + 1)
      return undefined
    }
    bucket.take()
    if (suppressed.size === 0) return noneSuppressed
    lines.suppressed = new Map()
    const total = [...suppressed.values()].reduce((sum, count) => sum + count, 0)
    return { suppressed: total, suppressedByReason: Object.fromEntries(suppressed) }
  }

  #linesOf(event: string, nowMs: number): EventLines {
    const known = this.#events.get(event)
    if (known) return known
    const lines: EventLines = { bucket: new TokenBucket(linesPerMinute, 10, nowMs), suppressed: new Map() }
    this.#events.set(event, lines)
    return lines
  }
}
