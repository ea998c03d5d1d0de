import { RollingCounts } from '../structures/rolling-counts.js'

const windowMs = 3_600_000
const slotCount = 60

/** Share of the last hour's verified passes whose client had history: of an attacked outage, how many users have a reserve. */
export class KnownShare {
  readonly #passes = new RollingCounts(['known', 'new'], windowMs, slotCount)

  /** Counts one verified pass. */
  note(isKnown: boolean, nowMs: number): void {
    this.#passes.add(isKnown ? 'known' : 'new', nowMs)
  }

  /** From 0 to 1; `undefined` without a pass. */
  ratio(nowMs: number): number | undefined {
    const known = this.#passes.count('known', nowMs)
    const all = known + this.#passes.count('new', nowMs)
    return all === 0 ? undefined : known / all
  }
}
