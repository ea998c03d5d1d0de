import { describe, expect, test } from '@jest/globals'
import type { Purse, PurseClaim, PurseConfig } from '../../lib/site/purse.js'
import { PurseBook, takeFromAll } from '../../lib/site/purse-book.js'
import { ManualClock } from '../support/manual-clock.js'

interface Numbers {
  readonly limit?: number
  readonly windowMs?: number
  readonly perMinute?: number
}

function config({ limit = 20, windowMs = 60_000, perMinute = 600 }: Numbers = {}): PurseConfig {
  return {
    perClient: { limit, windowMs },
    total: { floorPerMinute: 120, baselineFactor: 3, startPerMinute: perMinute },
  }
}

/** A book on a manual clock whose totals refill at their start value, times `factor`. */
class BookUnderTest {
  readonly clock = new ManualClock()
  factor = 1
  readonly book = new PurseBook({
    name: 'outage',
    shape: { halvesFallback: false, ownRateFactor: 0, vouchedPerMinute: 5 },
    clock: this.clock,
    totalPerMinute: ({ startPerMinute }) => this.factor * startPerMinute,
  })

  /** Claims of one client by a setting; how many were granted. */
  claims(setting: string, times: number, clientKey = 'client', isParentDrawn = false): number {
    let granted = 0
    for (let time = 0; time < times; time++) {
      if (this.take(setting, clientKey, isParentDrawn).kind === 'taken') granted++
    }
    return granted
  }

  /** One claim each of many clients with history; how many were granted. */
  crowd(setting: string, clients: number, isParentDrawn = false): number {
    let granted = 0
    for (let client = 0; client < clients; client++) granted += this.claims(setting, 1, `c ${client}`, isParentDrawn)
    return granted
  }

  take(setting: string, clientKey: string, isParentDrawn = false) {
    const claim: PurseClaim = { clientKey, isKnown: true, verifiedPerMinute: 1, isFallback: false }
    return takeFromAll(this.book.chain(setting, isParentDrawn), claim, this.clock.nowMs())
  }
}

describe('a book with one setting', () => {
  test('has one purse, which is the parent as well', () => {
    const { book } = new BookUnderTest()
    const setting = book.open(config())
    expect(book.chain(setting, false)).toEqual([book.ownPurse(setting)])
    expect(book.chain(setting, true)).toEqual([book.ownPurse(setting)])
  })

  test('gives guards with equal settings the same purse', () => {
    const t = new BookUnderTest()
    const setting = t.book.open(config())
    const purse = t.book.ownPurse(setting)
    expect(t.book.open(config())).toBe(setting)
    expect(t.book.ownPurse(setting)).toBe(purse)
    expect(t.book.chain(setting, false)).toEqual([purse])
    expect(t.claims(setting, 100)).toBe(20)
  })

  test('starts full at what its total is then, and follows it', async () => {
    const t = new BookUnderTest()
    t.factor = 2
    const setting = t.book.open(config())
    expect(t.book.ownPurse(setting).snapshot(0)).toMatchObject({ perMinute: 1200, remaining: 200 })
    t.factor = 3
    t.book.followBaseline()
    expect(t.book.ownPurse(setting).snapshot(0)).toMatchObject({ perMinute: 1800, remaining: 200 })
  })
})

describe('a book with two settings', () => {
  /** A strict setting and a generous one. */
  function opened() {
    const t = new BookUnderTest()
    const strict = t.book.open(config({ limit: 3, perMinute: 60 }))
    const generous = t.book.open(config({ limit: 20, perMinute: 600 }))
    return { t, strict, generous }
  }

  test('bounds the clients of each setting by its own limit', () => {
    const { t, strict, generous } = opened()
    expect(t.claims(strict, 100, 'a')).toBe(3)
    expect(t.claims(generous, 100, 'b')).toBe(20)
  })

  test('bounds each setting by its own total', () => {
    const { t, strict, generous } = opened()
    expect(t.crowd(strict, 1000)).toBe(10)
    expect(t.crowd(generous, 1000)).toBe(90)
  })

  test('bounds a client of both settings by the largest limit', () => {
    const { t, strict, generous } = opened()
    expect(t.claims(strict, 100)).toBe(3)
    expect(t.claims(generous, 100)).toBe(17)
  })

  test('bounds both settings together by the largest total', () => {
    const { t, strict, generous } = opened()
    expect(t.crowd(generous, 1000)).toBe(100)
    expect(t.crowd(strict, 1000)).toBe(0)
  })

  test('takes nothing from a setting whose parent refuses, so that its total and its limit stay', () => {
    const { t, strict, generous } = opened()
    t.crowd(generous, 1000)
    const before = t.book.ownPurse(strict).snapshot(0)
    expect(t.claims(strict, 100, 'a')).toBe(0)
    expect(t.book.ownPurse(strict).snapshot(0)).toEqual(before)
    const claim: PurseClaim = { clientKey: 'a', isKnown: true, verifiedPerMinute: 1, isFallback: false }
    expect(t.book.ownPurse(strict).useOf(claim, 0).used).toBe(0)
  })

  test('gives a pass back to both purses', () => {
    const { t, strict, generous } = opened()
    for (let time = 0; time < 50; time++) {
      const taken = t.take(strict, 'a')
      expect(taken.kind).toBe('taken')
      if (taken.kind === 'taken') taken.giveBack()
    }
    expect(t.claims(generous, 100, 'a')).toBe(20)
    expect(t.book.ownPurse(strict).snapshot(0).taken).toBe(0)
  })

  test('draws only on its own purse for a request that drew on the parent before', () => {
    const { t, strict, generous } = opened()
    t.crowd(generous, 1000)
    expect(t.book.chain(strict, true)).toEqual([t.book.ownPurse(strict)])
    expect(t.crowd(strict, 1000, true)).toBe(10)
  })

  test('lets every total follow what is expected, the parent with the largest figures', async () => {
    const { t, strict, generous } = opened()
    const [, parent] = t.book.chain(strict, false) as readonly [Purse, Purse]
    t.factor = 2
    t.book.followBaseline()
    const rates = [t.book.ownPurse(strict), t.book.ownPurse(generous), parent].map(
      (purse) => purse.snapshot(0).perMinute,
    )
    expect(rates).toEqual([120, 1200, 1200])
  })

  test.each<[string, Numbers, Numbers]>([
    ['opened first', { limit: 0 }, {}],
    ['opened last', {}, { limit: 0 }],
  ])('keeps a purse of limit 0 closed that was %s, also for a request that drew before', (_, first, second) => {
    const t = new BookUnderTest()
    const settings = [t.book.open(config(first)), t.book.open(config(second))] as const
    const [closed, open] = first.limit === 0 ? settings : [settings[1], settings[0]]
    expect(t.claims(open, 1)).toBe(1)
    expect(t.claims(closed, 10)).toBe(0)
    expect(t.claims(closed, 10, 'client', true)).toBe(0)
  })

  test('compares limits by their rate: three in ten minutes are fewer than twenty in one', () => {
    const t = new BookUnderTest()
    const slow = t.book.open(config({ limit: 30, windowMs: 600_000 }))
    const fast = t.book.open(config({ limit: 20, windowMs: 60_000 }))
    expect(t.claims(fast, 100, 'a')).toBe(20)
    expect(t.claims(slow, 100, 'b')).toBe(20)
  })
})

describe('a second setting that opens later', () => {
  test('leaves taken what was taken, of a client and of the total', () => {
    const t = new BookUnderTest()
    const first = t.book.open(config({ limit: 20, perMinute: 600 }))
    expect(t.claims(first, 100, 'a')).toBe(20)
    expect(t.crowd(first, 30)).toBe(30)
    const second = t.book.open(config({ limit: 20, perMinute: 300 }))
    expect(t.claims(first, 100, 'a')).toBe(0)
    expect(t.claims(second, 100, 'a')).toBe(0)
    expect(t.crowd(second, 1000) + t.crowd(first, 1000)).toBe(50)
  })

  test('raises the limit that bounds both by no more than its own', () => {
    const t = new BookUnderTest()
    const first = t.book.open(config({ limit: 3 }))
    expect(t.claims(first, 100, 'a')).toBe(3)
    const second = t.book.open(config({ limit: 20 }))
    expect(t.claims(second, 100, 'a')).toBe(17)
  })

  test('starts with the whole of a larger total when nothing was taken before', () => {
    const t = new BookUnderTest()
    t.book.open(config({ perMinute: 60 }))
    const second = t.book.open(config({ perMinute: 6000 }))
    expect(t.crowd(second, 2000)).toBe(1000)
  })

  test('fills up to a larger total when something was taken before', async () => {
    const t = new BookUnderTest()
    const first = t.book.open(config({ perMinute: 60 }))
    expect(t.crowd(first, 1)).toBe(1)
    const second = t.book.open(config({ perMinute: 6000 }))
    t.book.followBaseline()
    expect(t.crowd(second, 2000)).toBe(9)
    await t.clock.advance(10_000)
    expect(t.crowd(second, 2000)).toBe(1000)
  })
})

describe('the name of a purse in the store', () => {
  test('is the plain name for the only purse, and for the parent of several', () => {
    const { book } = new BookUnderTest()
    const first = book.open(config())
    expect(book.storeName(book.ownPurse(first))).toBe('outage')
    book.open(config({ limit: 3 }))
    const [, parent] = book.chain(first, false) as readonly [Purse, Purse]
    expect(book.storeName(parent)).toBe('outage')
  })

  test('has a digest of the setting for a purse under a parent, the same in every process and in any order', () => {
    const names = ([first, second]: readonly [Numbers, Numbers]) => {
      const { book } = new BookUnderTest()
      return [first, second]
        .map((numbers) => book.open(config(numbers)))
        .map((setting) => book.storeName(book.ownPurse(setting)))
    }
    const [a, b] = names([{ limit: 3 }, { limit: 20 }])
    expect(a).toMatch(/^outage:[0-9a-f]{12}$/)
    expect(b).toMatch(/^outage:[0-9a-f]{12}$/)
    expect(a).not.toBe(b)
    expect(names([{ limit: 20 }, { limit: 3 }])).toEqual([b, a])
  })
})

describe('a book', () => {
  test('without a setting has nothing to follow', () => {
    const { book } = new BookUnderTest()
    expect(() => book.followBaseline()).not.toThrow()
  })

  test('tells settings apart whose figures read alike one after the other', () => {
    const { book } = new BookUnderTest()
    const settings = [config({ limit: 2, windowMs: 11_000 }), config({ limit: 21, windowMs: 1_000 })]
    expect(new Set(settings.map((setting) => book.open(setting))).size).toBe(2)
  })

  test('keeps what was taken from two settings when a third one opens', () => {
    const t = new BookUnderTest()
    const first = t.book.open(config())
    t.book.open(config({ limit: 10 }))
    expect(t.claims(first, 15, 'client', true)).toBe(15)
    t.book.open(config({ limit: 5 }))
    expect(t.claims(first, 15, 'client', true)).toBe(5)
  })

  test('bounds all settings by the largest of each figure of the total', () => {
    const clock = new ManualClock()
    const shape = { halvesFallback: false, ownRateFactor: 0, vouchedPerMinute: 5 }
    const totalPerMinute = (total: PurseConfig['total']) => total.floorPerMinute + 1000 * total.baselineFactor
    const book = new PurseBook({ name: 'outage', shape, clock, totalPerMinute })
    const { perClient } = config()
    book.open({ perClient, total: { floorPerMinute: 7, baselineFactor: 2, startPerMinute: 1 } })
    const second = book.open({ perClient, total: { floorPerMinute: 5, baselineFactor: 3, startPerMinute: 1 } })
    expect(book.chain(second, false).map((purse) => purse.snapshot(0).perMinute)).toEqual([3005, 3007])
  })
})
