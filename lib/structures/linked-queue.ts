/** An item's place in a {@link LinkedQueue}. */
export interface Place<Item> {
  readonly item: Item
  before: Place<Item> | undefined
  after: Place<Item> | undefined
  isHeld: boolean
}

/**
 * Items in the order in which they came, oldest first; each may leave from anywhere, in constant work. A `Map` or a `Set` would do the
 * same, but V8 links every table that one outgrows to the next: what passes through survives, and is copied, until a full collection.
 */
export class LinkedQueue<Item> {
  #first: Place<Item> | undefined
  #last: Place<Item> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Place<Item> | undefined {
    return this.#first
  }

  /** Adds an item as the youngest. */
  add(item: Item): Place<Item> {
    const place: Place<Item> = { item, before: this.#last, after: undefined, isHeld: true }
    if (this.#last === undefined) this.#first = place
    else this.#last.after = place
    this.#last = place
    this.#size++
    return place
  }

  /** Takes an item out. Returns false where it has left before. */
  remove(place: Place<Item>): boolean {
    if (!place.isHeld) return false
    const { before, after } = place
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    place.isHeld = false
    place.before = undefined
    place.after = undefined
    this.#size--
    return true
  }

  /** Takes all items out and returns them. */
  drain(): readonly Item[] {
    const items: Item[] = []
    for (let place = this.#first; place !== undefined; place = this.#first) {
      items.push(place.item)
      this.remove(place)
    }
    return items
  }
}
