import { longestTimeoutMs } from '../clock.js'

/**
 * Keeps the process alive for a call of at most `timeoutMs`: the timers of deadlines hold none, and a script that awaits the
 * result must live to see it. Returns what ends that.
 */
export function holdProcess(timeoutMs: number): () => void {
  // A busy event loop prolongs a deadline, and the store and the canary may be waited for after it.
  const hold = setTimeout(() => {}, Math.min(2 * timeoutMs + 1000, longestTimeoutMs))
  return () => clearTimeout(hold)
}
