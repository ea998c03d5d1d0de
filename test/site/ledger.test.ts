import { describe, expect, test } from '@jest/globals'
import {
  Ledger,
  type PassClaim,
  type PassResult,
  type PurseSettings,
  type VerifiedRecord,
} from '../../lib/site/ledger.js'
import type { PurseConfig, PurseSnapshot } from '../../lib/site/purse.js'
import { vouchedKey } from '../../lib/site/vouched-key.js'
import { ManualClock } from '../support/manual-clock.js'

const total = { floorPerMinute: 120, baselineFactor: 3, startPerMinute: 600 }
const minuteMs = 60_000
const dayMs = 86_400_000

/** A ledger of one process without a store, on a manual clock; it answers at once. */
class Site {
  readonly clock = new ManualClock()
  readonly ledger: Ledger
  readonly settings: PurseSettings
  perMinute: number
  #tickets = 0

  constructor({ perMinute = 600, limit = 20 }: { readonly perMinute?: number; readonly limit?: number } = {}) {
    this.perMinute = perMinute
    this.ledger = new Ledger({
      clock: this.clock,
      totalPerMinute: () => this.perMinute,
      store: () => undefined,
    })
    this.settings = this.ledger.openPurses({
      outage: { perClient: { limit, windowMs: minuteMs }, total },
      doubt: { perClient: { limit: 3, windowMs: 600_000 }, total },
    })
  }

  claim(change: Partial<PassClaim> = {}): PassResult {
    const { purse = 'outage' } = change
    const result = this.ledger.claimPass({
      purse,
      setting: this.settings[purse],
      clientKey: 'client',
      isFallback: false,
      ticketKey: `ticket ${this.#tickets++}`,
      isParentDrawn: false,
      ...change,
    })
    if (result instanceof Promise) throw new Error('a ledger without a store answers at once')
    return result
  }

  /** One claim each of as many tickets; how many passed. */
  claims(times: number, change: Partial<PassClaim> = {}): number {
    let passes = 0
    for (let time = 0; time < times; time++) if (this.claim(change).kind === 'granted') passes++
    return passes
  }

  /** One claim each of many clients; how many passed. */
  crowd(clients: number, change: Partial<PassClaim> = {}): number {
    let passes = 0
    for (let client = 0; client < clients; client++) passes += this.claims(1, { ...change, clientKey: `c ${client}` })
    return passes
  }

  get purses(): Readonly<Record<'outage' | 'doubt', PurseSnapshot>> {
    return this.ledger.snapshot(this.settings)
  }

  verify(ticketKey: string, clientKey = 'client'): VerifiedRecord {
    const record = this.ledger.recordVerified(ticketKey, clientKey)
    if (record instanceof Promise) throw new Error('a ledger without a store answers at once')
    return record
  }
}

describe('a claim that is granted', () => {
  test('takes a pass and marks the ticket', () => {
    const site = new Site()
    expect(site.claim({ ticketKey: 'a' })).toMatchObject({ kind: 'granted', used: 1, limit: 20, remaining: 99 })
    expect(site.purses.outage).toMatchObject({ taken: 1, remaining: 99 })
    expect(site.ledger.hasPassed('a')).toBe(true)
  })

  test('takes from no other purse', () => {
    const site = new Site()
    site.claim({ purse: 'doubt' })
    expect(site.purses).toMatchObject({ outage: { taken: 0 }, doubt: { taken: 1 } })
  })

  test('without a ticket takes a pass and marks nothing', () => {
    const site = new Site()
    expect(site.claims(30, { ticketKey: undefined })).toBe(20)
  })
})

describe('a claim that is refused', () => {
  test('by the limit of its client takes nothing and marks nothing', () => {
    const site = new Site()
    site.claims(20)
    const before = site.purses.outage
    expect(site.claim({ ticketKey: 'a' })).toEqual({
      kind: 'exhausted',
      by: 'client',
      used: 20,
      limit: 20,
      remaining: 80,
    })
    expect(site.purses.outage).toEqual({ ...before, refusedByClientLimit: 1 })
    expect(site.ledger.hasPassed('a')).toBe(false)
  })

  test('by the total takes nothing and marks nothing: its ticket passes as soon as there is room', async () => {
    const site = new Site({ perMinute: 60 })
    site.crowd(100)
    expect(site.claim({ ticketKey: 'a' })).toMatchObject({ kind: 'exhausted', by: 'total', used: 0, limit: 20 })
    expect(site.ledger.hasPassed('a')).toBe(false)
    await site.clock.advance(2000)
    expect(site.claim({ ticketKey: 'a' })).toMatchObject({ kind: 'granted' })
  })

  test('as a replay takes nothing', () => {
    const site = new Site()
    site.claim({ ticketKey: 'a' })
    const before = site.purses
    expect(site.claim({ ticketKey: 'a', clientKey: 'another' })).toEqual({ kind: 'replayed' })
    expect(site.claim({ ticketKey: 'a', purse: 'doubt' })).toEqual({ kind: 'replayed' })
    expect(site.purses).toEqual(before)
  })
})

describe('a pass given back', () => {
  test('restores the pass, the limit and the ticket', () => {
    const site = new Site()
    const before = site.purses
    for (let time = 0; time < 100; time++) {
      const result = site.claim({ ticketKey: 'a' })
      expect(result.kind).toBe('granted')
      if (result.kind === 'granted') result.giveBack()
      expect(site.ledger.hasPassed('a')).toBe(false)
    }
    expect(site.purses).toEqual(before)
    expect(site.claims(30)).toBe(20)
  })

  test('leaves the others what they took', () => {
    const site = new Site()
    site.claim({ ticketKey: 'a' })
    const result = site.claim({ ticketKey: 'b' })
    if (result.kind === 'granted') result.giveBack()
    expect(site.ledger.hasPassed('a')).toBe(true)
    expect(site.purses.outage.taken).toBe(1)
  })
})

describe('a ticket', () => {
  test('that passed degraded is known for five minutes, and not longer', async () => {
    const site = new Site()
    site.claim({ ticketKey: 'a' })
    await site.clock.advance(300_000 - 1)
    expect(site.claim({ ticketKey: 'a' }).kind).toBe('replayed')
    await site.clock.advance(60_000)
    expect(site.claim({ ticketKey: 'a' }).kind).toBe('granted')
  })

  test('of the fallback kind is held for as long as it is valid, and apart from ordinary ones', async () => {
    const site = new Site()
    site.ledger.holdFallbackFor(600_000)
    site.claim({ ticketKey: 'a', isFallback: true })
    expect(site.ledger.hasPassed('a')).toBe(false)
    await site.clock.advance(660_000 - 1)
    expect(site.ledger.hasPassed('a', true)).toBe(true)
    expect(site.claim({ ticketKey: 'a', isFallback: true })).toEqual({ kind: 'replayed' })
    await site.clock.advance(1)
    expect(site.ledger.hasPassed('a', true)).toBe(false)
  })

  test('that was verified is known as well, and passes degraded no more', () => {
    const site = new Site()
    expect(site.verify('a')).toEqual({ isFirst: true, isFirstThisMinute: true })
    expect(site.ledger.hasPassed('a')).toBe(true)
    expect(site.claim({ ticketKey: 'a' })).toEqual({ kind: 'replayed' })
  })

  test('that passed is not verified again, and earns its client no history', () => {
    const site = new Site()
    site.claim({ ticketKey: 'a' })
    expect(site.verify('a')).toEqual({ isFirst: false, isFirstThisMinute: false })
    expect(site.ledger.verifiedPerMinute('client')).toBe(0)
  })

  test('that never passed is not known', () => {
    const site = new Site()
    expect(site.ledger.hasPassed('a')).toBe(false)
  })
})

describe('a client with history', () => {
  test('has half of each total reserved, and a stranger has not', () => {
    const site = new Site({ perMinute: 600 })
    site.verify('earned', 'known')
    expect(site.crowd(100)).toBe(50)
    expect(site.claim({ clientKey: 'stranger' }).kind).toBe('exhausted')
    expect(site.claim({ clientKey: 'known' }).kind).toBe('granted')
  })

  test('has it by a late verdict as well', () => {
    const site = new Site()
    site.ledger.recordGenuine('known')
    site.crowd(100)
    expect(site.claim({ clientKey: 'known' }).kind).toBe('granted')
  })

  test('loses it a day after its last verified pass', async () => {
    const site = new Site()
    site.verify('earned', 'known')
    await site.clock.advance(dayMs - 1000)
    site.crowd(100)
    expect(site.claim({ clientKey: 'known' }).kind).toBe('granted')
    await site.clock.advance(1000)
    site.crowd(100)
    expect(site.claim({ clientKey: 'known' }).kind).toBe('exhausted')
  })

  test('may pass three times its own rate in an outage, for many may sit behind it, and not in doubt', async () => {
    const site = new Site({ perMinute: 60_000 })
    for (let pass = 0; pass < 600; pass++) {
      site.verify(`earned ${pass}`, 'carrier')
      await site.clock.advance(2000)
    }
    const inOutage = site.claims(1000, { clientKey: 'carrier' })
    expect(inOutage).toBeGreaterThan(60)
    expect(inOutage).toBeLessThanOrEqual(90)
    expect(site.claims(1000, { clientKey: 'carrier', purse: 'doubt' })).toBe(3)
    expect(site.claims(1000, { clientKey: 'stranger' })).toBe(20)
  })

  test('gets nothing from a degraded pass: that earns no history', () => {
    const site = new Site()
    site.claim({ clientKey: 'client' })
    site.crowd(100)
    expect(site.claim({ clientKey: 'client' }).kind).toBe('exhausted')
  })
})

describe('an identity that the application vouches for', () => {
  const identity = vouchedKey('li.na')

  test('is known without a verified pass, and another client is not', () => {
    const site = new Site()
    expect(site.ledger.isKnown(identity)).toBe(true)
    expect(site.ledger.isKnown('client')).toBe(false)
    site.verify('earned')
    expect(site.ledger.isKnown('client')).toBe(true)
  })

  test('draws on the reserve', () => {
    const site = new Site()
    expect(site.crowd(100)).toBe(50)
    expect(site.claim({ clientKey: identity }).kind).toBe('granted')
  })

  test('has five passes a minute in an outage, and three in ten minutes in doubt', () => {
    const site = new Site()
    expect(site.claims(10, { clientKey: identity })).toBe(5)
    expect(site.claims(10, { clientKey: identity, purse: 'doubt' })).toBe(3)
  })

  /** One claim each of many identities; how many passed. */
  function identities(site: Site, count: number, change: Partial<PassClaim>): number {
    let passes = 0
    for (let user = 0; user < count; user++) passes += site.claims(1, { ...change, clientKey: vouchedKey(`${user}`) })
    return passes
  }

  test('passes at an address where a hundred have not passed within a minute', async () => {
    const site = new Site({ perMinute: 60_000 })
    expect(identities(site, 200, { addressKey: 'office' })).toBe(100)
    const before = site.purses.outage
    expect(site.claim({ clientKey: identity, addressKey: 'office' })).toMatchObject({ kind: 'exhausted', by: 'client' })
    expect(site.purses.outage).toEqual(before)
    expect(site.claim({ clientKey: identity, addressKey: 'elsewhere' }).kind).toBe('granted')
    await site.clock.advance(minuteMs)
    expect(site.claim({ clientKey: identity, addressKey: 'office' }).kind).toBe('granted')
  })

  test('is counted at its address once a request, whichever purses it draws on, and not where it gave the pass back', () => {
    const site = new Site({ perMinute: 60_000 })
    for (let user = 0; user < 200; user++) {
      const result = site.claim({ clientKey: vouchedKey(`${user}`), addressKey: 'office' })
      if (result.kind === 'granted') result.giveBack()
    }
    expect(identities(site, 200, { addressKey: 'office', isParentDrawn: true })).toBe(200)
    expect(identities(site, 200, { addressKey: 'office' })).toBe(100)
  })

  test('over its own limit takes nothing from its address', () => {
    const site = new Site({ perMinute: 60_000 })
    expect(site.claims(200, { clientKey: identity, addressKey: 'office' })).toBe(5)
    expect(identities(site, 200, { addressKey: 'office' })).toBe(95)
  })

  test('is all that its address counts: a client without one passes there by its own limit', () => {
    const site = new Site({ perMinute: 60_000 })
    expect(identities(site, 200, {})).toBe(200)
    expect(site.crowd(200, { addressKey: 'office' })).toBe(200)
    expect(identities(site, 200, { addressKey: 'office' })).toBe(100)
  })
})

describe('fallback tickets', () => {
  test('may use half of the doubt purse and all of the outage purse: a caller can type them', () => {
    const site = new Site()
    for (let client = 0; client < 100; client++) site.verify(`earned ${client}`, `c ${client}`)
    expect(site.crowd(100, { isFallback: true })).toBe(100)
    expect(site.crowd(100, { isFallback: true, purse: 'doubt' })).toBe(50)
    expect(site.crowd(100, { purse: 'doubt' })).toBe(50)
  })
})

describe('the first verified pass of a minute', () => {
  test('is reported as such, and the client’s others of that minute are not', async () => {
    const site = new Site()
    expect(site.verify('a').isFirstThisMinute).toBe(true)
    await site.clock.advance(59_999)
    expect(site.verify('b')).toEqual({ isFirst: true, isFirstThisMinute: false })
    expect(site.verify('c', 'another').isFirstThisMinute).toBe(true)
    await site.clock.advance(1)
    expect(site.verify('d').isFirstThisMinute).toBe(true)
  })
})

describe('the history of a client', () => {
  test('begins with a verified pass or a genuine late verdict, and ends a day after the last one', async () => {
    const site = new Site()
    expect(site.ledger.verifiedPerMinute('client')).toBe(0)
    site.verify('earned')
    site.ledger.recordGenuine('late')
    expect(site.ledger.verifiedPerMinute('client')).toBeGreaterThan(0)
    expect(site.ledger.verifiedPerMinute('late')).toBeGreaterThan(0)
    await site.clock.advance(dayMs)
    expect(site.ledger.verifiedPerMinute('client')).toBe(0)
  })

  test('is known to this process alone where there is no store to ask', () => {
    const site = new Site()
    site.ledger.lookForHistory('client')
    expect(site.ledger.verifiedPerMinute('client')).toBe(0)
  })
})

describe('the totals', () => {
  test('are those of the time when the purses open, and the purses start full', () => {
    const site = new Site({ perMinute: 6000 })
    expect(site.purses).toMatchObject({
      outage: { perMinute: 6000, capacity: 1000, remaining: 1000 },
      doubt: { perMinute: 6000, capacity: 1000, remaining: 1000 },
    })
  })

  test('are asked for by what is configured for each purse', () => {
    const asked: PurseConfig['total'][] = []
    const outage = { perClient: { limit: 20, windowMs: minuteMs }, total }
    const doubt = { ...outage, total: { ...total, startPerMinute: 10 } }
    const ledger = new Ledger({
      clock: new ManualClock(),
      totalPerMinute: (config) => {
        asked.push(config)
        return config.startPerMinute
      },
      store: () => undefined,
    })
    const settings = ledger.openPurses({ outage, doubt })
    expect(ledger.snapshot(settings)).toMatchObject({ outage: { perMinute: 600 }, doubt: { perMinute: 10 } })
    expect(new Set(asked)).toEqual(new Set([outage.total, doubt.total]))
  })

  test.each<[string, (site: Site) => unknown]>([
    ['a claim', (site) => site.claim()],
    ['a verified pass', (site) => site.verify('a')],
    ['a look', (site) => site.ledger.followBaseline()],
  ])('follow the expected rate with %s, and fill from then on', async (_, act) => {
    const site = new Site({ perMinute: 600 })
    site.crowd(100)
    site.perMinute = 6000
    act(site)
    await site.clock.advance(10_000)
    expect(site.purses.outage).toMatchObject({ perMinute: 6000, capacity: 1000, remaining: 1000 })
  })

  test('shrink as well, and what was saved up with them', () => {
    const site = new Site({ perMinute: 6000 })
    site.perMinute = 60
    expect(site.crowd(1000)).toBe(5)
    expect(site.purses.outage).toMatchObject({ perMinute: 60, capacity: 10, remaining: 5 })
  })
})

test('a limit of zero grants nothing, with history or without', () => {
  const site = new Site({ limit: 0 })
  site.verify('earned', 'known')
  expect(site.claims(10)).toBe(0)
  expect(site.claims(10, { clientKey: 'known' })).toBe(0)
})
