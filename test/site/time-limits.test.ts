import { describe, expect, test } from '@jest/globals'
import { TimeLimits } from '../../lib/site/time-limits.js'

function limitsWith({ usualMs, timeoutMs = 2000 }: { usualMs?: number; timeoutMs?: number } = {}): TimeLimits {
  const limits = new TimeLimits({ suspicionMs: Math.min(500, timeoutMs / 2), canaryTimeoutMs: timeoutMs })
  if (usualMs !== undefined) for (let answer = 0; answer < 20; answer++) limits.noteVerified(usualMs)
  return limits
}

/** Three deadlines of three clients beside a healthy canary. */
function leftUnanswered(limits: TimeLimits): TimeLimits {
  for (const clientKey of ['a', 'b', 'c']) limits.noteDeadline(clientKey)
  limits.noteCanary('healthy', 50)
  return limits
}

describe('a call raises suspicion', () => {
  test.each([
    { usualMs: undefined, timeoutMs: 2000, afterMs: 500 },
    { usualMs: undefined, timeoutMs: 300, afterMs: 150 },
    { usualMs: 20, timeoutMs: 2000, afterMs: 100 },
    { usualMs: 80, timeoutMs: 2000, afterMs: 120 },
    { usualMs: 80, timeoutMs: 200, afterMs: 100 },
    { usualMs: 80, timeoutMs: 120, afterMs: 60 },
    { usualMs: 400, timeoutMs: 2000, afterMs: 500 },
  ])('after $afterMs ms where $usualMs ms are usual and the timeout is $timeoutMs ms', ({ afterMs, ...limits }) => {
    expect(limitsWith(limits as { timeoutMs: number }).suspicionMs).toBe(afterMs)
  })
})

describe("a canary's deadline", () => {
  test.each([
    ['50 ms before that of the first caller who waits', 1880, [40], undefined, 1830],
    ['three times the slowest of the last five', 1500, [600, 10, 10, 10, 10], undefined, 1800],
    ['without the one before the last five', 1500, [600, 10, 10, 10, 10, 10], undefined, 1450],
    ['never less than a second', 300, [40], undefined, 1000],
    ["the whole of a call's while no caller waits", undefined, [], undefined, 2000],
    ["twice a usual answer's time where users' answers are slow", 100, [40], 700, 1400],
    ["but for slow answers never more than the whole of a call's", 100, [40], 1900, 2000],
  ])('is %s', (_, callerLeftMs, tookMs, usualMs, timeoutMs) => {
    const limits = limitsWith(usualMs === undefined ? {} : { usualMs })
    for (const took of tookMs) limits.noteCanary('healthy', took)
    expect(limits.canaryTimeoutMs(callerLeftMs)).toBe(timeoutMs)
  })

  test('does not grow without end with canaries that use it up', () => {
    const limits = limitsWith()
    for (let canary = 0; canary < 10; canary++) limits.noteCanary('healthy', limits.canaryTimeoutMs(undefined))
    expect(limits.canaryTimeoutMs(undefined)).toBe(6000)
  })

  test('is not learned from a canary that does not say how long one takes', () => {
    const limits = limitsWith()
    limits.noteCanary('healthy', undefined)
    expect(limits.canaryTimeoutMs(1500)).toBe(1450)
  })

  test('is not learned from canaries that failed', () => {
    const limits = limitsWith()
    limits.noteCanary('failed', 1900)
    expect(limits.canaryTimeoutMs(1500)).toBe(1450)
  })
})

describe('callers wait', () => {
  test('their whole deadline as long as Tencent answers', () => {
    expect(limitsWith({ usualMs: 80 }).callerWaitMs(2000)).toBe(2000)
  })

  test.each([
    [20, 250],
    [80, 320],
    [400, 1600],
    [1900, 2000],
  ])('where %i ms are usual, %i ms once calls of three clients were left unanswered', (usualMs, waitMs) => {
    expect(leftUnanswered(limitsWith({ usualMs })).callerWaitMs(2000)).toBe(waitMs)
  })

  test('never longer than their own deadline', () => {
    expect(leftUnanswered(limitsWith({ usualMs: 80 })).callerWaitMs(100)).toBe(100)
  })

  test('their whole deadline before twenty answers taught what is usual', () => {
    expect(leftUnanswered(limitsWith()).callerWaitMs(2000)).toBe(2000)
  })

  test('their whole deadline where only two clients are concerned, however often', () => {
    const limits = limitsWith({ usualMs: 80 })
    for (const clientKey of ['a', 'b', 'a', 'b', 'b']) limits.noteDeadline(clientKey)
    limits.noteCanary('healthy', 50)
    expect(limits.callerWaitMs(2000)).toBe(2000)
  })

  test('their whole deadline without a healthy canary since the first of those deadlines', () => {
    const limits = limitsWith({ usualMs: 80 })
    limits.noteCanary('healthy', 50)
    for (const clientKey of ['a', 'b', 'c']) limits.noteDeadline(clientKey)
    expect(limits.callerWaitMs(2000)).toBe(2000)
    limits.noteCanary('failed', undefined)
    limits.noteCanary('healthy', 50)
    expect(limits.callerWaitMs(2000)).toBe(2000)
  })

  test('their whole deadline again after one code 1', () => {
    const limits = leftUnanswered(limitsWith({ usualMs: 80 }))
    limits.noteVerified(1900)
    expect(limits.callerWaitMs(2000)).toBe(2000)
  })
})

test('where calls go to another place, nothing that was learned holds', () => {
  const limits = leftUnanswered(limitsWith({ usualMs: 80 }))
  limits.noteCanary('healthy', 900)
  limits.forget()
  expect([limits.suspicionMs, limits.canaryTimeoutMs(1500), limits.callerWaitMs(2000)]).toEqual([500, 1450, 2000])
})

test('new settings hold at once', () => {
  const limits = limitsWith()
  limits.configure({ suspicionMs: 300, canaryTimeoutMs: 4000 })
  expect([limits.suspicionMs, limits.canaryTimeoutMs(undefined)]).toEqual([300, 4000])
})
