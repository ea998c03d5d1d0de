import { setTimeout as pause, setImmediate as roundOfSockets } from 'node:timers/promises'
import type { ManualClock } from './manual-clock.js'

/** Turned at once; more would let a deadline pass while an answer is on its way. */
const stepMs = 10
/** Rounds of the event loop after each step: an answer on loopback takes ten or twenty milliseconds of the clock, however busy the machine is. */
const roundsOfStep = 8
/** Steps after which the process sleeps: threads and other processes have to get on as well. */
const stepsBetweenSleeps = 10

/** Resolves when the condition holds; throws after ten seconds of real time, or as told. */
export async function until(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const dueMs = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > dueMs) throw new Error(`not within ${withinMs} ms: ${condition}`)
    await pause(2)
  }
}

/** Turns a clock, while sockets go on, until the condition holds; throws when that takes longer by this clock. */
export async function turnUntil(clock: ManualClock, condition: () => boolean, withinMs = 10_000): Promise<void> {
  const dueMs = clock.nowMs() + withinMs
  for (let step = 1; !condition(); step++) {
    if (clock.nowMs() >= dueMs) throw new Error(`not within ${withinMs} ms of the clock: ${condition}`)
    await clock.advance(stepMs)
    for (let round = 0; round < roundsOfStep; round++) await roundOfSockets()
    if (step % stepsBetweenSleeps === 0) await pause(1)
  }
}

/** Turns a clock by that much while sockets go on. */
export function turn(clock: ManualClock, byMs: number): Promise<void> {
  const untilMs = clock.nowMs() + byMs
  return turnUntil(clock, () => clock.nowMs() >= untilMs, byMs)
}

/** Turns a clock, while sockets go on, until the promise settles, and returns its result. */
export async function turnFor<Result>(clock: ManualClock, result: Promise<Result>, withinMs?: number): Promise<Result> {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  result.then(settle, settle)
  await turnUntil(clock, () => isSettled, withinMs)
  return result
}
