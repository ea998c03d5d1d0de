import { describe, expect, test } from '@jest/globals'
import type { ProbeReport } from '../../lib/admission/outcome.js'
import { ClientPath } from '../../lib/site/client-path.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

const minuteMs = 60_000

interface Setup {
  readonly clock?: ManualClock
  readonly expectedPerMinute?: number | undefined
  readonly probes?: boolean
}

/** A client path on a manual clock, and the vendor's script on the other side of its probe. */
class Site {
  readonly clock: ManualClock
  readonly path: ClientPath
  expectedPerMinute: number | undefined
  /** What is expected is borne out by days, so that a collapse proves something by itself. */
  isCertain = true
  /** What probes find when they end. */
  script: ProbeReport = 'reachable'
  probeTakesMs = 10
  readonly probesAtMs: number[] = []
  mostProbesAtOnce = 0
  changes = 0
  probesUnderWay = 0

  constructor({ clock = new ManualClock(), expectedPerMinute, probes = true }: Setup = {}) {
    this.clock = clock
    this.expectedPerMinute = expectedPerMinute
    this.path = new ClientPath({
      clock: this.clock,
      probe: () => (probes ? (done) => this.#probe(done) : undefined),
      expected: {
        evidentPerMinute: () => this.expectedPerMinute,
        certainPerMinute: () => (this.isCertain ? this.expectedPerMinute : undefined),
      },
      onChange: () => {
        this.changes++
      },
    })
  }

  /** Lets time pass with this many verified passes a minute, evenly spread, and an ordinary ticket with each. */
  async traffic(minutes: number, perMinute: number): Promise<void> {
    const endMs = this.clock.nowMs() + minutes * minuteMs
    for (let pass = 0; pass < minutes * perMinute; pass++) {
      this.path.noteTraffic(false)
      this.path.noteVerified()
      await this.clock.advance(minuteMs / perMinute)
    }
    await this.clock.advance(endMs - this.clock.nowMs())
  }

  /** Fallback tickets, one each `everyMs`. */
  async fallback(forMs: number, everyMs = 1000): Promise<void> {
    for (let atMs = 0; atMs < forMs; atMs += everyMs) {
      this.path.noteTraffic(true)
      await this.clock.advance(everyMs)
    }
  }

  get state(): string {
    return this.path.finding().state
  }

  /** One probe, answered. */
  async probe(report: ProbeReport): Promise<void> {
    this.script = report
    await this.clock.advance(10_000)
    this.path.noteTraffic(true)
    await this.clock.advance(this.probeTakesMs)
  }

  #probe(done: (report: ProbeReport) => void): () => void {
    this.probesAtMs.push(this.clock.nowMs())
    this.mostProbesAtOnce = Math.max(this.mostProbesAtOnce, ++this.probesUnderWay)
    const end = (report: ProbeReport) => {
      this.probesUnderWay--
      done(report)
    }
    const timer = this.clock.after(this.probeTakesMs, () => end(this.script))
    return () => {
      timer.cancel()
      end('unreachable')
    }
  }
}

describe('the probe', () => {
  test('is not sent before the first request, however long that takes', async () => {
    const site = new Site()
    await site.clock.advance(86_400_000)
    expect(site.probesAtMs).toEqual([])
    expect(site.clock.pendingTimers).toBe(0)
  })

  test('is sent after the first request, be its ticket ordinary or not', () => {
    for (const isFallback of [false, true]) {
      const site = new Site()
      site.path.noteTraffic(isFallback)
      expect(site.probesAtMs).toEqual([0])
    }
  })

  test('is sent at most every ten minutes on traffic', async () => {
    const site = new Site()
    await site.traffic(31, 60)
    expect(site.probesAtMs).toEqual([0, 600_000, 1_200_000, 1_800_000])
  })

  test('is sent at most every ten seconds when fallback tickets arrive', async () => {
    const site = new Site()
    await site.fallback(31_000, 100)
    expect(site.probesAtMs).toEqual([0, 10_000, 20_000, 30_000])
  })

  test('is not sent again without a request: no timer runs', async () => {
    const site = new Site()
    site.path.noteTraffic(true)
    await site.clock.advance(10)
    expect(site.clock.pendingTimers).toBe(0)
    await site.clock.advance(86_400_000)
    expect(site.probesAtMs).toHaveLength(1)
  })

  test('is never under way twice, however long one takes', async () => {
    const site = new Site()
    site.probeTakesMs = 35_000
    await site.fallback(200_000)
    expect(site.mostProbesAtOnce).toBe(1)
    expect(site.probesAtMs.slice(0, 3)).toEqual([0, 35_000, 70_000])
  })

  test('calls the listener at every end, so that the watch is moved', async () => {
    const site = new Site()
    site.path.noteTraffic(false)
    expect(site.changes).toBe(0)
    await site.clock.advance(10)
    expect(site.changes).toBe(1)
  })

  test('is no evidence where it is off', async () => {
    const site = new Site({ probes: false })
    await site.fallback(3_600_000, 10_000)
    expect(site.path.finding()).toEqual({ state: 'healthy', why: 'no failure seen' })
  })
})

describe('a probe that fails', () => {
  test('is no evidence before one has succeeded: this server may not reach the vendor’s host at all', async () => {
    const site = new Site()
    for (let time = 0; time < 100; time++) await site.probe('unreachable')
    expect(site.path.finding()).toEqual({ state: 'healthy', why: 'no failure seen' })
    expect(site.state).not.toBe('outage')
  })

  test('is evidence after one has succeeded, and none any more after the next that does', async () => {
    const site = new Site()
    await site.probe('reachable')
    expect(site.state).not.toBe('outage')
    await site.probe('unreachable')
    expect(site.path.finding()).toEqual({ state: 'outage', why: 'the vendor script cannot be fetched' })
    expect(site.state).toBe('outage')
    await site.probe('reachable')
    expect(site.path.finding()).toEqual({ state: 'healthy', why: 'the vendor script can be fetched' })
    expect(site.state).not.toBe('outage')
  })

  test('is neither told nor denied by a probe that this machine could not send', async () => {
    const site = new Site()
    await site.probe('reachable')
    await site.probe('unknown')
    expect(site.path.finding()).toEqual({ state: 'healthy', why: 'the vendor script can be fetched' })
    await site.probe('unreachable')
    await site.probe('unknown')
    expect(site.state).toBe('outage')
  })

  test('raises suspicion and is no evidence where users are verified as ever', async () => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.traffic(6, 60)
    site.script = 'unreachable'
    site.path.noteTraffic(true)
    await site.traffic(1, 60)
    expect(site.path.finding()).toEqual({
      state: 'suspect',
      why: 'the vendor script cannot be fetched, but users are verified',
    })
    expect(site.state).not.toBe('outage')
  })

  test.each([
    [36, 'suspect'],
    [24, 'outage'],
  ])('with %d passes a minute where 60 are expected makes it %s', async (perMinute, state) => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.probe('reachable')
    await site.traffic(6, perMinute)
    await site.probe('unreachable')
    await site.traffic(2, perMinute)
    expect(site.state).toBe(state)
  })

  test('is evidence within half a minute of passes falling away, and ends when they are back', async () => {
    const site = new Site({ expectedPerMinute: 600 })
    await site.traffic(6, 600)
    await site.probe('unreachable')
    await site.traffic(0.5, 600)
    expect(site.state).toBe('suspect')
    await site.clock.advance(20_000)
    expect(site.state).toBe('outage')
    await site.traffic(1, 600)
    expect(site.state).toBe('suspect')
  })

  test('waits for as many passes as mean something on a site that is not busy', async () => {
    const site = new Site({ expectedPerMinute: 6 })
    await site.traffic(10, 6)
    await site.probe('unreachable')
    await site.clock.advance(30_000)
    expect(site.state).toBe('suspect')
    await site.clock.advance(30_000)
    expect(site.state).toBe('outage')
  })

  test.each<[string, number | undefined, string]>([
    ['fewer than 30 in five minutes', 5.9, 'outage'],
    ['an unknown number', undefined, 'outage'],
    ['30 in five minutes', 6, 'suspect'],
  ])(
    'is evidence without a look at the passes on a site that expects %s, and not on a busier one',
    async (_, expectedPerMinute, state) => {
      const site = new Site({ expectedPerMinute })
      await site.probe('reachable')
      await site.traffic(6, 6)
      await site.probe('unreachable')
      expect(site.state).toBe(state)
    },
  )
})

describe('verified passes that collapse', () => {
  test('are evidence by themselves, once five minutes have hardly any', async () => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.traffic(10, 60)
    await site.clock.advance(4 * minuteMs)
    expect(site.state).toBe('healthy')
    await site.clock.advance(minuteMs)
    expect(site.path.finding()).toEqual({ state: 'outage', why: 'verified passes collapsed' })
    expect(site.state).toBe('outage')
  })

  test('need no probe', async () => {
    const site = new Site({ expectedPerMinute: 60, probes: false })
    await site.traffic(10, 60)
    await site.clock.advance(5 * minuteMs)
    expect(site.state).toBe('outage')
  })

  test.each([
    [14, 'outage'],
    [15, 'healthy'],
  ])('to %d of 300 expected make it %s: the line is at 5 %%', async (passes, state) => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.clock.advance(5 * minuteMs)
    for (let pass = 0; pass < passes; pass++) site.path.noteVerified()
    expect(site.state).toBe(state)
  })

  test.each([
    [6, 'outage'],
    [5.9, 'healthy'],
    [undefined, 'healthy'],
  ])('where %s a minute are expected make it %s: 30 in five minutes are needed to tell', async (expected, state) => {
    const site = new Site({ expectedPerMinute: expected })
    await site.clock.advance(5 * minuteMs)
    expect(site.state).toBe(state)
  })

  test('are no evidence before five minutes were seen, however long the process has run', async () => {
    const clock = new ManualClock()
    await clock.advance(3_600_000)
    const site = new Site({ clock, expectedPerMinute: 60_000 })
    await site.clock.advance(5 * minuteMs - 1)
    expect(site.state).toBe('healthy')
    await site.clock.advance(1)
    expect(site.state).toBe('outage')
  })

  test('are no evidence where days do not bear out what was expected: who buys solves and stops makes them fall, too', async () => {
    const site = new Site({ expectedPerMinute: 6000 })
    site.isCertain = false
    await site.probe('reachable')
    await site.clock.advance(5 * minuteMs)
    expect(site.path.finding()).toEqual({ state: 'healthy', why: 'the vendor script can be fetched' })
  })

  test('are evidence without that where the probe fails as well', async () => {
    const site = new Site({ expectedPerMinute: 6000 })
    site.isCertain = false
    await site.probe('reachable')
    await site.clock.advance(5 * minuteMs)
    await site.probe('unreachable')
    expect(site.path.finding()).toEqual({ state: 'outage', why: 'the vendor script cannot be fetched' })
  })

  test('are the new normal after a quarter of an hour', async () => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.clock.advance(5 * minuteMs)
    expect(site.state).toBe('outage')
    await site.clock.advance(15 * minuteMs - 1)
    expect(site.state).toBe('outage')
    await site.clock.advance(1)
    expect(site.state).toBe('healthy')
    await site.clock.advance(86_400_000)
    expect(site.state).not.toBe('outage')
  })

  test('are evidence again when users had come back in between', async () => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.clock.advance(5 * minuteMs)
    expect(site.state).toBe('outage')
    await site.clock.advance(20 * minuteMs)
    expect(site.state).toBe('healthy')
    await site.traffic(6, 60)
    expect(site.state).toBe('healthy')
    await site.clock.advance(5 * minuteMs)
    expect(site.state).toBe('outage')
  })

  test('end as evidence when users come back', async () => {
    const site = new Site({ expectedPerMinute: 60 })
    await site.clock.advance(5 * minuteMs)
    expect(site.state).toBe('outage')
    await site.traffic(1, 60)
    expect(site.state).toBe('healthy')
  })
})

describe('fallback tickets', () => {
  test('are never evidence, however many there are', async () => {
    const site = new Site({ expectedPerMinute: 60 })
    for (let second = 0; second < 600; second++) {
      for (let ticket = 0; ticket < 100; ticket++) site.path.noteTraffic(true)
      site.path.noteVerified()
      await site.clock.advance(1000)
      expect(site.path.finding().state).toBe('healthy')
    }
  })

  test('change nothing of what is found: with them it is as without them', async () => {
    const attacked = new Site({ expectedPerMinute: 60 })
    const alone = new Site({ expectedPerMinute: 60 })
    for (const perMinute of [60, 60, 60, 60, 60, 60, 20, 0, 0, 0, 0, 0, 60]) {
      for (let second = 0; second < 60; second++) {
        for (let ticket = 0; ticket < 10; ticket++) attacked.path.noteTraffic(true)
        for (const site of [attacked, alone]) {
          if (second < perMinute) site.path.noteVerified()
          await site.clock.advance(1000)
        }
        expect(attacked.state).toBe(alone.state)
      }
    }
  })
})

describe('a closed client path', () => {
  test('gives up the probe under way and takes no result from it', async () => {
    const site = new Site()
    await site.probe('reachable')
    site.script = 'unreachable'
    await site.clock.advance(10_000)
    site.path.noteTraffic(true)
    const changes = site.changes
    site.path.close()
    expect(site.probesUnderWay).toBe(0)
    expect(site.clock.pendingTimers).toBe(0)
    await site.clock.advance(10)
    await settlePromises()
    expect(site.changes).toBe(changes)
    expect(site.state).toBe('healthy')
  })

  test('sends no probe any more', async () => {
    const site = new Site()
    site.path.close()
    await site.fallback(60_000)
    expect(site.probesAtMs).toEqual([])
  })
})

describe('a probe that fails while users are verified', () => {
  /** Trusted, and failing since now. */
  async function failing(expectedPerMinute?: number): Promise<Site> {
    const site = new Site({ expectedPerMinute })
    await site.probe('reachable')
    await site.probe('unreachable')
    return site
  }

  /** No user is verified any more, and the passes of the last minutes are over. */
  async function silence(site: Site): Promise<void> {
    await site.traffic(6, 0)
  }

  test('is no evidence any more after 15 minutes of passes as expected', async () => {
    const site = await failing(20)
    await site.traffic(15, 20)
    expect(site.path.finding()).toMatchObject({ state: 'suspect' })
    await site.traffic(1, 20)
    expect(site.path.finding()).toMatchObject({ state: 'healthy', why: expect.stringContaining('for long') })
    site.expectedPerMinute = 5
    await silence(site)
    expect(site.state).toBe('healthy')
  })

  test('is evidence again after it has succeeded once more', async () => {
    const site = await failing(20)
    await site.traffic(16, 20)
    site.expectedPerMinute = 5
    await silence(site)
    await site.probe('unreachable')
    expect(site.state).toBe('healthy')
    await site.probe('reachable')
    await site.probe('unreachable')
    expect(site.state).toBe('outage')
  })

  test('stays evidence while less than half of what is expected is verified, however long', async () => {
    const site = await failing(20)
    await site.traffic(180, 9)
    expect(site.state).toBe('outage')
  })

  test('loses its trust also where users came back before it', async () => {
    const site = await failing(20)
    await site.traffic(180, 2)
    await site.traffic(32, 20)
    expect(site.state).toBe('healthy')
  })

  test('begins the 15 minutes anew with each failure after a success', async () => {
    const site = await failing(20)
    await site.traffic(14, 20)
    await site.probe('reachable')
    await site.probe('unreachable')
    await site.traffic(14, 20)
    expect(site.state).toBe('suspect')
  })

  test.each([
    [undefined, 14, 1, 'outage'],
    [undefined, 20, 1, 'healthy'],
    [1, 30, 0.4, 'outage'],
    [1, 30, 0.6, 'healthy'],
    [undefined, 200, 0.05, 'healthy'],
  ])(
    'on a quiet site that expects %p a minute, after %i minutes with %d passes each, it is: %s',
    async (expected, minutes, perMinute, state) => {
      const site = await failing(expected)
      await site.traffic(minutes, perMinute)
      expect(site.state).toBe(state)
    },
  )

  test.each([
    ['healthy', 'half of what is expected', 20, 149, 1, 15],
    ['outage', 'one pass less than half', 20, 148, 1, 15],
    ['healthy', 'ten passes where nothing is expected', undefined, 9, 1, 15],
    ['outage', 'nine passes where nothing is expected', undefined, 8, 1, 15],
    ['healthy', 'ten passes of twenty expected', 1, 9, 1, 20],
    ['outage', 'nine passes of twenty, and a tenth after they were too few', 1, 8, 2, 20],
  ] as const)('leaves it %s after %s', async (state, _, expected, before, after, minutes) => {
    const site = await failing(expected)
    site.isCertain = false
    for (let pass = 0; pass < before; pass++) site.path.noteVerified()
    await site.clock.advance(minutes * minuteMs)
    for (let pass = 0; pass < after; pass++) site.path.noteVerified()
    expect(site.state).toBe(state)
  })
})
