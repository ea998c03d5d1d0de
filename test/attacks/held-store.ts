import { type CaptchaStore, memoryStore, type StoreSession } from '../../lib/index.js'

type Operation = keyof StoreSession

/** A memory store that counts its operations, and answers the named one only when the test lets it. */
export class HeldStore implements CaptchaStore {
  readonly kind = 'held'
  readonly counts = new Map<Operation, number>()
  readonly #store: CaptchaStore
  readonly #holds: Operation | undefined
  readonly #letGo: Array<() => void> = []

  constructor({ holds, store = memoryStore() }: { holds?: Operation; store?: CaptchaStore } = {}) {
    this.#holds = holds
    this.#store = store
  }

  /** Operations of this kind so far. */
  count(operation: Operation): number {
    return this.counts.get(operation) ?? 0
  }

  /** Answers all operations that wait. */
  letGo(): void {
    for (const letGo of this.#letGo.splice(0)) letGo()
  }

  connect(context: Parameters<CaptchaStore['connect']>[0]): StoreSession {
    const session = this.#store.connect(context)
    const held = (name: Operation) => {
      return async (argument: never): Promise<never> => {
        this.counts.set(name, this.count(name) + 1)
        if (name === this.#holds) await new Promise<void>((resolve) => this.#letGo.push(resolve))
        return (session[name] as (given: never) => Promise<never>)(argument)
      }
    }
    return {
      claim: held('claim'),
      release: held('release'),
      recordVerified: held('recordVerified'),
      recordHistory: held('recordHistory'),
      readHistory: held('readHistory'),
      heartbeat: held('heartbeat'),
      setOverride: held('setOverride'),
    }
  }
}
