import fc from 'fast-check'
import { CaptchaGuardProcess } from '../../bench/outage-simulation/captcha-guard-process.js'
import { simulatedConfig } from '../../bench/outage-simulation/simulated-config.js'
import { TencentModel } from '../../bench/outage-simulation/tencent-model.js'
import { VirtualClock } from '../../bench/outage-simulation/virtual-clock.js'
import type { DegradationOptions } from '../../lib/options/options.js'

const clients = ['regular', 'stranger 1', 'stranger 2', 'stranger 3']

/**
 * A request that Tencent never verified: a made-up ticket, one that Tencent refuses, stumbles over or never answers, or one
 * that passed before; from strangers or from an address that honest users share.
 */
const unverifiedRequest = fc.record({
  ticket: fc.constantFrom('fallback', 'junk', 'poison', 'tar', 'replayed' as const),
  client: fc.constantFrom(...clients),
  times: fc.integer({ min: 1, max: 30 }),
  afterMs: fc.integer({ min: 0, max: 20_000 }),
})

export type UnverifiedRequest = typeof unverifiedRequest extends fc.Arbitrary<infer Request> ? Request : never

export const unverifiedRequests = fc.array(unverifiedRequest, { maxLength: 40 })

/** Honest users of any site: milliseconds between their verified passes. */
export const honestGapMs = fc.constantFrom(200, 3000, 30_000)

export interface World {
  readonly process: CaptchaGuardProcess
  /** Moves on; honest users come meanwhile. */
  advance(byMs: number): void
  send(request: UnverifiedRequest): void
}

/** A process of a site, with Tencent well, after some minutes of honest users. */
export function healthyWorld(gapMs: number, options: DegradationOptions = {}): World {
  const clock = new VirtualClock()
  const tencent = new TencentModel('none', Number.POSITIVE_INFINITY, () => 0.5)
  const process = new CaptchaGuardProcess({
    clock,
    config: simulatedConfig(options),
    store: undefined,
    askTencent: (ticket) => tencent.ask(ticket, 0),
    canFetchScript: () => true,
  })
  let sent = 0
  const ask = (ticket: 'genuine' | 'fallback' | 'junk' | 'poison' | 'tar', clientKey: string, ticketKey: string) =>
    process.handle({ ticket, clientKey, ticketKey }, () => {})
  const comeHonestly = () => {
    const number = sent++
    ask('genuine', number % 2 === 0 ? 'regular' : `user ${number}`, `honest ${number}`)
    clock.after(gapMs, comeHonestly)
  }
  const world: World = {
    process,
    advance(byMs) {
      const untilMs = clock.nowMs() + byMs
      while (clock.nextDueMs <= untilMs) clock.runNext()
      clock.moveTo(untilMs)
    },
    send({ ticket, client, times }) {
      for (let time = 0; time < times; time++) {
        if (ticket === 'replayed') ask('junk', client, 'honest 0')
        else ask(ticket, client, `made up ${sent++ + 1e9}`)
      }
    },
  }
  comeHonestly()
  world.advance(7 * 60_000)
  return world
}
