import type { Clock } from '../clock.js'
import type { UpstreamResult } from './upstream-result.js'

/** A deadline that fires this much late says that our own event loop was blocked, not that Tencent was slow. */
const loopBlockedMs = 200

/**
 * Runs a call under one deadline and one signal. Settles even if the call ignores both, and never rejects: a failed
 * sender is a value here.
 */
export function withDeadline(
  run: (signal: AbortSignal) => Promise<UpstreamResult>,
  { timeoutMs, clock, signal }: { readonly timeoutMs: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<UpstreamResult> {
  if (signal.aborted) return Promise.resolve({ kind: 'aborted' })
  return new Promise((resolve) => {
    const call = new AbortController()
    const dueMs = clock.nowMs() + timeoutMs
    let settled = false
    const settle = (result: UpstreamResult) => {
      if (settled) return
      settled = true
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      call.abort()
      resolve(result)
    }
    const onAbort = () => settle({ kind: 'aborted' })
    const onDeadline = () => {
      const loopBlocked = clock.nowMs() - dueMs > loopBlockedMs
      clock.afterPoll(() => clock.afterPoll(() => settle({ kind: 'timeout', loopBlocked })))
    }
    const timer = clock.after(timeoutMs, onDeadline)
    signal.addEventListener('abort', onAbort, { once: true })
    run(call.signal).then(settle, (error: unknown) => settle({ kind: 'bug', error }))
  })
}
