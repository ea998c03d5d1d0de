/**
 * Passes by client in bounded memory. `prune` keeps the clients with most passes and lowers each count by the same number (the
 * summary of Misra and Gries): a client has at least the count that is kept, and at most `missed` more.
 */
export class ClientPasses {
  #passes = new Map<string, number>()
  #missed = 0
  /** Where the passes went when they were joined with others. */
  #joined: ClientPasses | undefined

  /** Returns true for a client that was not counted before. */
  add(client: string, passes = 1): boolean {
    const before = this.#passes.get(client)
    this.#passes.set(client, (before ?? 0) + passes)
    return before === undefined
  }

  /** Adds the passes of another one, which stays as it is. */
  merge(other: ClientPasses): void {
    for (const [client, passes] of other.#passes) this.add(client, passes)
    this.#missed += other.#missed
  }

  /** Makes this and the other one the same; use {@link current} of either afterwards. */
  join(other: ClientPasses): void {
    const [small, large] = this.size < other.size ? [this, other] : [other, this]
    if (small === large) return
    large.merge(small)
    small.#passes = new Map()
    small.#joined = large
  }

  /** The one that holds the passes of this one now. */
  get current(): ClientPasses {
    let current: ClientPasses = this
    while (current.#joined !== undefined) current = current.#joined
    return current
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
