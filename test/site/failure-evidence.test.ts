import { describe, expect, test } from '@jest/globals'
import { FailureEvidence } from '../../lib/site/failure-evidence.js'

const thresholds = { consecutiveFailures: 5, failureRate: 0.5, minimumCalls: 20, windowMs: 10_000 }

/** Evidence after verified passes every `gapMs`; the last one is at the time that is returned. */
function afterPasses(count: number, gapMs: number): { readonly evidence: FailureEvidence; readonly nowMs: number } {
  const evidence = new FailureEvidence(thresholds, 0)
  for (let pass = 1; pass <= count; pass++) evidence.noteSuccess(pass * gapMs)
  return { evidence, nowMs: count * gapMs }
}

function fail(evidence: FailureEvidence, times: number, nowMs: number): void {
  for (let time = 0; time < times; time++) evidence.noteFailure(nowMs, false, nowMs)
}

describe('the thresholds', () => {
  test('hold after five failures in a row', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    fail(evidence, 4, 0)
    expect(evidence.thresholdsHold(0)).toBe(false)
    fail(evidence, 1, 0)
    expect([evidence.consecutiveFailures, evidence.thresholdsHold(0)]).toEqual([5, true])
  })

  test('hold no more after a success', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    fail(evidence, 5, 0)
    evidence.noteSuccess(0)
    expect([evidence.consecutiveFailures, evidence.thresholdsHold(0)]).toEqual([0, false])
  })

  test.each(['throttled', 'neutral'] as const)('count a %s call neither as a failure nor as a success', (kind) => {
    const evidence = new FailureEvidence(thresholds, 0)
    fail(evidence, 4, 0)
    for (let time = 0; time < 100; time++) evidence.noteNeutral(kind, 0)
    expect([evidence.consecutiveFailures, evidence.thresholdsHold(0)]).toEqual([4, false])
    fail(evidence, 1, 0)
    expect(evidence.thresholdsHold(0)).toBe(true)
  })

  test('hold when half of twenty calls within the window failed', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    for (let pair = 0; pair < 9; pair++) {
      evidence.noteFailure(0, false, 0)
      evidence.noteSuccess(0)
    }
    evidence.noteFailure(0, false, 0)
    expect(evidence.thresholdsHold(0)).toBe(false)
    evidence.noteSuccess(0)
    expect(evidence.thresholdsHold(0)).toBe(true)
    expect(evidence.thresholdsHold(10_000)).toBe(false)
  })

  test('may change: counts stay, unless the window has another length', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    for (let pair = 0; pair < 5; pair++) {
      evidence.noteFailure(0, false, 0)
      evidence.noteSuccess(0)
    }
    evidence.configure({ ...thresholds, minimumCalls: 10 })
    expect(evidence.thresholdsHold(0)).toBe(true)
    evidence.configure({ ...thresholds, minimumCalls: 10, windowMs: 20_000 })
    expect(evidence.thresholdsHold(0)).toBe(false)
  })
})

describe('a call that ended unanswered', () => {
  test('counts until a call succeeds', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    evidence.noteFailure(0, false, 0)
    expect(evidence.endedUnanswered).toBe(false)
    evidence.noteFailure(0, true, 2000)
    evidence.noteFailure(0, false, 2000)
    expect(evidence.endedUnanswered).toBe(true)
    evidence.noteSuccess(2000)
    expect(evidence.endedUnanswered).toBe(false)
  })

  test('counts until a healthy canary explains it', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    evidence.noteFailure(0, true, 2000)
    evidence.forgetUnanswered()
    expect([evidence.endedUnanswered, evidence.consecutiveFailures]).toEqual([false, 1])
  })
})

describe('users alone are failing', () => {
  test.each([
    [100, 10_000],
    [2000, 40_000],
  ])('after silence of at least ten seconds and twenty gaps: gaps of %d ms need %d ms', (gapMs, neededMs) => {
    const { evidence, nowMs } = afterPasses(50, gapMs)
    fail(evidence, 1, nowMs)
    expect(evidence.usersAloneAreFailing(nowMs + neededMs - 1)).toBe(false)
    expect(evidence.usersAloneAreFailing(nowMs + neededMs)).toBe(true)
  })

  test('counted from the first failure, not from the last success: nights are silent', () => {
    const { evidence, nowMs } = afterPasses(50, 100)
    const morningMs = nowMs + 8 * 3_600_000
    expect(evidence.usersAloneAreFailing(morningMs)).toBe(false)
    fail(evidence, 1, morningMs)
    expect(evidence.usersAloneAreFailing(morningMs + 9999)).toBe(false)
    expect(evidence.usersAloneAreFailing(morningMs + 10_000)).toBe(true)
  })

  test('counted from the start of the call that failed, but not from before the last success', () => {
    const { evidence, nowMs } = afterPasses(50, 100)
    evidence.noteFailure(nowMs - 2000, true, nowMs)
    expect(evidence.usersAloneAreFailing(nowMs + 9999)).toBe(false)
    expect(evidence.usersAloneAreFailing(nowMs + 10_000)).toBe(true)
  })

  test('not before three gaps are known', () => {
    const { evidence, nowMs } = afterPasses(2, 100)
    fail(evidence, 1, nowMs)
    expect(evidence.usersAloneAreFailing(nowMs + 3_600_000)).toBe(false)
  })

  test('after twenty times the mean of the first gaps, not of the last one', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    for (const passMs of [2000, 6000, 12_000]) evidence.noteSuccess(passMs)
    fail(evidence, 1, 12_000)
    expect(evidence.silenceLeftMs(12_000)).toBe(20 * 4000)
  })

  test('with the gap that the operator expects until gaps are known', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    evidence.expect(60)
    fail(evidence, 1, 0)
    expect(evidence.usersAloneAreFailing(19_999)).toBe(false)
    expect(evidence.usersAloneAreFailing(20_000)).toBe(true)
  })

  test('with the gaps that were seen, where the operator expects others later', () => {
    const { evidence, nowMs } = afterPasses(50, 100)
    evidence.expect(1)
    fail(evidence, 1, nowMs)
    expect(evidence.usersAloneAreFailing(nowMs + 10_000)).toBe(true)
  })

  test.each([
    [9, true],
    [10, false],
  ])('with %d throttled calls beside 90 failures: %s', (throttled, isFailing) => {
    const { evidence, nowMs } = afterPasses(50, 100)
    fail(evidence, 1, nowMs)
    const laterMs = nowMs + 20_000
    fail(evidence, 90, laterMs)
    for (let call = 0; call < throttled; call++) evidence.noteNeutral('throttled', laterMs)
    expect(evidence.usersAloneAreFailing(laterMs)).toBe(isFailing)
  })
})

describe('clearing', () => {
  test('forgets failures, and keeps the usual gap', () => {
    const { evidence, nowMs } = afterPasses(50, 100)
    fail(evidence, 30, nowMs)
    evidence.noteFailure(nowMs, true, nowMs)
    evidence.clear()
    expect(evidence.thresholdsHold(nowMs)).toBe(false)
    expect([evidence.consecutiveFailures, evidence.endedUnanswered]).toEqual([0, false])
    const laterMs = nowMs + 600_000
    fail(evidence, 1, laterMs)
    expect(evidence.usersAloneAreFailing(laterMs + 9999)).toBe(false)
    expect(evidence.usersAloneAreFailing(laterMs + 10_000)).toBe(true)
  })

  test('makes no gap of the pause until the next success', () => {
    const { evidence, nowMs } = afterPasses(50, 100)
    evidence.clear()
    const laterMs = nowMs + 600_000
    evidence.noteSuccess(laterMs)
    fail(evidence, 1, laterMs)
    expect(evidence.usersAloneAreFailing(laterMs + 10_000)).toBe(true)
  })
})

test('less than half of the calls is no failure by rate', () => {
  const evidence = new FailureEvidence(thresholds, 0)
  for (let pair = 0; pair < 10; pair++) {
    evidence.noteFailure(0, false, 0)
    evidence.noteSuccess(0)
  }
  expect(evidence.thresholdsHold(0)).toBe(true)
  evidence.noteSuccess(0)
  expect(evidence.thresholdsHold(0)).toBe(false)
})

describe('an answer speaks for Tencent', () => {
  test('as of the start of its call, and an older one takes nothing back', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    expect(evidence.answersSince(0)).toBe(false)
    evidence.noteAnswer(100, false, 300)
    evidence.noteAnswer(50, false, 350)
    expect([99, 100].map((startedMs) => evidence.answersSince(startedMs))).toEqual([true, false])
  })

  test('as of now where it was overdue', () => {
    const evidence = new FailureEvidence(thresholds, 0)
    evidence.noteAnswer(100, true, 300)
    expect([299, 300].map((startedMs) => evidence.answersSince(startedMs))).toEqual([true, false])
  })
})

test('a silence needs three passes to compare with and a call that failed', () => {
  const leftMs = (passes: number, failures: number) => {
    const { evidence, nowMs } = afterPasses(passes, 100)
    fail(evidence, failures, nowMs)
    return evidence.silenceLeftMs(nowMs)
  }
  const never = Number.POSITIVE_INFINITY
  expect([leftMs(2, 1), leftMs(3, 0), leftMs(3, 1)]).toEqual([never, never, 10_000])
})

test('what says nothing about Tencent makes throttled calls a smaller share for the whole window', () => {
  const silentMs = 60_000
  const nearlyTheWindowMs = 9000
  const isFailing = (neutral: number) => {
    const { evidence, nowMs } = afterPasses(20, 100)
    fail(evidence, 1, nowMs)
    const atMs = nowMs + silentMs
    for (let call = 0; call < neutral; call++) evidence.noteNeutral('refused', atMs)
    evidence.noteNeutral('throttled', atMs + nearlyTheWindowMs)
    return evidence.usersAloneAreFailing(atMs + nearlyTheWindowMs)
  }
  expect([isFailing(0), isFailing(9), isFailing(10)]).toEqual([false, false, true])
})

test('so do the successes of a window that is longer than the silence', () => {
  const isFailing = (throttled: number) => {
    const evidence = new FailureEvidence({ ...thresholds, windowMs: 60_000 }, 0)
    for (let pass = 1; pass <= 50; pass++) evidence.noteSuccess(pass * 100)
    fail(evidence, 1, 5000)
    for (let call = 0; call < throttled; call++) evidence.noteNeutral('throttled', 15_000)
    return evidence.usersAloneAreFailing(15_000)
  }
  expect([isFailing(5), isFailing(6)]).toEqual([true, false])
})
