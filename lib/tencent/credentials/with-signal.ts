/** Runs something under a deadline of its own; the signal is aborted then. No timer is left afterwards. */
export async function withSignal<T>(timeoutMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), timeoutMs).unref()
  try {
    return await run(stop.signal)
  } finally {
    clearTimeout(timer)
  }
}
