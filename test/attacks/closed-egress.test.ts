import { describe, expect, test } from '@jest/globals'
import { parseOptions } from '../../lib/options/config.js'
import { Site } from '../../lib/site/site.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

const minuteMs = 60_000
const hours = 60
const day = 24 * hours
/** How long is lived through: a week, or in the short form its first days. */
const days = process.env.ATTACKS === 'whole' ? 7 : 3

const settings = {
  config: parseOptions({
    captchaAppId: 190000001,
    appSecretKey: 'test',
    credential: { secretId: 'test', secretKey: 'test' },
  }).degradation.circuit,
  suspicionMs: 500,
  canaryTimeoutMs: 2000,
  expectedPerMinute: undefined,
  maxInFlight: 2048,
  probe: true,
  store: undefined,
}

const ignore = () => {}
const silent = { changed: ignore, started: ignore, ended: ignore }

/** A site with days and nights, whose firewall closes the way to the vendor's script for good; its users are not concerned. */
class SiteBehindFirewall {
  readonly clock = new ManualClock()
  readonly site: Site
  isOpen = true
  #tickets = 0

  constructor() {
    this.site = new Site({
      captchaAppId: 190000001,
      clock: this.clock,
      settings,
      isOnTrial: () => false,
      runCanary: () => ignore,
      runProbe: (done) => {
        queueMicrotask(() => done(this.isOpen ? 'reachable' : 'unreachable'))
        return ignore
      },
      listener: {
        api: silent,
        clientPath: silent,
        override: ignore,
        storeDown: ignore,
        storeUp: ignore,
        storeCorrupted: ignore,
        circuitChanged: ignore,
      },
    })
  }

  /** One minute with this many verified users, evenly spread, and a caller that types fallback tickets. */
  async minute(users: number): Promise<void> {
    const endMs = this.clock.nowMs() + minuteMs
    for (let user = 0; user < users; user++) {
      this.site.clientPath.noteTraffic(user % 2 === 0)
      void this.site.recordVerified(`ticket ${this.#tickets++}`, `user ${user}`)
      await this.clock.advance(minuteMs / users)
    }
    this.site.clientPath.noteTraffic(true)
    await settlePromises()
    this.site.refresh()
    await this.clock.advance(endMs - this.clock.nowMs())
  }

  get hasEvidence(): boolean {
    return this.site.evidenceFor('fallback').evidence === 'outage'
  }
}

/** Verified passes a minute: 12 by day, 2 by night, an hour to rise and one to fall. */
function usersAt(minuteOfDay: number): number {
  const hour = minuteOfDay / hours
  const daylight = Math.max(0, Math.min(1, hour - 7, 23 - hour))
  return Math.round(2 + 10 * daylight)
}

/**
 * The rule without the defence: a probe that has succeeded once is trusted for ever, and a failing one freezes what is expected.
 * Evidence is a failing probe and less than half of that.
 */
class TrustingRule {
  #expected = 0

  hasEvidence(isOpen: boolean, users: number): boolean {
    if (isOpen) this.#expected = users
    return !isOpen && users < 0.5 * this.#expected
  }
}

/** In how many nights each rule has evidence, and in how many minutes the guard has. */
async function liveThrough(closesAt: number) {
  const world = new SiteBehindFirewall()
  const trusting = new TrustingRule()
  const trustingNights = new Set<number>()
  let guardMinutes = 0
  for (let minute = 0; minute < days * day; minute++) {
    world.isOpen = minute < day + closesAt
    const users = usersAt(minute % day)
    await world.minute(users)
    if (trusting.hasEvidence(world.isOpen, users)) trustingNights.add(Math.floor((minute + day / 2) / day))
    if (world.hasEvidence) guardMinutes++
  }
  return { trustingNights: trustingNights.size, guardMinutes, baseline: world.site.baselinePerMinute }
}

describe('a firewall that closes the way to the vendor’s script for good, over days and nights', () => {
  test.each([
    ['at noon', 12 * hours],
    ['as the evening begins', 22 * hours + 5],
  ])(
    '%s: is evidence every night where the probe is trusted for ever, and none here',
    async (_when, closesAt) => {
      const { trustingNights, guardMinutes, baseline } = await liveThrough(closesAt)
      expect(trustingNights).toBe(days - 1)
      expect(guardMinutes).toBe(0)
      // It ends at midnight: what is expected followed the users down.
      expect(baseline).toBe(2)
    },
    60_000,
  )

  test('at night, when the probe is all there is to see: is evidence for 15 minutes of traffic, once', async () => {
    const { guardMinutes } = await liveThrough(3 * hours)
    expect(guardMinutes).toBeGreaterThan(10)
    expect(guardMinutes).toBeLessThan(25)
  }, 60_000)
})
