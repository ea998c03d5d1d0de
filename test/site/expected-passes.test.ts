import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { ExpectedPasses } from '../../lib/site/expected-passes.js'
import type { StoreSession } from '../../lib/store/captcha-store.js'
import { memoryStore } from '../../lib/store/memory-store.js'
import { storeLifetimes } from '../../lib/store/store-lifetimes.js'

const minuteMs = 60_000

/** What a process expects, on a clock of its own. */
class Process {
  readonly expected: ExpectedPasses
  #nowMs = 0

  constructor(estimatePerMinute?: number) {
    this.expected = new ExpectedPasses(0, () => estimatePerMinute)
    this.minutes(1, 0)
  }

  minutes(count: number, perMinute: number): this {
    for (let minute = 0; minute < count; minute++) {
      for (let pass = 0; pass < perMinute; pass++) this.expected.count(this.#nowMs, true)
      this.#nowMs += minuteMs
      this.expected.roll(this.#nowMs, true)
    }
    return this
  }

  hours(count: number, perMinute: number): this {
    return this.minutes(60 * count, perMinute)
  }

  /** Days that begin at midnight: ten hours of night, fourteen of day. */
  days(count: number, { night, day }: { night: number; day: number }): this {
    for (let each = 0; each < count; each++) this.hours(10, night).hours(14, day)
    return this
  }
}

const nothing = { baselinePerMinute: undefined, referencePerMinute: undefined }

describe('what purses follow', () => {
  test('is nothing before anything is known', () => {
    expect(new Process().expected.perMinute).toBeUndefined()
  })

  test('is the baseline, without any bound, before there is a reference', () => {
    const site = new Process().hours(5, 10).minutes(15, 1000)
    expect(site.expected.perMinute).toBe(1000)
  })

  test.each([
    [10, 10],
    [39, 39],
    [100, 40],
    [1000, 40],
  ])('is the baseline up to four times the reference: at a baseline of %d beside 10 it is %d', (bought, followed) => {
    const site = new Process().hours(7, 10).minutes(20, bought)
    expect(site.expected.baselinePerMinute).toBe(bought)
    expect(site.expected.referencePerMinute).toBe(10)
    expect(site.expected.perMinute).toBe(followed)
  })

  test('is a night’s baseline by night and a day’s by day, for virtual weeks', () => {
    const site = new Process().days(14, { night: 2, day: 40 })
    expect(site.expected.perMinute).toBe(40)
    site.hours(5, 2)
    expect(site.expected.perMinute).toBe(2)
    expect(site.expected.referencePerMinute).toBe(40)
  })

  test('is bounded by the estimate where that is larger, or alone', () => {
    expect(new Process(20).hours(7, 10).minutes(20, 1000).expected.perMinute).toBe(80)
    expect(new Process(2).hours(7, 10).minutes(20, 1000).expected.perMinute).toBe(40)
    expect(new Process(20).minutes(20, 1000).expected.perMinute).toBe(80)
  })

  test('is the estimate before a baseline exists', () => {
    expect(new Process(20).expected.perMinute).toBe(20)
  })
})

test('a baseline is there as soon as its fifth minute is over, without a pass in the next', () => {
  expect(new Process().minutes(4, 10).expected.baselinePerMinute).toBeUndefined()
  expect(new Process().minutes(5, 10).expected.baselinePerMinute).toBe(10)
})

describe('what passes that fall away are held against', () => {
  test('is not what was bought, once there is a reference', () => {
    const { expected } = new Process().hours(7, 10).minutes(60, 250)
    expect(expected.baselinePerMinute).toBe(250)
    expect(expected.evidentPerMinute()).toBe(10)
    expect(expected.certainPerMinute()).toBe(10)
  })

  test('is the baseline where that is smaller than the reference', () => {
    const { expected } = new Process().days(2, { night: 10, day: 40 }).hours(5, 10)
    expect(expected.evidentPerMinute()).toBe(10)
    expect(expected.certainPerMinute()).toBe(10)
  })

  test('is the estimate in place of a reference, for the failing probe alone', () => {
    const { expected } = new Process(12).minutes(30, 250)
    expect(expected.evidentPerMinute()).toBe(12)
    expect(expected.certainPerMinute()).toBeUndefined()
  })

  test('is nothing for a collapse alone without a reference', () => {
    expect(new Process().hours(5, 100).expected.certainPerMinute()).toBeUndefined()
  })

  test('is no day’s traffic where it was bought by night: a night that is left alone is no collapse', () => {
    const night = 1
    const { expected } = new Process().days(3, { night, day: 60 }).hours(4, night).minutes(20, 60)
    const byReferenceAlone = Math.min(expected.baselinePerMinute ?? 0, expected.referencePerMinute ?? 0)
    expect(night).toBeLessThan(0.05 * byReferenceAlone)
    expect(night).toBeGreaterThan(0.05 * (expected.certainPerMinute() ?? 0))
  })
})

describe('with a store', () => {
  test('a restart of all processes finds baseline and reference again', async () => {
    const store = memoryStore({ clock: { nowMs: () => storeMs } })
    let storeMs = 0
    const beat = async ({ expected }: Process, session: StoreSession) =>
      expected.adopt(await session.heartbeat(expected.learned))
    const connect = () =>
      store.connect({ captchaAppId: 1, processId: randomUUID(), lifetimes: storeLifetimes, onCorruption: () => {} })
    const before = [30, 50].map((perMinute) => ({ process: new Process().hours(7, perMinute), session: connect() }))
    for (let times = 0; times < 2; times++) {
      for (const { process, session } of before) await beat(process, session)
    }
    storeMs += storeLifetimes.baselineMs - minuteMs
    const after = [0, 1].map(() => ({ process: new Process(), session: connect() }))
    for (let times = 0; times < 2; times++) {
      for (const { process, session } of after) await beat(process, session)
    }
    for (const { process } of after) {
      expect(process.expected.baselinePerMinute).toBe(40)
      expect(process.expected.referencePerMinute).toBe(40)
    }
  })

  test('a process that has just started takes its share of the site’s baseline and reference', () => {
    const { expected } = new Process()
    expect(expected.processes).toBe(1)
    expected.adopt({ processes: 4, baselinePerMinute: 4000, referencePerMinute: 400 })
    expect(expected.processes).toBe(4)
    expect(expected.baselinePerMinute).toBe(1000)
    expect(expected.referencePerMinute).toBe(100)
    expect(expected.perMinute).toBe(400)
    expect(expected.evidentPerMinute()).toBe(100)
    expect(expected.certainPerMinute()).toBeUndefined()
  })

  test('six hours of a night do not replace the site’s week, a whole day does', () => {
    const site = new Process()
    site.expected.adopt({ processes: 1, baselinePerMinute: 40, referencePerMinute: 40 })
    site.hours(8, 2)
    expect(site.expected.referencePerMinute).toBe(40)
    expect(site.expected.learned).toEqual({ baselinePerMinute: 2, referencePerMinute: undefined })
    site.hours(17, 20)
    expect(site.expected.referencePerMinute).toBe(20)
    expect(site.expected.learned).toEqual({ baselinePerMinute: 20, referencePerMinute: 20 })
  })

  test('the day that replaces it is whole with its twenty-fourth hour', () => {
    const site = new Process()
    site.expected.adopt({ processes: 1, baselinePerMinute: 40, referencePerMinute: 40 })
    site.hours(23, 2).minutes(59, 2)
    expect(site.expected.referencePerMinute).toBe(40)
    site.minutes(1, 2)
    expect(site.expected.referencePerMinute).toBe(2)
  })

  test('a reference alone bounds the purses and is evidence, where the store has forgotten the baseline', () => {
    const { expected } = new Process()
    expected.adopt({ processes: 2, baselinePerMinute: undefined, referencePerMinute: 80 })
    expect(expected.baselinePerMinute).toBeUndefined()
    expect(expected.perMinute).toBe(160)
    expect(expected.evidentPerMinute()).toBe(40)
  })

  test('busier hours than the site has known count and are told at once', () => {
    const site = new Process()
    site.expected.adopt({ processes: 1, baselinePerMinute: 10, referencePerMinute: 10 })
    site.hours(7, 30)
    expect(site.expected.referencePerMinute).toBe(30)
    expect(site.expected.learned.referencePerMinute).toBe(30)
  })

  test('the first six hours of a site are told, for nothing better is known', () => {
    const site = new Process()
    site.expected.adopt({ processes: 2, ...nothing })
    expect(site.expected.learned).toEqual(nothing)
    site.hours(7, 30)
    expect(site.expected.learned).toEqual({ baselinePerMinute: 30, referencePerMinute: 30 })
  })

  test('the estimate is the whole site’s, and divided by its processes', () => {
    const { expected } = new Process(400)
    expected.adopt({ processes: 4, ...nothing })
    expect(expected.perMinute).toBe(100)
    expected.adopt({ processes: 4, baselinePerMinute: 40_000, referencePerMinute: 40 })
    expect(expected.perMinute).toBe(400)
  })
})
