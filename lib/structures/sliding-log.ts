import { AgingMap } from './aging-map.js'

/** Times of the last events by key, exact over a sliding window, in bounded memory. */
export class SlidingLog {
  #windowMs: number
  /** Ordered by last event, oldest first. */
  readonly #timesByKey: AgingMap<number[]>

  constructor(windowMs: number, maxKeys: number) {
    this.#windowMs = windowMs
    this.#timesByKey = new AgingMap(maxKeys)
  }

  /** A longer window sees what is still held; a shorter one forgets at once. */
  setWindow(windowMs: number): void {
    this.#windowMs = windowMs
  }

  count(key: string, nowMs: number): number {
    const times = this.#timesByKey.get(key)
    if (times === undefined) return 0
    this.#dropOld(times, nowMs)
    return times.length
  }

  /** @param maxTimes most that is kept of this key, the youngest */
  add(key: string, nowMs: number, maxTimes = Number.POSITIVE_INFINITY): void {
    const known = this.#timesByKey.get(key)
    // Most keys have one event: as a literal it takes 24 bytes, pushed to an empty array ten times as much.
    const times = known ?? [nowMs]
    if (known !== undefined) {
      this.#dropOld(known, nowMs)
      known.push(nowMs)
      if (known.length > maxTimes) known.splice(0, known.length - maxTimes)
    }
    const oldestMs = nowMs - this.#windowMs
    this.#timesByKey.set(key, times, (others) => (others.at(-1) ?? Number.NEGATIVE_INFINITY) <= oldestMs)
  }

  /** Takes the event of this very time back. */
  remove(key: string, atMs: number): void {
    const times = this.#timesByKey.get(key)
    const index = times?.lastIndexOf(atMs) ?? -1
    if (times === undefined || index < 0) return
    times.splice(index, 1)
    if (times.length === 0) this.#timesByKey.delete(key)
  }

  /** Forgets every event of a key. */
  forget(key: string): void {
    this.#timesByKey.delete(key)
  }

  get keys(): number {
    return this.#timesByKey.size
  }

  #dropOld(times: number[], nowMs: number): void {
    let old = 0
    while (old < times.length && (times[old] ?? 0) <= nowMs - this.#windowMs) old++
    if (old > 0) times.splice(0, old)
  }
}
