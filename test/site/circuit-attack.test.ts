import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { CallReport } from '../../lib/admission/outcome.js'
import { type Call, CircuitUnderTest } from './circuit-under-test.js'

/** What a caller without a solved CAPTCHA can make Tencent answer, if it even fails on some of those tickets. */
const unverified = fc.constantFrom<CallReport>('failure', 'unanswered', 'neutral', 'throttled')

/** One step of an attacker: some calls that stay open for a while, then are answered. */
const attackStep = fc.record({
  report: unverified,
  calls: fc.integer({ min: 1, max: 30 }),
  takesMs: fc.constantFrom(0, 10, 499, 500, 1999, 2000),
  pauseMs: fc.integer({ min: 0, max: 3000 }),
})

const site = fc.record({
  /** Time between honest passes. */
  honestGapMs: fc.constantFrom(50, 1000, 5000, 30_000, 120_000),
  /** Each honest gap is stretched or shrunk by one of these. */
  jitter: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
  honestTakesMs: fc.constantFrom(20, 300, 1900),
  canaryTakesMs: fc.constantFrom(5, 400, 1900),
  steps: fc.array(attackStep, { minLength: 1, maxLength: 25 }),
  /** Steps taken before the first honest pass. */
  headStart: fc.nat(3),
})

function answerIn(t: CircuitUnderTest, call: Call | undefined, report: CallReport, takesMs: number): void {
  if (call === undefined) return
  if (takesMs === 0) call.answer(report)
  else t.clock.after(takesMs, () => call.answer(report))
}

describe('a caller without a single verified pass', () => {
  test('makes no evidence beside honest traffic and a healthy canary, whatever is sent', async () => {
    await fc.assert(
      fc.asyncProperty(site, async ({ honestGapMs, jitter, honestTakesMs, canaryTakesMs, steps, headStart }) => {
        const t = new CircuitUnderTest()
        t.canaryTakesMs = canaryTakesMs
        let nextHonestMs = 0
        let passes = 0
        const honest = () => {
          for (; nextHonestMs <= t.clock.nowMs(); passes++) {
            answerIn(t, t.tryCall(), 'success', honestTakesMs)
            nextHonestMs += (honestGapMs * (jitter[passes % jitter.length] ?? 10)) / 10
          }
        }
        for (const [index, { report, calls, takesMs, pauseMs }] of steps.entries()) {
          for (let call = 0; call < calls; call++) answerIn(t, t.tryCall(), report, takesMs)
          const untilMs = t.clock.nowMs() + pauseMs
          while (t.clock.nowMs() < untilMs) {
            if (index >= headStart) honest()
            await t.advance(Math.min(700, untilMs - t.clock.nowMs()))
            expect(t.circuit.evidence()).toBe('none')
            expect(t.state).not.toMatch(/open/)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('does not raise the total of calls that wait, nor the number of canaries, beyond one a second', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attackStep, { minLength: 1, maxLength: 20 }), async (steps) => {
        const t = new CircuitUnderTest()
        for (const { report, calls, takesMs, pauseMs } of steps) {
          for (let call = 0; call < calls; call++) answerIn(t, t.tryCall(), report, takesMs)
          await t.advance(pauseMs)
        }
        const seconds = t.clock.nowMs() / 1000
        expect(t.canaryStartsMs.length).toBeLessThanOrEqual(seconds + 1)
        expect(t.mostCanariesAtOnce).toBeLessThanOrEqual(1)
      }),
      { numRuns: 30 },
    )
  })
})

describe('one ticket that Tencent fails on every time', () => {
  test('sent twice a second for half an hour beside two honest passes a minute leaves the circuit as it is', async () => {
    const t = new CircuitUnderTest()
    for (let tick = 0; tick < 3600; tick++) {
      t.answered('failure')
      if (tick % 60 === 0) t.answered('success')
      expect(t.circuit.evidence()).toBe('none')
      await t.advance(500)
    }
    expect(t.state).not.toMatch(/open/)
  })

  test('opens nothing right after a start, when the first honest passes came close together', async () => {
    const t = new CircuitUnderTest()
    t.answered('success')
    await t.advance(50)
    t.answered('success')
    for (let second = 0; second < 29; second++) {
      t.answered('failure', 5)
      await t.advance(1000)
      expect(t.state).not.toMatch(/open/)
    }
  })

  test('opens the circuit only together with a canary that fails by chance, and then only until the next one', async () => {
    const t = new CircuitUnderTest()
    t.answered('failure', 5)
    await t.advance(1000)
    t.canary = 'failed'
    t.answered('failure')
    await t.advance(10)
    expect(t.state).toBe('open: canary_failed')
    t.canary = 'healthy'
    await t.advance(1000)
    expect(t.state).toBe('closed')
  })
})

describe('a hundred junk tickets a second from twelve addresses, once Tencent is back', () => {
  const answerMs = 60
  const tickMs = 10

  /** How long a circuit that was opened by failing users stays open. */
  async function recoveryMs({ junk, isKnown }: { junk: boolean; isKnown: boolean }): Promise<number> {
    const t = new CircuitUnderTest()
    await t.honestTraffic(100, 200)
    while (!t.state.startsWith('open')) {
      t.answered('failure')
      await t.advance(100)
    }
    // Probes fail, so the turns are far apart by now.
    for (let probes = 0; probes < 4; await t.advance(tickMs)) {
      const probe = t.tryCall()
      if (probe === undefined) continue
      probe.answer('failure')
      probes++
    }
    const healedMs = t.clock.nowMs()
    for (let tick = 0; t.state.startsWith('open'); tick++) {
      if (junk) answerIn(t, t.tryCall({ clientKey: `junk ${tick % 12}`, isKnown: false }), 'neutral', answerMs)
      if (tick % 10 === 5) answerIn(t, t.tryCall({ isKnown }), 'success', answerMs)
      await t.advance(tickMs)
    }
    return t.clock.nowMs() - healedMs
  }

  test.each([true, false])(
    'delay the recovery by less than three times and two seconds, where honest clients have history: %p',
    async (isKnown) => {
      const withoutMs = await recoveryMs({ junk: false, isKnown })
      const withMs = await recoveryMs({ junk: true, isKnown })
      expect(withMs).toBeLessThanOrEqual(3 * withoutMs + 2000)
    },
  )
})
