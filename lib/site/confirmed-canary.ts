import type { Clock, Timer } from '../clock.js'
import type { RunCanary } from './canary-schedule.js'

/** From a failure to the canary that has to confirm it. */
const confirmAfterMs = 2000

/**
 * Makes a canary that has failed only after two failures two seconds apart, for one that shares its way with callers: they can
 * be in its way for a moment.
 */
export function confirmedCanary(run: RunCanary, clock: Clock): RunCanary {
  return (timeoutMs, done) => {
    let timer: Timer | undefined
    let giveUp = run(timeoutMs, (report) => {
      if (report !== 'failed') return done(report)
      timer = clock.after(confirmAfterMs, () => {
        timer = undefined
        giveUp = run(timeoutMs, done)
      })
    })
    return () => {
      if (timer === undefined) return giveUp()
      timer.cancel()
      done('unknown')
    }
  }
}
