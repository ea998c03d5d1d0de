import { LRUCache } from 'lru-cache'

const historyMs = 24 * 3_600_000
const maxKeys = 100_000
/** A key's rate is smoothed over about this long. */
const rateMemoryMs = 600_000

interface Entry {
  lastVerifiedMs: number
  /** Verified passes, decayed over {@link rateMemoryMs}. */
  weight: number
}

/** Client keys with a verified pass in the last 24 hours: the one thing about a caller that had to be earned. */
export class ClientHistory {
  readonly #entries = new LRUCache<string, Entry>({ max: maxKeys })

  /** Notes a verified pass; true when it is the key's first in this minute. */
  noteVerified(clientKey: string, nowMs: number): boolean {
    const entry = this.#entries.get(clientKey)
    if (entry === undefined) {
      this.#entries.set(clientKey, { lastVerifiedMs: nowMs, weight: 1 })
      return true
    }
    const isFirstThisMinute = Math.floor(entry.lastVerifiedMs / 60_000) !== Math.floor(nowMs / 60_000)
    entry.weight = entry.weight * decay(nowMs - entry.lastVerifiedMs) + 1
    entry.lastVerifiedMs = nowMs
    return isFirstThisMinute
  }

  /** Takes over what another process knows of a key. */
  adopt(clientKey: string, verifiedPerMinute: number, nowMs: number): void {
    if (verifiedPerMinute <= this.verifiedPerMinute(clientKey, nowMs)) return
    this.#entries.set(clientKey, { lastVerifiedMs: nowMs, weight: (verifiedPerMinute * rateMemoryMs) / 60_000 })
  }

  isKnown(clientKey: string, nowMs: number): boolean {
    const entry = this.#entries.peek(clientKey)
    return entry !== undefined && nowMs - entry.lastVerifiedMs < historyMs
  }

  /** The key's own verified passes a minute, lately. */
  verifiedPerMinute(clientKey: string, nowMs: number): number {
    const entry = this.#entries.peek(clientKey)
    if (entry === undefined) return 0
    return (entry.weight * decay(nowMs - entry.lastVerifiedMs) * 60_000) / rateMemoryMs
  }

  get size(): number {
    return this.#entries.size
  }
}

function decay(elapsedMs: number): number {
  return Math.exp(-elapsedMs / rateMemoryMs)
}
