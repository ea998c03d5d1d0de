import { RecentEvents } from '../structures/recent-events.js'

const windowMinutes = 10
/** A verified rate is earned solve by solve; the passes that go with it are no more than its users need. */
const ownRateFactor = 3
/** From this pass on a key needs three quarters of the total to be there. */
const lastStep = 3

/**
 * Shares the reserve of a purse by need. A key's first pass in ten minutes takes the last token there is; its second one needs
 * a quarter of the total to be left, its third a half, each later one three quarters. So keys with a bought solve each cannot
 * empty the reserve: they soon wait for what is over, while a first pass is there.
 */
export class ReserveLog {
  readonly #passes = new RecentEvents(windowMinutes * 60_000)

  /** The share of the total, from 0 to 1, that has to be exceeded for the key's next pass. */
  shareNeeded(key: string, verifiedPerMinute: number, nowMs: number): number {
    const before = this.#passes.count(key, nowMs)
    return before < ownPasses(verifiedPerMinute) ? 0 : Math.min(before, lastStep) / (lastStep + 1)
  }

  /** Notes a pass. Only as many are kept as decide about the next one. */
  add(key: string, verifiedPerMinute: number, nowMs: number): void {
    this.#passes.add(key, nowMs, ownPasses(verifiedPerMinute) + lastStep)
  }

  /** Takes the pass of this very time back. */
  remove(key: string, atMs: number): void {
    this.#passes.remove(key, atMs)
  }
}

/** Whole passes a minute, so that a single solve buys none. */
function ownPasses(verifiedPerMinute: number): number {
  return Math.floor(ownRateFactor * verifiedPerMinute) * windowMinutes
}
