import { afterSockets, type Clock, type Timer } from '../clock.js'
import type { UpstreamResult } from './upstream-result.js'

/** A deadline that fires this much late says that our own event loop was blocked, not that Tencent was slow. */
const loopBlockedMs = 200

/** Receives the result of a call. */
export type Done = (result: UpstreamResult) => void

/** A call that was begun. */
export interface RunningCall {
  /** Stops it and frees its socket; `done` is not called any more. */
  stop(): void
  /** What the call has come to, now that its deadline is over. */
  overdue(loopBlocked: boolean): UpstreamResult
}

/** Begins a call. The call may finish at once, more than once, or never. */
export type StartCall = (done: Done) => RunningCall

/**
 * Runs a call under one deadline and calls `done` exactly once, never before this function has returned. Returns a function
 * that gives the call up with `aborted`.
 */
export function withDeadline(start: StartCall, timeoutMs: number, clock: Clock, done: Done): () => void {
  const dueMs = clock.nowMs() + timeoutMs
  const arm: ArmDeadline = (onOver) =>
    clock.after(timeoutMs, () => {
      const loopBlocked = clock.nowMs() - dueMs > loopBlockedMs
      afterSockets(clock, () => onOver(loopBlocked))
    })
  return runUntil(arm, start, done)
}

/** Starts a deadline. `onOver` may be called once, later. */
export type ArmDeadline = (onOver: (loopBlocked: boolean) => void) => Timer

/** Runs a call until it ends, its deadline is over or it is given up; as {@link withDeadline}. */
export function runUntil(arm: ArmDeadline, start: StartCall, done: Done): () => void {
  let isSettled = false
  const settle = (result: UpstreamResult) => {
    if (isSettled) return
    isSettled = true
    timer.cancel()
    done(result)
  }
  const giveUp = (result: UpstreamResult) => {
    if (isSettled) return
    running.stop()
    settle(result)
  }
  // On the next tick: an exception of `done` must not end in the HTTP parser that found the result.
  const running = start((result) => process.nextTick(settle, result))
  // Armed once the call has begun: where that throws there is nothing to end, and the timer would end the process.
  const timer = arm((loopBlocked) => giveUp(running.overdue(loopBlocked)))
  return () => giveUp({ kind: 'aborted' })
}
