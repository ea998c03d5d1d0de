import { describe, expect, jest, test } from '@jest/globals'
import { RandomDraws } from '../../bench/outage-simulation/random-draws.js'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import { ReserveLog } from '../../lib/site/reserve-log.js'
import { attackedProcess } from './attacked-process.js'

const minuteMs = 60_000
/** A shop: 300 verified passes a minute, of whom 70 % have been here before. */
const normalPerMinute = 300
const historyShare = 0.7
const botsPerMinute = 50 * normalPerMinute
const botAddresses = 10_000
const outageMinutes = 3
const warmUpMinutes = 20

interface Attack {
  readonly boughtKeys: number
  /** What each of them asks for in a minute: its whole limit. */
  readonly boughtPerMinute?: number
  /** Users that come back with another address, as a share of them. */
  readonly movedShare?: number
  /** Whether the application vouches for users that come back. */
  readonly vouches?: boolean
}

interface Shares {
  /** Of the requests of users that come back. */
  readonly returning: number
  readonly botsPerMinute: number
}

/** An outage under attack, after healthy minutes in which the bought keys were solved for. */
function attackedOutage({ boughtKeys, boughtPerMinute = 20, movedShare = 0, vouches = false }: Attack): Shares {
  const clock = new VirtualClock()
  const draws = new RandomDraws(7)
  let isDown = false
  const process = attackedProcess(clock, () => isDown)
  let tickets = 0
  const run = (perMinute: number, untilMs: number, act: () => void): void => {
    const next = (fromMs: number) => {
      const atMs = fromMs + draws.gapMs(perMinute)
      if (atMs > untilMs) return
      clock.after(atMs - clock.nowMs(), () => {
        act()
        next(atMs)
      })
    }
    if (perMinute > 0) next(clock.nowMs())
  }
  const runUntil = (untilMs: number): void => {
    while (clock.nextDueMs <= untilMs) clock.runNext()
    clock.moveTo(untilMs)
  }
  const ask = (clientKey: string, knownAs: string | undefined, count: (passed: boolean) => void): void => {
    process.handle({ ticket: 'genuine', clientKey, knownAs, ticketKey: `ticket ${tickets++}` }, ({ verdict }) =>
      count(verdict.passed),
    )
  }

  let users = 0
  const outageMs = warmUpMinutes * minuteMs
  run(normalPerMinute, outageMs, () => {
    process.warmUp({ ticket: 'genuine', clientKey: `user ${users++}`, ticketKey: `ticket ${tickets++}` })
  })
  for (let key = 0; key < boughtKeys; key++) {
    clock.after(outageMs - minuteMs + key, () =>
      process.warmUp({ ticket: 'genuine', clientKey: `bought ${key}`, ticketKey: `ticket ${tickets++}` }),
    )
  }
  runUntil(outageMs)
  isDown = true
  const counts = { returned: 0, passed: 0, bots: 0 }
  const endMs = outageMs + outageMinutes * minuteMs
  let user = 0
  run(historyShare * normalPerMinute, endMs, () => {
    const identity = `user ${user++ % users}`
    const hasMoved = draws.chance(movedShare)
    counts.returned++
    ask(hasMoved ? `${identity} elsewhere` : identity, vouches ? identity : undefined, (passed) => {
      if (passed) counts.passed++
    })
  })
  run((1 - historyShare) * normalPerMinute, endMs, () => ask(`new ${tickets}`, undefined, () => {}))
  const countBot = (passed: boolean) => {
    if (passed) counts.bots++
  }
  run(botsPerMinute, endMs, () => ask(`bot ${draws.below(botAddresses)}`, undefined, countBot))
  run(boughtKeys * boughtPerMinute, endMs, () => ask(`bought ${draws.below(boughtKeys)}`, undefined, countBot))
  runUntil(endMs + 5_000)
  process.close()
  return { returning: counts.passed / counts.returned, botsPerMinute: counts.bots / outageMinutes }
}

describe('in an outage under attack, with clients that are known by their address', () => {
  test.each([
    [0, 0.99],
    [25, 0.98],
    [100, 0.98],
  ])('and %i bought keys, those with history pass', (boughtKeys, share) => {
    const { returning, botsPerMinute } = attackedOutage({ boughtKeys })
    expect(returning).toBeGreaterThanOrEqual(share)
    expect(botsPerMinute).toBeLessThanOrEqual(3 * normalPerMinute)
  })

  test('and 100 bought keys, they do not where the reserve is first come, first served', () => {
    const shareNeeded = jest.spyOn(ReserveLog.prototype, 'shareNeeded').mockReturnValue(0)
    expect(attackedOutage({ boughtKeys: 100 }).returning).toBeLessThan(0.5)
    shareNeeded.mockRestore()
  })
})

describe('in an outage under attack in which 30 % of those who return have another address', () => {
  const attack = { boughtKeys: 0, movedShare: 0.3 }

  test('they fail with the strangers where the application vouches for none of them', () => {
    expect(attackedOutage(attack).returning).toBeLessThan(0.8)
  })

  test('they pass where it does, and no more bots do than without', () => {
    const without = attackedOutage(attack)
    const vouched = attackedOutage({ ...attack, vouches: true })
    expect(vouched.returning).toBeGreaterThanOrEqual(0.98)
    expect(vouched.botsPerMinute).toBeLessThanOrEqual(1.02 * without.botsPerMinute)
  })
})
