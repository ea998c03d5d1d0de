/** Counts by key of what is under way: a key takes memory as long as something of its is. */
export class KeyCounts {
  readonly #counts = new Map<string, number>()

  count(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  add(key: string): void {
    this.#counts.set(key, this.count(key) + 1)
  }

  /** Takes back one that was added. */
  remove(key: string): void {
    const left = this.count(key) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }

  /** Keys with something under way. */
  get keys(): number {
    return this.#counts.size
  }
}
