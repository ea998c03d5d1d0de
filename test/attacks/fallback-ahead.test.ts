import { describe, expect, test } from '@jest/globals'
import { Ledger } from '../../lib/site/ledger.js'
import { type Flow, startFlow } from '../flow/support.js'
import { ManualClock } from '../support/manual-clock.js'

const leadMs = 55_000
const stepMs = 10_000

describe('a fallback ticket that is stamped ahead', () => {
  test('passes a second time where tickets are held for five minutes', async () => {
    const clock = new ManualClock()
    const ledger = new Ledger({ clock, totalPerMinute: () => 60, store: () => undefined })
    const total = { floorPerMinute: 60, baselineFactor: 1, startPerMinute: 60 }
    const purse = { perClient: { limit: 3, windowMs: 60_000 }, total }
    const setting = ledger.openPurses({ outage: purse, doubt: purse }).doubt
    const pass = {
      purse: 'doubt',
      setting,
      clientKey: 'bot',
      isFallback: true,
      ticketKey: 't',
      isParentDrawn: false,
    } as const
    expect(ledger.claimPass(pass)).toMatchObject({ kind: 'granted' })
    await clock.advance(300_000)
    expect(ledger.claimPass(pass)).toMatchObject({ kind: 'granted' })
  })

  /** How often one ticket passes, sent every ten seconds until long after its end. */
  async function passes(flow: Flow, maxAgeMs: number): Promise<number> {
    const seconds = Math.floor((flow.clock.epochMs() + leadMs) / 1000)
    const token = { ticket: `trerror_1001_${flow.simulator.captchaAppId}_${seconds}`, randstr: '@abc' }
    let passed = 0
    for (let lastedMs = 0; lastedMs < maxAgeMs + 120_000; lastedMs += stepMs) {
      // Each attempt comes from an address of its own.
      const { captcha } = await flow.send(token, { ip: `198.51.100.${(lastedMs / stepMs) % 250}` })
      if (captcha?.passed) passed++
      await flow.clock.advance(stepMs)
    }
    return passed
  }

  test.each([300_000, 60_000, 900_000])('passes once, with maxAgeMs %i', async (maxAgeMs) => {
    const flow = await startFlow({ options: { degradation: { fallback: { maxAgeMs, probe: false } } } })
    expect(await passes(flow, maxAgeMs)).toBe(1)
  })

  test('is valid that long: it is new at another site for all of the time', async () => {
    const flow = await startFlow()
    const token = flow.fallback({ ageMs: -leadMs })
    await flow.clock.advance(350_000)
    expect((await flow.send(token)).captcha).toMatchObject({ passed: true, cause: 'client_fallback' })
  })
})
