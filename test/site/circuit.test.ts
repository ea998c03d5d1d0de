import { describe, expect, test } from '@jest/globals'
import type { CallReport } from '../../lib/admission/outcome.js'
import { CircuitUnderTest } from './circuit-under-test.js'

/** A circuit that the canary has opened. */
async function opened(): Promise<CircuitUnderTest> {
  const t = new CircuitUnderTest()
  t.canary = 'failed'
  t.answered('failure', 5)
  await t.advance(10)
  expect(t.state).toBe('open: canary_failed')
  return t
}

/** Twenty verified calls of 80 ms each. */
async function learned(): Promise<CircuitUnderTest> {
  const t = new CircuitUnderTest()
  await t.advance(1000)
  const calls = Array.from({ length: 20 }, () => t.call())
  await t.advance(80)
  for (const call of calls) call.answer('success')
  return t
}

describe('failures of users', () => {
  test('do not open the circuit without a failing canary, however many', async () => {
    const t = new CircuitUnderTest()
    for (let second = 0; second < 60; second++) {
      t.answered('failure', 100)
      await t.advance(1000)
      expect(t.state).not.toMatch(/open/)
      expect(t.circuit.evidence()).toBe('none')
    }
  })

  test('open it when the canary fails too', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 5)
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('none')
    await t.advance(9)
    expect(t.state).toBe('suspect')
    await t.advance(1)
    expect(t.state).toBe('open: canary_failed')
    expect(t.circuit.evidence()).toBe('outage')
  })

  test('open it with a canary that failed before they were enough', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 4)
    await t.advance(100)
    expect(t.state).toBe('suspect')
    t.answered('failure')
    expect(t.state).toBe('open: canary_failed')
    t.canary = 'healthy'
    await t.advance(2000)
    expect(t.state).toBe('closed')
  })

  test.each<CallReport>(['failure', 'unanswered'])('of kind %s raise suspicion, which says why', (report) => {
    const t = new CircuitUnderTest()
    expect(t.circuit.snapshot()).toStrictEqual({ state: 'closed', consecutiveFailures: 0, callsUnderWay: 0 })
    t.answered(report)
    expect(t.circuit.snapshot()).toMatchObject({ state: 'suspect', why: 'call_failed' })
    expect(t.circuit.why).toBe('call_failed')
  })

  test('below the thresholds leave it to the brown-out: suspect, with evidence, but every call goes out', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 4)
    await t.advance(2009)
    expect(t.circuit.evidence()).toBe('none')
    await t.advance(1)
    expect(t.canaryStartsMs).toEqual([0, 2000])
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('outage')
    expect(t.tryCall()).toBeDefined()
  })

  test('open it when they are half of at least twenty calls', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    const tenth = t.call()
    for (let pair = 0; pair < 9; pair++) for (const report of ['success', 'failure'] as const) t.answered(report)
    await t.advance(10)
    expect(t.state).toBe('suspect')
    tenth.answer('success')
    expect(t.state).toBe('suspect')
    t.answered('failure')
    expect(t.state).toBe('open: canary_failed')
  })

  test('less than half of the calls, and never five in a row, open nothing', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    for (let round = 0; round < 20; round++) {
      for (const report of ['success', 'failure', 'success'] as const) t.answered(report)
      await t.advance(100)
      expect(t.state).toBe('suspect')
    }
  })

  test('are not forgotten on a success: those in flight count as before', async () => {
    const t = new CircuitUnderTest()
    const calls = Array.from({ length: 20 }, () => t.call())
    const epochs = new Set(calls.map(({ permit }) => permit.epoch))
    t.answered('success')
    epochs.add(t.call().permit.epoch)
    expect(epochs.size).toBe(1)
    t.canary = 'failed'
    for (const call of calls) call.answer('failure')
    await t.advance(10)
    expect(t.state).toBe('open: canary_failed')
  })
})

describe('neutral answers', () => {
  test.each<CallReport>(['neutral', 'throttled'])('of kind %s raise no suspicion', async (report) => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    for (let second = 0; second < 30; second++) {
      t.answered(report, 50)
      await t.advance(1000)
    }
    expect(t.state).toBe('closed')
    expect(t.canaryStartsMs).toEqual([])
    expect(t.changes).toBe(0)
  })

  test.each<CallReport>(['neutral', 'throttled'])(
    'of kind %s neither end a row of failures nor lengthen it',
    async (report) => {
      const t = new CircuitUnderTest()
      t.canary = 'failed'
      for (let failure = 0; failure < 4; failure++) {
        t.answered('failure')
        t.answered(report, 30)
      }
      await t.advance(10)
      expect(t.state).toBe('suspect')
      t.answered('failure')
      expect(t.state).toBe('open: canary_failed')
    },
  )
})

describe('a call without an answer', () => {
  test('raises suspicion after half a second, and not before', async () => {
    const t = new CircuitUnderTest()
    t.call()
    await t.advance(499)
    expect(t.state).toBe('closed')
    expect(t.canaryStartsMs).toEqual([])
    await t.advance(1)
    expect(t.state).toBe('suspect')
    expect(t.circuit.snapshot().why).toBe('call_unanswered')
    expect(t.canaryStartsMs).toEqual([500])
  })

  test('raises it after half of a timeout shorter than a second', async () => {
    const t = new CircuitUnderTest({ timeoutMs: 300 })
    t.call()
    await t.advance(149)
    expect(t.state).toBe('closed')
    await t.advance(1)
    expect(t.state).toBe('suspect')
  })

  test('opens the circuit with a failing canary, and every waiting call is released at once', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    const old = t.call()
    await t.advance(400)
    const young = t.call()
    await t.advance(109)
    expect([old.isReleased(), young.isReleased()]).toEqual([false, false])
    await t.advance(1)
    expect(t.state).toBe('open: canary_failed')
    expect([old.isReleased(), young.isReleased()]).toEqual([true, true])
  })

  test('opens nothing with a healthy canary', async () => {
    const t = new CircuitUnderTest()
    const call = t.call()
    await t.advance(60_000)
    expect(t.state).toBe('suspect')
    expect(call.isReleased()).toBe(false)
  })

  test('that ran into its deadline opens the circuit when the canary fails after it, without any other call', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 2000
    const call = t.call()
    await t.advance(2000)
    call.answer('unanswered')
    expect(t.state).toBe('suspect')
    await t.advance(500)
    expect(t.state).toBe('open: canary_failed')
  })

  test('counts no longer once another call was verified', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 2000
    const call = t.call()
    await t.advance(2000)
    call.answer('unanswered')
    t.answered('success')
    await t.advance(500)
    expect(t.state).toBe('suspect')
  })

  test('counts no longer once a canary was healthy after it', async () => {
    const t = new CircuitUnderTest()
    t.answered('unanswered')
    await t.advance(10)
    expect(t.state).toBe('closed')
    t.canary = 'failed'
    t.answered('failure')
    await t.advance(1000)
    expect(t.state).toBe('suspect')
  })

  test('that is answered slowly with code 1 is a success', async () => {
    const t = new CircuitUnderTest()
    for (let round = 0; round < 30; round++) {
      const calls = Array.from({ length: 5 }, () => t.call())
      await t.advance(1900)
      for (const call of calls) call.answer('success')
      expect(t.circuit.snapshot().consecutiveFailures).toBe(0)
      expect(t.circuit.evidence()).toBe('none')
    }
    await t.advance(1000)
    expect(t.state).toBe('closed')
  })

  test('whose answer is read only after the event loop was blocked raises no suspicion', async () => {
    const t = new CircuitUnderTest()
    const call = t.call()
    t.clock.afterPoll = (run) => {
      call.answer('success')
      queueMicrotask(run)
    }
    await t.advance(600)
    expect(t.state).toBe('closed')
    expect(t.canaryStartsMs).toEqual([])
  })
})

describe('a canary that failed while Tencent answers users', () => {
  /** A call that stays unanswered, and a canary about it that fails a second and a half after it began. */
  async function canaryFails(meanwhile: (t: CircuitUnderTest) => Promise<void>): Promise<CircuitUnderTest> {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 1450
    t.call()
    await t.advance(500)
    await meanwhile(t)
    await t.advance(1950 - t.clock.nowMs())
    return t
  }

  test.each<CallReport>(['success', 'refused'])(
    'opens nothing where a call that began after it was answered: %s',
    async (report) => {
      const t = await canaryFails(async (t) => {
        await t.advance(1)
        t.answered(report)
      })
      expect(t.state).toBe('suspect')
    },
  )

  test.each<CallReport>(['neutral', 'throttled', 'failure'])(
    'opens the circuit where a call that began after it ended otherwise: %s',
    async (report) => {
      const t = await canaryFails(async (t) => {
        await t.advance(1)
        t.answered(report)
      })
      expect(t.state).toBe('open: canary_failed')
    },
  )

  test('opens the circuit where a call from before it was answered as soon as usual', async () => {
    const t = await canaryFails(async (t) => t.answered('success'))
    expect(t.state).toBe('open: canary_failed')
  })

  test('opens nothing where Tencent answers slowly: a call from before it was answered late', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 1450
    const slow = t.call()
    await t.advance(100)
    t.call()
    await t.advance(1800)
    slow.answer('success')
    await t.advance(50)
    expect(t.circuit.snapshot().lastCanary).toMatchObject({ result: 'failed', agoMs: 0 })
    expect(t.state).toBe('suspect')
  })

  test('and the next one, after the last answer, opens it', async () => {
    const t = await canaryFails(async (t) => {
      await t.advance(1)
      t.answered('success')
    })
    await t.advance(1999)
    expect(t.state).toBe('suspect')
    await t.advance(1)
    expect(t.state).toBe('open: canary_failed')
  })
})

describe('how long things may take follows what was learned', () => {
  test('so a call is suspect after one and a half times the usual latency', async () => {
    const t = await learned()
    t.call()
    await t.advance(119)
    expect(t.state).toBe('closed')
    await t.advance(1)
    expect(t.state).toBe('suspect')
  })

  test('and the verdict of the canary is due before the deadline of the first call that waits', async () => {
    const t = await learned()
    t.call()
    t.call({ timeoutMs: 1500 })
    await t.advance(120)
    expect(t.canaryTimeoutsMs).toEqual([2000 - 120 - 50])
  })

  test('and while no call waits the canary has the whole of a timeout', async () => {
    const t = await learned()
    t.answered('unanswered')
    expect(t.canaryTimeoutsMs).toEqual([2000])
  })

  test.each<CallReport>(['refused', 'neutral', 'throttled', 'failure', 'unanswered'])(
    'and not what a caller can hurry: answers of kind %s teach nothing',
    async (report) => {
      const t = new CircuitUnderTest()
      t.answered(report, 300)
      expect([t.circuit.limits.suspicionMs, t.circuit.limits.callerWaitMs(2000)]).toEqual([500, 2000])
    },
  )

  test('nor a late answer of an older epoch', async () => {
    const t = await learned()
    t.canary = 'failed'
    const late = Array.from({ length: 20 }, () => t.call())
    await t.advance(600)
    expect(t.state).toBe('open: canary_failed')
    t.canary = 'healthy'
    await t.advance(2000)
    for (const call of late) call.answer('success')
    expect([t.state, t.circuit.limits.suspicionMs]).toEqual(['closed', 120])
  })
})

describe('how long a caller waits', () => {
  /** Answers take 80 ms; calls of three clients ran into their deadlines, and the canary is healthy. */
  async function unanswered(): Promise<CircuitUnderTest> {
    const t = await learned()
    t.answered('unanswered', 3)
    await t.advance(10)
    expect(t.state).toBe('closed')
    return t
  }

  test('is what is usual once calls of three clients ran into their deadlines beside a healthy canary', async () => {
    const t = await unanswered()
    expect(t.circuit.callerWaitMs(2000)).toBe(320)
    t.circuit.noteMove()
    expect(t.circuit.callerWaitMs(2000)).toBe(2000)
  })

  test('is its own deadline where the evidence of users alone comes before that', async () => {
    const t = await unanswered()
    await t.advance(11_080 - 2000 - t.clock.nowMs())
    expect(t.circuit.callerWaitMs(2000)).toBe(320)
    await t.advance(1)
    expect(t.circuit.callerWaitMs(2000)).toBe(2000)
    await t.advance(1998)
    expect(t.circuit.callerWaitMs(2000)).toBe(2000)
    await t.advance(1)
    expect(t.circuit.callerWaitMs(2000)).toBe(320)
  })

  test.each<CallReport>(['failure', 'refused', 'neutral', 'throttled'])(
    'is its own deadline where calls of two clients ran into theirs, and that of a third ended otherwise: %s',
    async (report) => {
      const t = await learned()
      t.answered('unanswered', 2)
      t.answered(report)
      await t.advance(10)
      expect(t.circuit.callerWaitMs(2000)).toBe(2000)
    },
  )

  test('is its own deadline where the canary failed', async () => {
    const t = await unanswered()
    t.canary = 'failed'
    t.answered('failure')
    await t.advance(999)
    expect(t.circuit.callerWaitMs(2000)).toBe(320)
    await t.advance(1)
    expect(t.circuit.callerWaitMs(2000)).toBe(2000)
  })
})

describe('while the circuit is open', () => {
  test('it is shut: no call is admitted at all', async () => {
    const t = new CircuitUnderTest()
    expect(t.circuit.isShut).toBe(false)
    t.answered('failure')
    expect([t.state, t.circuit.isShut]).toEqual(['suspect', false])
    expect((await opened()).circuit.isShut).toBe(true)
  })

  test('no call gets a permit, and none waits for that answer', async () => {
    const t = await opened()
    for (let second = 0; second < 120; second++) {
      expect(t.tryCall()).toBeUndefined()
      await t.advance(1000)
    }
  })

  test('a healthy canary closes it', async () => {
    const t = await opened()
    t.canary = 'healthy'
    await t.advance(999)
    expect(t.state).toBe('open: canary_failed')
    await t.advance(1)
    expect(t.state).toBe('closed')
    expect(t.circuit.evidence()).toBe('none')
    expect(t.tryCall()).toBeDefined()
  })

  test('only a healthy canary closes it, not time and not late answers', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    const late = Array.from({ length: 5 }, () => t.call())
    await t.advance(510)
    expect(t.state).toBe('open: canary_failed')
    for (const call of late) call.answer('success')
    await t.advance(3_600_000)
    expect(t.state).toBe('open: canary_failed')
  })

  test('it closes again without any request', async () => {
    const t = await opened()
    await t.advance(600_000)
    t.canary = 'healthy'
    await t.advance(8010)
    expect(t.state).toBe('closed')
  })
})

describe('a late answer', () => {
  test.each<CallReport>(['failure', 'unanswered'])(
    'of kind %s says nothing about the circuit that has closed since',
    async (report) => {
      const t = new CircuitUnderTest()
      t.canary = 'failed'
      const late = Array.from({ length: 30 }, () => t.call())
      await t.advance(510)
      t.canary = 'healthy'
      await t.advance(1000)
      expect(t.state).toBe('closed')
      t.canary = 'failed'
      for (const call of late) call.answer(report)
      await t.advance(5000)
      expect(t.state).toBe('closed')
      expect(t.circuit.snapshot().consecutiveFailures).toBe(0)
    },
  )

  test('of a canary from before the opening does not close it', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 4)
    await t.advance(10)
    t.canary = 'healthy'
    t.canaryTakesMs = 5000
    await t.advance(2000)
    expect(t.canariesRunning).toBe(1)
    t.answered('failure')
    expect(t.state).toBe('open: canary_failed')
    await t.advance(4990)
    expect(t.canaryStartsMs).toEqual([0, 2000, 7000])
    expect(t.state).toBe('open: canary_failed')
    await t.advance(10_000)
    expect(t.state).toBe('closed')
  })
})

describe('the canary', () => {
  test('is asked 1, 2, 4 and 8 seconds after the one before, counted from start to start', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 700
    t.answered('failure', 5)
    await t.advance(40_000)
    expect(t.canaryStartsMs).toEqual([0, 1000, 3000, 7000, 15_000, 23_000, 31_000, 39_000])
  })

  test('is one at a time, even if its answer takes longer than the interval', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.canaryTakesMs = 2000
    for (let second = 0; second < 30; second++) {
      t.answered('failure', 10)
      await t.advance(1000)
    }
    expect(t.mostCanariesAtOnce).toBe(1)
    expect(t.canaryStartsMs).toEqual([0, 2000, 4000, 8000, 16_000, 24_000])
  })

  test('starts over at one second when the circuit has closed', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 5)
    await t.advance(20_000)
    t.canary = 'healthy'
    await t.advance(10_000)
    expect(t.state).toBe('closed')
    const before = t.canaryStartsMs.length
    t.canary = 'failed'
    t.answered('failure', 5)
    await t.advance(8000)
    expect(t.canaryStartsMs.slice(before).map((atMs) => atMs - 30_000)).toEqual([0, 1000, 3000, 7000])
  })

  test('that is unknown changes no state, and the next one starts an interval later', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'unknown'
    t.answered('failure', 20)
    await t.advance(3500)
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('none')
    expect(t.circuit.snapshot().lastCanary).toBeUndefined()
    expect(t.canaryStartsMs).toEqual([0, 1000, 2000, 3000])
  })

  test('that is unknown does not close an open circuit', async () => {
    const t = await opened()
    t.canary = 'unknown'
    await t.advance(60_000)
    expect(t.state).toBe('open: canary_failed')
    t.canary = 'healthy'
    await t.advance(8010)
    expect(t.state).toBe('closed')
  })

  test('that is healthy after an unknown one ends the suspicion', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'unknown'
    t.answered('failure', 5)
    await t.advance(20)
    expect(t.state).toBe('suspect')
    t.canary = 'healthy'
    await t.advance(1000)
    expect(t.state).toBe('closed')
  })

  test('is shown with the time until the next one', async () => {
    const t = new CircuitUnderTest()
    expect(t.circuit.snapshot().nextCanaryInMs).toBeUndefined()
    const broken = await opened()
    const { nextCanaryInMs = -1 } = broken.circuit.snapshot()
    expect(nextCanaryInMs).toBeGreaterThan(0)
    await broken.advance(nextCanaryInMs - 1)
    expect(broken.circuit.snapshot().nextCanaryInMs).toBe(1)
  })

  test('is shown with its age, also the one that opened the circuit', async () => {
    const t = await opened()
    await t.advance(500)
    expect(t.circuit.snapshot().lastCanary).toEqual({ result: 'failed', agoMs: 500 })
    await t.advance(1000)
    expect(t.circuit.snapshot().lastCanary).toEqual({ result: 'failed', agoMs: 500 })
  })
})

describe('a brown-out', () => {
  /** A canary failed at 10 ms and at 2010 ms, and every one since was healthy; now a call waits, which makes it suspect again. */
  async function suspectAgain(): Promise<CircuitUnderTest> {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure')
    await t.advance(2010)
    t.canary = 'healthy'
    await t.advance(4000)
    expect(t.state).toBe('closed')
    t.call({ timeoutMs: 60_000 })
    await t.advance(8000)
    return t
  }

  test('is evidence of an outage until two failures of the canary are not in the last thirty seconds', async () => {
    const t = await suspectAgain()
    await t.advance(16_000)
    expect(t.clock.nowMs()).toBe(30_010)
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('outage')
    await t.advance(1)
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('none')
  })

  test('is over when the circuit is no longer suspect', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure')
    await t.advance(2010)
    expect(t.circuit.evidence()).toBe('outage')
    t.canary = 'healthy'
    await t.advance(4000)
    expect(t.state).toBe('closed')
    expect(t.circuit.evidence()).toBe('none')
  })

  test('needs a second failure: one canary fails by chance', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure')
    await t.advance(10)
    t.canary = 'unknown'
    await t.advance(20_000)
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('none')
  })

  test('needs a failed canary: a suspicion is no evidence', async () => {
    const t = new CircuitUnderTest()
    t.call()
    await t.advance(30_000)
    expect(t.state).toBe('suspect')
    expect(t.circuit.evidence()).toBe('none')
  })
})

describe('timers', () => {
  test('are none before the first call and none after the last answer', async () => {
    const t = new CircuitUnderTest()
    expect(t.clock.pendingTimers).toBe(0)
    const calls = Array.from({ length: 10 }, () => t.call())
    expect(t.clock.pendingTimers).toBe(1)
    for (const call of calls) call.answer('success')
    expect(t.clock.pendingTimers).toBe(0)
  })

  test('are none once suspicion has been cleared', async () => {
    const t = new CircuitUnderTest()
    t.answered('failure', 10)
    await t.advance(10)
    expect(t.state).toBe('closed')
    expect(t.clock.pendingTimers).toBe(0)
  })

  test('are none once an outage is over', async () => {
    const t = await opened()
    t.canary = 'healthy'
    await t.advance(1000)
    expect(t.state).toBe('closed')
    expect(t.clock.pendingTimers).toBe(0)
  })

  test.each<[string, () => Promise<CircuitUnderTest>]>([
    [
      'calls wait',
      async () => {
        const t = new CircuitUnderTest()
        t.call()
        return t
      },
    ],
    [
      'the canary is out',
      async () => {
        const t = new CircuitUnderTest()
        t.answered('failure')
        return t
      },
    ],
    ['the circuit is open', opened],
  ])('are none after closing while %s, and none come later', async (_, prepare) => {
    const t = await prepare()
    t.circuit.close()
    await t.advance(0)
    expect(t.clock.pendingTimers).toBe(0)
    expect(t.canariesRunning).toBe(0)
    const before = t.canaryStartsMs.length
    t.tryCall()
    t.answered('failure', 10)
    expect(t.clock.pendingTimers).toBe(0)
    await t.advance(60_000)
    expect(t.clock.pendingTimers).toBe(0)
    expect(t.canaryStartsMs).toHaveLength(before)
  })

  test('are none when it is closed between a timer and the reading of the sockets', async () => {
    const t = new CircuitUnderTest()
    t.call()
    await t.advance(100)
    t.call()
    t.clock.afterPoll = (run) => {
      t.circuit.close()
      run()
    }
    await t.advance(400)
    expect(t.clock.pendingTimers).toBe(0)
    expect(t.canaryStartsMs).toEqual([])
  })
})

describe('a move to another endpoint', () => {
  test('closes the circuit and releases the calls that wait, with evidence of an outage for them alone', async () => {
    const t = new CircuitUnderTest()
    const evidence: string[] = []
    t.circuit.admit({
      clientKey: 'a',
      isKnown: true,
      timeoutMs: 2000,
      release: () => evidence.push(`${t.circuit.evidence()}: ${t.circuit.why}`),
    })
    await t.advance(600)
    expect(t.state).toBe('suspect')
    t.circuit.noteMove()
    expect([evidence, t.state, t.circuit.evidence()]).toEqual([['outage: canary_failed'], 'closed', 'none'])
    expect(t.circuit.snapshot()).toMatchObject({ callsUnderWay: 0, consecutiveFailures: 0 })
  })

  test.each(['failure', 'success'] as const)('makes a late %s of the old endpoint move nothing', async (report) => {
    const t = new CircuitUnderTest()
    t.answered('failure', 4)
    const call = t.call()
    t.circuit.noteMove()
    call.answer(report)
    expect([t.state, t.circuit.snapshot().consecutiveFailures]).toEqual(['closed', 0])
  })

  test('from an open circuit lets calls through at once', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 5)
    await t.advance(10)
    expect(t.state).toBe('open: canary_failed')
    t.circuit.noteMove()
    t.answered('success')
    await t.advance(60_000)
    expect([t.state, t.clock.pendingTimers]).toEqual(['closed', 0])
  })

  test('makes a canary that failed at the old one no evidence about the new one', async () => {
    const t = new CircuitUnderTest()
    t.canary = 'failed'
    t.answered('failure', 5)
    await t.advance(10)
    t.circuit.noteMove()
    t.answered('failure')
    expect([t.state, t.circuit.evidence()]).toEqual(['suspect', 'none'])
  })

  test('while nothing is wrong releases no call: it runs on to its answer', async () => {
    const t = new CircuitUnderTest()
    const call = t.call()
    t.circuit.noteMove()
    expect(call.isReleased()).toBe(false)
    call.answer('success')
    expect(t.state).toBe('closed')
  })
})

describe('every change', () => {
  test('calls the listener after it was made', async () => {
    const t = new CircuitUnderTest()
    expect(t.changes).toBe(0)
    t.canary = 'failed'
    t.answered('failure')
    expect(t.changes).toBe(1)
    t.answered('failure', 4)
    expect(t.changes).toBe(1)
    await t.advance(10)
    const afterOpening = t.changes
    expect(afterOpening).toBeGreaterThan(1)
    t.canary = 'healthy'
    await t.advance(1000)
    expect(t.changes).toBeGreaterThan(afterOpening)
  })
})
