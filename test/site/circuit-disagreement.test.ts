import { describe, expect, test } from '@jest/globals'
import type { CallReport } from '../../lib/admission/outcome.js'
import { CircuitUnderTest, type UnderTestOptions } from './circuit-under-test.js'

const disagrees = 'open: canary_disagrees'

/** A site with a verified pass every `gapMs`, and a canary that stays healthy. */
async function busySite(gapMs = 200, options: UnderTestOptions = {}): Promise<CircuitUnderTest> {
  const t = new CircuitUnderTest(options)
  await t.honestTraffic(100, gapMs)
  expect(t.state).toBe('closed')
  return t
}

/** Calls that fail every `everyMs`, until the circuit opens; how long that took. */
async function failUntilOpen(t: CircuitUnderTest, everyMs: number, atMostMs: number): Promise<number | undefined> {
  for (let passedMs = 0; passedMs <= atMostMs; passedMs += everyMs) {
    t.answered('failure')
    await t.advance(t.canaryTakesMs)
    if (t.state.startsWith('open')) return passedMs
    await t.advance(everyMs - t.canaryTakesMs)
  }
  return undefined
}

async function disagreeing(): Promise<CircuitUnderTest> {
  const t = await busySite()
  expect(await failUntilOpen(t, 100, 60_000)).toBeDefined()
  expect(t.state).toBe(disagrees)
  return t
}

describe('with a healthy canary, failing users open the circuit', () => {
  test('after ten seconds without a single verified pass on a busy site', async () => {
    const t = await busySite(200)
    expect(await failUntilOpen(t, 100, 60_000)).toBe(10_000)
    expect(t.state).toBe(disagrees)
    expect(t.circuit.evidence()).toBe('outage')
  })

  test('after twenty mean gaps on a quieter one', async () => {
    const t = await busySite(2000)
    expect(await failUntilOpen(t, 500, 120_000)).toBe(40_000)
  })

  test('also where their calls run into the deadline', async () => {
    const t = await busySite(200)
    const startMs = t.clock.nowMs()
    while (t.state !== disagrees && t.clock.nowMs() - startMs < 30_000) {
      const call = t.tryCall()
      if (call) t.clock.after(2000, () => call.answer('unanswered'))
      await t.advance(250)
    }
    expect(t.clock.nowMs() - startMs).toBeGreaterThanOrEqual(10_000)
    expect(t.clock.nowMs() - startMs).toBeLessThanOrEqual(11_000)
  })

  test('and every waiting call is released', async () => {
    const t = await busySite()
    await failUntilOpen(t, 100, 9900)
    const waiting = t.call()
    await failUntilOpen(t, 100, 1000)
    expect(t.state).toBe(disagrees)
    expect(waiting.isReleased()).toBe(true)
  })

  test('but not below the thresholds', async () => {
    const t = await busySite()
    for (let second = 0; second < 4; second++) {
      t.answered('failure')
      await t.advance(60_000)
    }
    expect(t.state).toBe('closed')
  })

  test('but not while one in many is still verified', async () => {
    const t = await busySite()
    for (let second = 0; second < 300; second++) {
      t.answered('failure', 50)
      if (second % 9 === 0) t.answered('success')
      await t.advance(1000)
      expect(t.state).not.toMatch(/open/)
    }
  })

  test('but not while a tenth of the calls is throttled', async () => {
    const t = await busySite()
    for (let second = 0; second < 60; second++) {
      t.answered('failure', 9)
      t.answered('throttled')
      await t.advance(1000)
      expect(t.state).not.toMatch(/open/)
    }
  })

  test('with less than a tenth throttled', async () => {
    const t = await busySite()
    for (let second = 0; second < 15; second++) {
      t.answered('failure', 20)
      t.answered('throttled')
      await t.advance(1000)
    }
    expect(t.state).toBe(disagrees)
  })

  test('but not before it is known how often passes come', async () => {
    const t = new CircuitUnderTest()
    t.answered('success', 2)
    expect(await failUntilOpen(t, 1000, 600_000)).toBeUndefined()
  })

  test('which three verified passes tell', async () => {
    const t = new CircuitUnderTest()
    t.answered('success', 3)
    expect(await failUntilOpen(t, 1000, 60_000)).toBe(10_000)
  })

  test("with the operator's own estimate until then", async () => {
    const t = new CircuitUnderTest({ expectedPerMinute: 60 })
    expect(await failUntilOpen(t, 1000, 60_000)).toBe(20_000)
  })
})

describe('silence counts from the first failure', () => {
  test('so a few failures after a quiet night open nothing', async () => {
    const t = await busySite()
    await t.advance(8 * 3_600_000)
    t.answered('failure', 50)
    await t.advance(5000)
    expect(t.state).toBe('closed')
  })

  test('so a few failures after an outage open nothing', async () => {
    const t = await busySite()
    t.canary = 'failed'
    t.answered('failure', 5)
    await t.advance(600_000)
    t.canary = 'healthy'
    await t.advance(8010)
    expect(t.state).toBe('closed')
    t.answered('failure', 50)
    await t.advance(5000)
    expect(t.state).toBe('closed')
  })

  test('and the pause an outage made does not count as a gap between passes', async () => {
    const t = await busySite(200)
    t.canary = 'failed'
    t.answered('failure', 5)
    await t.advance(600_000)
    t.canary = 'healthy'
    await t.advance(8010)
    await t.honestTraffic(1, 200)
    expect(await failUntilOpen(t, 100, 60_000)).toBe(10_000)
  })
})

describe('while the canary disagrees', () => {
  test('one user an interval probes, and all others get no permit at once', async () => {
    const t = await disagreeing()
    expect(t.tryCall()).toBeUndefined()
    await t.advance(999)
    expect(t.tryCall()).toBeUndefined()
    await t.advance(1)
    expect(t.circuit.isShut).toBe(false)
    expect(t.tryCall()).toBeDefined()
    expect(t.tryCall()).toBeUndefined()
  })

  test('a probe that hangs leaves the next turn to another client, and two probe at once at most', async () => {
    const t = await disagreeing()
    await t.advance(1000)
    t.call()
    await t.advance(1000)
    t.call()
    await t.advance(60_000)
    expect(t.tryCall()).toBeUndefined()
  })

  test('the first half of an interval is for clients with history, the second for anyone', async () => {
    const t = await disagreeing()
    await t.advance(1499)
    expect(t.tryCall({ isKnown: false })).toBeUndefined()
    await t.advance(1)
    expect(t.tryCall({ isKnown: false })).toBeDefined()
  })

  test('a client probes once a minute', async () => {
    const t = await disagreeing()
    await t.advance(1000)
    t.call({ clientKey: 'a' }).answer('neutral')
    await t.advance(59_999)
    expect(t.tryCall({ clientKey: 'a' })).toBeUndefined()
    await t.advance(1)
    expect(t.tryCall({ clientKey: 'a' })).toBeDefined()
  })

  test('a client that was turned away keeps its turn', async () => {
    const t = await disagreeing()
    expect(t.tryCall({ clientKey: 'a' })).toBeUndefined()
    await t.advance(1000)
    expect(t.tryCall({ clientKey: 'a' })).toBeDefined()
  })

  test('a verified probe closes it', async () => {
    const t = await disagreeing()
    await t.advance(1000)
    t.call().answer('success')
    expect(t.state).toBe('closed')
    expect(t.circuit.evidence()).toBe('none')
    expect(t.clock.pendingTimers).toBe(0)
  })

  test.each<CallReport>(['failure', 'unanswered'])(
    'a probe of kind %s makes the next wait twice as long, up to the maximum',
    async (report) => {
      const t = await disagreeing()
      const waits: number[] = []
      let sinceMs = t.clock.nowMs()
      while (waits.length < 6) {
        await t.advance(100)
        const probe = t.tryCall()
        if (probe === undefined) continue
        waits.push(t.clock.nowMs() - sinceMs)
        sinceMs = t.clock.nowMs()
        expect(probe.answer(report)).toBe(false)
        expect(t.state).toBe(disagrees)
      }
      expect(waits).toEqual([1000, 2000, 4000, 8000, 8000, 8000])
    },
  )

  test.each<CallReport>(['refused', 'neutral', 'throttled'])(
    'a probe of kind %s (a junk ticket, a throttled call) hands its turn on at once',
    async (report) => {
      const t = await disagreeing()
      await t.advance(1500)
      for (let client = 0; client < 20; client++) t.call({ isKnown: false }).answer(report)
      expect(t.state).toBe(disagrees)
      t.call().answer('success')
      expect(t.state).toBe('closed')
    },
  )

  test('a junk ticket of a client with history does not open the turn to strangers early', async () => {
    const t = await disagreeing()
    await t.advance(1000)
    t.call().answer('neutral')
    expect(t.tryCall({ isKnown: false })).toBeUndefined()
    expect(t.tryCall()).toBeDefined()
  })

  test('a failing canary takes over: from then on only a canary closes the circuit, and the waiting probe is released', async () => {
    const t = await disagreeing()
    t.canary = 'failed'
    await t.advance(1000)
    t.call().answer('failure')
    await t.advance(9)
    expect(t.state).toBe(disagrees)
    await t.advance(1)
    expect(t.state).toBe('open: canary_failed')
    await t.advance(20_000)
    expect(t.tryCall()).toBeUndefined()
    t.canary = 'healthy'
    await t.advance(8010)
    expect(t.state).toBe('closed')
  })

  test('a probe that still waits when the canary fails is released', async () => {
    const t = await disagreeing()
    t.canaryTakesMs = 3000
    t.canary = 'failed'
    await t.advance(1000)
    t.call().answer('failure')
    await t.advance(2000)
    const probe = t.call()
    await t.advance(1000)
    expect(t.state).toBe('open: canary_failed')
    expect(probe.isReleased()).toBe(true)
    probe.answer('success')
    expect(t.state).toBe('open: canary_failed')
  })

  test('calls from before it opened close nothing', async () => {
    const t = await busySite()
    await failUntilOpen(t, 100, 9900)
    const late = t.call()
    await failUntilOpen(t, 100, 1000)
    late.answer('success')
    expect(t.state).toBe(disagrees)
  })

  test('no timer is pending between probes', async () => {
    const t = await disagreeing()
    await t.advance(100_000)
    expect(t.clock.pendingTimers).toBe(0)
  })
})
