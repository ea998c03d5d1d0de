import { describe, expect, test } from '@jest/globals'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import { attackedProcess } from './attacked-process.js'

const minuteMs = 60_000
const carrier = '198.51.100.1'
const healthyMinutes = 20
/** Verified passes behind the carrier's address, each of another user. */
const usersPerMinute = 20
/** Bots there begin with the outage. */
const botsPerMinute = 300

/** What the address gets in the first minute of an outage, by who asks. */
function passesInOutage({ vouches }: { readonly vouches: boolean }): { readonly bots: number; readonly users: number } {
  const clock = new VirtualClock()
  let isDown = false
  const process = attackedProcess(clock, () => isDown)
  const passes = { bots: 0, users: 0 }
  let tickets = 0
  const ask = (who: keyof typeof passes, knownAs?: string) => {
    process.handle({ ticket: 'genuine', clientKey: carrier, knownAs, ticketKey: `${tickets++}` }, ({ verdict }) => {
      if (verdict.passed && verdict.degraded) passes[who]++
    })
  }
  const askEvenly = (perMinute: number, fromMinute: number, minutes: number, act: (turn: number) => void) => {
    for (let turn = 0; turn < perMinute * minutes; turn++) {
      clock.after(fromMinute * minuteMs + (turn * minuteMs) / perMinute, () => act(turn))
    }
  }
  const askAsUser = (turn: number) => ask('users', vouches ? `user ${turn}` : undefined)
  askEvenly(usersPerMinute, 0, healthyMinutes + 1, askAsUser)
  clock.after(healthyMinutes * minuteMs, () => {
    isDown = true
  })
  askEvenly(botsPerMinute, healthyMinutes, 1, () => ask('bots'))
  while (clock.nextDueMs <= (healthyMinutes + 1) * minuteMs) clock.runNext()
  process.close()
  return passes
}

describe("bots behind a carrier's address, in an outage", () => {
  test('get what a stranger’s address gets where the application vouches for the users there, who pass', () => {
    const { bots, users } = passesInOutage({ vouches: true })
    expect(bots).toBeLessThanOrEqual(20)
    expect(users).toBeGreaterThanOrEqual(usersPerMinute - 2)
  })

  test('share three times its rate with its users where the application vouches for none', () => {
    const { bots, users } = passesInOutage({ vouches: false })
    expect(bots + users).toBeGreaterThan(40)
    expect(users).toBeLessThan(usersPerMinute / 2)
  })
})
