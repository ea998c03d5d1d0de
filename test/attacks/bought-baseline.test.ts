import { afterEach, describe, expect, test } from '@jest/globals'
import { AttackedSite, type Bots } from './attacked-site.js'

const normal = 100
const hour = 60
/** A minute may begin with the ten seconds of refill that a total holds. */
const burst = 1 + 10 / 60

const opened: AttackedSite[] = []
afterEach(() => {
  for (const site of opened.splice(0)) site.close()
})

/** A site that has been open for so many hours. */
function open(hours: number): AttackedSite {
  const site = new AttackedSite()
  opened.push(site)
  site.healthy(hours * hour, normal)
  return site
}

const forgers = (change: Partial<Bots>): Bots => ({
  perMinute: 50 * normal,
  addresses: 'bought',
  ticket: 'fallback',
  ...change,
})

/** A purse that follows the median of the last minutes alone. */
const olderTotal = ({ site }: AttackedSite) => 3 * (site.baselinePerMinute ?? 0)

describe('solves bought for an hour, and then no more', () => {
  test.each([10, 25])('at %d times the normal rate give forged fallback tickets no outage purse', (factor) => {
    const site = open(7)
    site.healthy(hour, normal, factor * normal)
    expect(olderTotal(site)).toBe(3 * (factor + 1) * normal)
    const { botsInWorstMinute, honestShare } = site.attacked(6, normal, 7, forgers({}))
    // Against the baseline alone the honest passes that are left look like a collapse, from 20 times the normal rate on.
    expect(site.olderPath.finding().state).toBe(factor > 19 ? 'outage' : 'healthy')
    expect(site.site.clientPath.finding().state).toBe('healthy')
    // Half of the doubt purse, which is bounded as well.
    expect(botsInWorstMinute).toBeLessThanOrEqual(0.05 * 0.5 * 4 * normal + 5)
    expect(honestShare).toBe(1)
  })

  test('are no evidence before there is a reference either', () => {
    const site = open(0.5)
    site.healthy(hour, normal, 25 * normal)
    const { botsInWorstMinute, honestShare } = site.attacked(6, normal, 7, forgers({}))
    expect(site.site.referencePerMinute).toBeUndefined()
    expect(site.olderPath.finding().state).toBe('outage')
    expect(site.site.clientPath.finding().state).toBe('healthy')
    expect(botsInWorstMinute).toBeLessThanOrEqual(3 * normal)
    expect(honestShare).toBe(1)
  })
})

describe('solves bought before an outage of the API', () => {
  test.each([10, 25])(
    'at %d times the normal rate raise its purse to four times the reference and no further',
    (factor) => {
      const site = open(7)
      site.healthy(20, normal, factor * normal)
      site.isTencentUp = false
      const { botsInWorstMinute } = site.attacked(3, normal, 7, forgers({ ticket: 'junk' }))
      const most = 3 * 4 * normal
      expect(olderTotal(site)).toBeGreaterThan(2.5 * most)
      expect(site.process.pursesNow().outage.perMinute).toBe(most)
      expect(botsInWorstMinute).toBeLessThanOrEqual(most * burst)
    },
  )
})

describe('a sale at ten times the normal rate, six of ten buyers known', () => {
  test('is served when the API fails in it', () => {
    const site = open(7)
    site.attacked(20, 10 * normal, 6)
    site.isTencentUp = false
    expect(site.attacked(5, 10 * normal, 6).honestShare).toBeGreaterThan(0.95)
  })

  test('would not be from what the reference alone gives', () => {
    const site = open(7)
    site.attacked(20, 10 * normal, 6)
    expect(3 * (site.site.referencePerMinute ?? 0)).toBeLessThan(0.95 * 10 * normal)
  })
})
