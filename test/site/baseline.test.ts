import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { Baseline } from '../../lib/site/baseline.js'
import { ManualClock } from '../support/manual-clock.js'

const minuteMs = 60_000

/** A process on its clock, which has just started. */
class Site {
  readonly clock = new ManualClock()
  readonly baseline = new Baseline(this.clock.nowMs())
  isHealthy = true

  /** Clients verified one after another, all in the minute that is under way; then the next minute starts. */
  async minute(passes: number): Promise<void> {
    for (let pass = 0; pass < passes; pass++) this.baseline.count(this.clock.nowMs(), this.isHealthy)
    await this.clock.advance(minuteMs)
    this.baseline.roll(this.clock.nowMs(), this.isHealthy)
  }

  async minutes(...passes: readonly number[]): Promise<void> {
    for (const each of passes) await this.minute(each)
  }

  /** Time without any call of the baseline. */
  async unseen(minutes: number): Promise<void> {
    await this.clock.advance(minutes * minuteMs)
    this.baseline.roll(this.clock.nowMs(), this.isHealthy)
  }

  get perMinute(): number | undefined {
    return this.baseline.perMinute
  }
}

/** A site whose first, partial minute is over. */
async function openSite(): Promise<Site> {
  const site = new Site()
  await site.minute(0)
  return site
}

const same = (passes: number, minutes: number): readonly number[] => Array.from({ length: minutes }, () => passes)

describe('a baseline', () => {
  test('does not exist before five healthy minutes', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 4))
    expect(site.perMinute).toBeUndefined()
    await site.minute(30)
    expect(site.perMinute).toBe(30)
  })

  test('learns nothing from the minute that is under way', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 4))
    for (let pass = 0; pass < 1000; pass++) site.baseline.count(site.clock.nowMs(), true)
    await site.clock.advance(minuteMs - 1)
    site.baseline.roll(site.clock.nowMs(), true)
    expect(site.perMinute).toBeUndefined()
  })

  test('learns nothing from the first minute, which was only a part of one', async () => {
    const site = new Site()
    await site.minutes(1000, ...same(30, 4))
    expect(site.perMinute).toBeUndefined()
    await site.minute(32)
    expect(site.perMinute).toBe(30)
  })

  test('is the median', async () => {
    const site = await openSite()
    await site.minutes(1, 100, 7, 3, 5)
    expect(site.perMinute).toBe(5)
    await site.minute(8)
    expect(site.perMinute).toBe(6)
  })

  test('looks at the last fifteen minutes and no more', async () => {
    const site = await openSite()
    await site.minutes(...same(10, 15), ...same(90, 7))
    expect(site.perMinute).toBe(10)
    await site.minute(90)
    expect(site.perMinute).toBe(90)
  })

  test('counts a silent minute that it looked at as zero', async () => {
    const site = await openSite()
    await site.minutes(...same(10, 5), ...same(0, 6))
    expect(site.perMinute).toBe(0)
  })

  test('is moved by neither one burst nor one silence', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 10), 100_000)
    expect(site.perMinute).toBe(30)
    await site.minutes(30, 0, 30)
    expect(site.perMinute).toBe(30)
  })

  test('is moved by what lasts for eight minutes of fifteen, and by nothing shorter', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 15), ...same(5000, 7))
    expect(site.perMinute).toBe(30)
    await site.minute(5000)
    expect(site.perMinute).toBe(5000)
  })
})

describe('while the site is not healthy', () => {
  test('the baseline is frozen, however long that is', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 15))
    site.isHealthy = false
    await site.minutes(30, ...same(0, 60), ...same(9000, 60))
    expect(site.perMinute).toBe(30)
  })

  test('no baseline comes into being', async () => {
    const site = await openSite()
    site.isHealthy = false
    await site.minutes(...same(30, 60))
    expect(site.perMinute).toBeUndefined()
  })

  test('silent minutes count as nothing', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 15))
    site.isHealthy = false
    await site.unseen(600)
    expect(site.perMinute).toBe(30)
  })

  test('the minutes before are kept: afterwards it goes on where it was', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 4))
    site.baseline.roll(site.clock.nowMs(), false)
    site.isHealthy = false
    await site.minutes(...same(1, 20))
    site.isHealthy = true
    await site.minutes(1)
    expect(site.perMinute).toBeUndefined()
    await site.minutes(30)
    expect(site.perMinute).toBe(30)
  })
})

describe('a minute with an outage in it', () => {
  test.each([
    ['at its start', 0],
    ['in its middle', 30_000],
    ['at its very end', 59_999],
  ])('is dropped: %s', async (_, atMs) => {
    const site = await openSite()
    await site.minutes(...same(30, 4))
    for (let pass = 0; pass < 15; pass++) site.baseline.count(site.clock.nowMs(), true)
    await site.clock.advance(atMs)
    site.baseline.roll(site.clock.nowMs(), false)
    site.baseline.count(site.clock.nowMs(), true)
    await site.clock.advance(minuteMs - atMs)
    site.baseline.roll(site.clock.nowMs(), true)
    expect(site.perMinute).toBeUndefined()
    await site.minute(30)
    expect(site.perMinute).toBe(30)
  })

  test('is dropped where only a verified pass reports it', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 4))
    site.baseline.count(site.clock.nowMs(), false)
    await site.minute(30)
    expect(site.perMinute).toBeUndefined()
  })

  test('spoils neither the one before nor the one after', async () => {
    const site = await openSite()
    await site.minutes(10, 20)
    site.baseline.roll(site.clock.nowMs(), false)
    await site.minutes(9999, 30, 40, 50)
    expect(site.perMinute).toBe(30)
  })
})

describe('time without any request', () => {
  test('counts as silent minutes, where the site is healthy', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 4))
    await site.unseen(2)
    // The minute under way at the last call, and one without any.
    expect(site.perMinute).toBe(30)
    await site.unseen(5)
    expect(site.perMinute).toBe(0)
  })

  test('fills the hours that it lay in, of which the reference learns the last seven days', async () => {
    const site = await openSite()
    await site.unseen(30)
    site.isHealthy = false
    await site.unseen(60)
    site.isHealthy = true
    await site.minutes(0, 0)
    // Half of the first hour was silent and healthy.
    expect(site.baseline.reference.hoursSeen).toBe(1)
    await site.unseen(8 * 24 * 60)
    await site.minutes(0)
    expect(site.baseline.reference.hoursSeen).toBe(7 * 24)
  })

  test('of fifty years costs no more than one of the seven days that are remembered', async () => {
    const site = await openSite()
    await site.minutes(...same(30, 15))
    const years = 50
    const learn = jest.spyOn(site.baseline.reference, 'learn')
    await site.unseen(years * 365 * 24 * 60)
    // And the minute that was under way.
    expect(learn).toHaveBeenCalledTimes(7 * 24 * 60 + 1)
    expect(site.perMinute).toBe(0)
    await site.minutes(...same(30, 8))
    expect(site.perMinute).toBe(30)
  })
})

test('it is what sorting the last fifteen healthy minutes gives', async () => {
  const minute = fc.record({ passes: fc.nat(50), isHealthy: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(minute, { maxLength: 60 }), async (minutes) => {
      const site = await openSite()
      const learned: number[] = []
      for (const { passes, isHealthy } of minutes) {
        if (!isHealthy) site.baseline.roll(site.clock.nowMs(), false)
        await site.minute(passes)
        if (isHealthy) learned.push(passes)
        const last = learned.slice(-15).sort((a, b) => a - b)
        const middle = ((last[Math.floor((last.length - 1) / 2)] ?? 0) + (last[Math.floor(last.length / 2)] ?? 0)) / 2
        expect(site.perMinute).toBe(learned.length < 5 ? undefined : middle)
      }
    }),
    { numRuns: 50 },
  )
})
