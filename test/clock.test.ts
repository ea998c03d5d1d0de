import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { systemClock } from '../lib/clock.js'

afterEach(() => {
  jest.useRealTimers()
})

describe('a timer of the system clock', () => {
  const dayMs = 86_400_000

  test.each([2 ** 31 - 1, 2 ** 31, 40 * dayMs, 100 * dayMs])('of %i ms runs then and not before', (delayMs) => {
    jest.useFakeTimers()
    let runs = 0
    systemClock.after(delayMs, () => runs++)
    jest.advanceTimersByTime(delayMs - 1)
    expect(runs).toBe(0)
    jest.advanceTimersByTime(1)
    expect(runs).toBe(1)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('of 40 days does not run at once on the real timers of Node', async () => {
    let runs = 0
    const timer = systemClock.after(40 * dayMs, () => runs++)
    // Node makes a timer that is too long one of 1 ms, which would run before this one.
    await new Promise((resolve) => setTimeout(resolve, 2))
    timer.cancel()
    expect(runs).toBe(0)
  })

  test('can be cancelled in each of its parts', () => {
    jest.useFakeTimers()
    let runs = 0
    const cancelled = [0, 30 * dayMs].map((afterMs) => {
      const timer = systemClock.after(40 * dayMs, () => runs++)
      return { timer, afterMs }
    })
    for (const { timer, afterMs } of cancelled) {
      jest.advanceTimersByTime(afterMs)
      timer.cancel()
    }
    jest.advanceTimersByTime(100 * dayMs)
    expect([runs, jest.getTimerCount()]).toEqual([0, 0])
  })
})
