/**
 * Times of the last events by key, exact over a sliding window. Keys whose events have all left the window are dropped as
 * new ones come, and `maxKeys` bounds the rest, oldest first.
 */
export class SlidingLog {
  readonly #windowMs: number
  readonly #maxKeys: number
  /** Ordered by last event, oldest first. */
  readonly #timesByKey = new Map<string, number[]>()

  constructor(windowMs: number, maxKeys: number) {
    this.#windowMs = windowMs
    this.#maxKeys = maxKeys
  }

  count(key: string, nowMs: number): number {
    const times = this.#timesByKey.get(key)
    if (times === undefined) return 0
    this.#dropOld(times, nowMs)
    return times.length
  }

  add(key: string, nowMs: number): void {
    const times = this.#timesByKey.get(key) ?? []
    this.#dropOld(times, nowMs)
    times.push(nowMs)
    this.#timesByKey.delete(key)
    this.#timesByKey.set(key, times)
    this.#sweep(nowMs)
  }

  /** Takes the event of this very time back. */
  remove(key: string, atMs: number): void {
    const times = this.#timesByKey.get(key)
    const index = times?.lastIndexOf(atMs) ?? -1
    if (times === undefined || index < 0) return
    times.splice(index, 1)
    if (times.length === 0) this.#timesByKey.delete(key)
  }

  get keys(): number {
    return this.#timesByKey.size
  }

  #dropOld(times: number[], nowMs: number): void {
    let old = 0
    while (old < times.length && (times[old] ?? 0) <= nowMs - this.#windowMs) old++
    if (old > 0) times.splice(0, old)
  }

  /** Two old keys leave for each new one: constant work, and the map shrinks again after a flood. */
  #sweep(nowMs: number): void {
    let visits = 2
    for (const [key, times] of this.#timesByKey) {
      const isOver = this.#timesByKey.size > this.#maxKeys
      const isOld = (times.at(-1) ?? 0) <= nowMs - this.#windowMs
      if (!isOver && (!isOld || visits-- === 0)) return
      this.#timesByKey.delete(key)
    }
  }
}
