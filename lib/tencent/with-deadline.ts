import { AsyncResource } from 'node:async_hooks'
import type { Clock } from '../clock.js'
import type { UpstreamResult } from './upstream-result.js'

/** A deadline that fires this much late says that our own event loop was blocked, not that Tencent was slow. */
const loopBlockedMs = 200

/** Receives the result of a call. */
export type Done = (result: UpstreamResult) => void

/** Begins a call and returns what stops it. The call may finish at once, more than once, or never. */
export type StartCall = (done: Done) => () => void

/**
 * Runs a call under one deadline and calls `done` exactly once, in the async context of the caller and never before this
 * function has returned. Returns a function that gives the call up with `aborted`.
 */
export function withDeadline(start: StartCall, timeoutMs: number, clock: Clock, done: Done): () => void {
  const caller = new AsyncResource('TencentCaptchaCall')
  const dueMs = clock.nowMs() + timeoutMs
  let isSettled = false
  const settle = (result: UpstreamResult) => {
    if (isSettled) return
    isSettled = true
    timer.cancel()
    caller.runInAsyncScope(done, undefined, result)
  }
  const giveUp = (result: UpstreamResult) => {
    if (isSettled) return
    stop()
    settle(result)
  }
  const timer = clock.after(timeoutMs, () => {
    const loopBlocked = clock.nowMs() - dueMs > loopBlockedMs
    clock.afterPoll(() => clock.afterPoll(() => giveUp({ kind: 'timeout', loopBlocked })))
  })
  // On the next tick: an exception of `done` must not end in the HTTP parser that found the result.
  const stop = start((result) => process.nextTick(settle, result))
  return () => giveUp({ kind: 'aborted' })
}
