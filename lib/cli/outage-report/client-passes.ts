/**
 * Passes by client in bounded memory. `prune` keeps the clients with most passes and lowers each count by the same number (the
 * summary of Misra and Gries): a client has at least the count that is kept, and at most `missed` more.
 */
export class ClientPasses {
  readonly #passes = new Map<string, number>()
  #missed = 0

  /** Returns true for a client that was not counted before. */
  add(client: string, passes = 1): boolean {
    const before = this.#passes.get(client)
    this.#passes.set(client, (before ?? 0) + passes)
    return before === undefined
  }

  merge(other: ClientPasses): void {
    for (const [client, passes] of other.#passes) this.add(client, passes)
    this.#missed += other.#missed
  }

  /** Keeps at most `capacity` clients. */
  prune(capacity: number): void {
    if (this.#passes.size <= capacity) return
    const counts = [...this.#passes.values()].sort((a, b) => b - a)
    const lowered = counts[capacity] ?? 0
    for (const [client, passes] of this.#passes) {
      if (passes > lowered) this.#passes.set(client, passes - lowered)
      else this.#passes.delete(client)
    }
    this.#missed += lowered
  }

  get size(): number {
    return this.#passes.size
  }

  /** At most so many passes are missing from each count. */
  get missed(): number {
    return this.#missed
  }

  /** The clients with most passes, most first; by name where they have as many. */
  top(count: number): { readonly client: string; readonly passes: number }[] {
    return [...this.#passes]
      .map(([client, passes]) => ({ client, passes }))
      .sort((a, b) => b.passes - a.passes || (a.client < b.client ? -1 : 1))
      .slice(0, count)
  }
}
