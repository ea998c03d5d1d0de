/**
 * Runs callbacks when a signal aborts, with one listener a signal: an application may give one signal (of its shutdown, of a
 * batch) to any number of calls, and Node warns of a leak from the eleventh listener on.
 */
export class AbortListeners {
  readonly #bySignal = new WeakMap<AbortSignal, Set<() => void>>()

  /** Returns what takes the callback back. */
  add(signal: AbortSignal, run: () => void): () => void {
    const callbacks = this.#bySignal.get(signal) ?? this.#listen(signal)
    callbacks.add(run)
    return () => {
      callbacks.delete(run)
    }
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const callbacks = new Set<() => void>()
    this.#bySignal.set(signal, callbacks)
    signal.addEventListener('abort', () => [...callbacks].forEach((run) => void run()), { once: true })
    return callbacks
  }
}
