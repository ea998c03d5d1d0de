// @ts-check

const kept = { verdict: 30, log: 60 }

/**
 * The last verdicts and log lines, and those who want to see the next ones: what the switchboard shows live.
 */
export class LiveFeed {
  /** @type {{ verdict: object[], log: object[] }} */
  #recent = { verdict: [], log: [] }
  /** @type {Set<(kind: 'verdict' | 'log', entry: object) => void>} */
  #listeners = new Set()

  /**
   * @param {'verdict' | 'log'} kind
   * @param {object} entry
   */
  add(kind, entry) {
    const entries = this.#recent[kind]
    entries.push(entry)
    if (entries.length > kept[kind]) entries.shift()
    for (const listener of this.#listeners) listener(kind, entry)
  }

  get recent() {
    return this.#recent
  }

  /**
   * @param {(kind: 'verdict' | 'log', entry: object) => void} listener
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
