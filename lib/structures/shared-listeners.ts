/**
 * Runs callbacks at the one event of an emitter, with one listener an emitter: an application may give one signal (of its shutdown, of a
 * batch) to any number of calls, one connection may bring any number of requests, and Node warns of a leak from the eleventh listener on.
 */
export class SharedListeners<Emitter extends object> {
  readonly #listen: (emitter: Emitter, run: () => void) => void
  readonly #byEmitter = new WeakMap<Emitter, Set<() => void>>()

  /** @param listen makes `run` the listener of an emitter's event, once */
  constructor(listen: (emitter: Emitter, run: () => void) => void) {
    this.#listen = listen
  }

  /** Returns what takes the callback back. */
  add(emitter: Emitter, run: () => void): () => void {
    const callbacks = this.#byEmitter.get(emitter) ?? this.#begin(emitter)
    callbacks.add(run)
    return () => {
      callbacks.delete(run)
    }
  }

  #begin(emitter: Emitter): Set<() => void> {
    const callbacks = new Set<() => void>()
    this.#byEmitter.set(emitter, callbacks)
    this.#listen(emitter, () => [...callbacks].forEach((run) => void run()))
    return callbacks
  }
}
