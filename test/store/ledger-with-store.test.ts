import { afterEach, describe, expect, test } from '@jest/globals'
import { Ledger, type PassClaim } from '../../lib/site/ledger.js'
import { StoreLink } from '../../lib/store/store-link.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'
import { StoreDouble } from './store-double.js'

const opened: StoreLink[] = []
afterEach(() => {
  for (const link of opened.splice(0)) link.close()
})

const total = { floorPerMinute: 60, baselineFactor: 3, startPerMinute: 60 }

async function open({ limit = 2, perMinute = 60 } = {}) {
  const clock = new ManualClock()
  const session = new StoreDouble()
  const store = new StoreLink({
    session,
    clock,
    ownBaseline: () => undefined,
    onState: () => {},
    onDown: () => {},
    onUp: () => {},
  })
  opened.push(store)
  const purse = { perClient: { limit, windowMs: 60_000 }, total }
  const ledger = new Ledger({ clock, totalPerMinute: () => perMinute, store: () => store })
  const settings = ledger.openPurses({ outage: purse, doubt: purse })
  const claim = (change: Partial<PassClaim> = {}): PassClaim => ({
    purse: 'outage',
    setting: settings.outage,
    clientKey: 'client',
    isFallback: false,
    ticketKey: undefined,
    isParentDrawn: false,
    ...change,
  })
  await settlePromises()
  return { clock, session, store, ledger, settings, claim }
}

describe('a ledger with a store', () => {
  test('asks the store, with what the purse is set to', async () => {
    const { ledger, session, claim } = await open()
    expect(await ledger.claimPass(claim({ ticketKey: 'ticket' }))).toMatchObject({ kind: 'granted' })
    expect(session.calls.at(-1)?.argument).toMatchObject({
      purses: [{ name: 'outage', limit: 2, windowMs: 60_000, ownRateFactor: 3 }],
      clientKey: 'client',
      ticketKey: 'ticket',
      requireKnown: false,
      replayMs: 300_000,
    })
    expect(ledger.hasPassed('ticket')).toBe(true)
  })

  test.each([
    [{ kind: 'replayed' }, 'replayed'],
    [{ kind: 'over_limit', history: undefined }, 'exhausted'],
    [{ kind: 'unknown_client' }, 'exhausted'],
  ] as const)('takes %j for %s, and takes nothing locally', async (result, expected) => {
    const { ledger, session, claim, settings } = await open()
    session.claimResult = result
    expect(await ledger.claimPass(claim({ ticketKey: 'ticket' }))).toMatchObject({ kind: expected })
    expect(ledger.snapshot(settings).outage.taken).toBe(0)
    expect(ledger.hasPassed('ticket')).toBe(false)
  })

  test('gives both back', async () => {
    const { ledger, session, claim, settings } = await open()
    const pass = await ledger.claimPass(claim({ ticketKey: 'ticket' }))
    if (pass.kind === 'granted') pass.giveBack()
    await settlePromises()
    expect(session.calls.at(-1)).toEqual({ name: 'release', argument: session.calls.at(-2)?.argument })
    expect(ledger.snapshot(settings).outage.taken).toBe(0)
    expect(ledger.hasPassed('ticket')).toBe(false)
  })

  test('releases what the local limits refuse', async () => {
    const { ledger, session, claim } = await open({ limit: 1 })
    const results = await Promise.all([ledger.claimPass(claim()), ledger.claimPass(claim())])
    expect(results.map(({ kind }) => kind)).toEqual(['granted', 'exhausted'])
    expect(session.count('release')).toBe(1)
  })

  test('does not ask about what the local total refuses anyway', async () => {
    const { ledger, session, claim } = await open({ limit: 100, perMinute: 0.001 })
    session.claimResult = { kind: 'granted', history: { verifiedPerMinute: 1 } }
    for (let attempt = 0; attempt < 200; attempt++) await ledger.claimPass(claim())
    expect(session.count('claim')).toBeLessThanOrEqual(10)
  })

  test('asks for known clients alone where only their reserve is left', async () => {
    const { ledger, session, claim } = await open({ limit: 100, perMinute: 0.001 })
    for (let attempt = 0; attempt < 6; attempt++) await ledger.claimPass(claim())
    expect(session.calls.at(-1)?.argument).toMatchObject({ requireKnown: true })
    session.claimResult = { kind: 'granted', history: { verifiedPerMinute: 1 } }
    expect(await ledger.claimPass(claim({ clientKey: 'known' }))).toMatchObject({ kind: 'granted' })
  })

  test('keeps to the local limits while the store is down', async () => {
    const { ledger, session, claim } = await open()
    session.set('rejects')
    const kinds = []
    for (let attempt = 0; attempt < 4; attempt++) kinds.push((await ledger.claimPass(claim())).kind)
    expect(kinds).toEqual(['granted', 'granted', 'exhausted', 'exhausted'])
    expect(session.count('claim')).toBe(1)
  })

  test('counts what passed with the store when it is gone, and without it when it is back', async () => {
    const { clock, ledger, session, claim } = await open()
    await ledger.claimPass(claim())
    session.set('rejects')
    expect((await ledger.claimPass(claim())).kind).toBe('granted')
    session.set('answers')
    await clock.advance(1_000)
    expect((await ledger.claimPass(claim())).kind).toBe('exhausted')
  })

  test('keeps a late claim that it granted by itself', async () => {
    const { clock, ledger, session, claim } = await open()
    session.set('hangs')
    const pass = ledger.claimPass(claim())
    await clock.advance(200)
    expect((await pass).kind).toBe('granted')
    session.answerHanging()
    await settlePromises()
    expect(session.count('release')).toBe(0)
  })

  test('releases a late claim that it refused by itself, and one that was given back', async () => {
    const { clock, ledger, session, claim } = await open({ limit: 1 })
    session.set('hangs')
    const passes = [ledger.claimPass(claim()), ledger.claimPass(claim())]
    await clock.advance(200)
    const [granted, refused] = await Promise.all(passes)
    expect([granted?.kind, refused?.kind]).toEqual(['granted', 'exhausted'])
    if (granted?.kind === 'granted') granted.giveBack()
    session.set('answers')
    session.answerHanging()
    await settlePromises()
    const claims = session.calls.filter(({ name }) => name === 'claim').map(({ argument }) => argument)
    const released = session.calls.filter(({ name }) => name === 'release').map(({ argument }) => argument)
    expect(new Set(released)).toEqual(new Set(claims))
  })

  test('tells the store of verified tickets and of late genuine ones', async () => {
    const { ledger, session } = await open()
    ledger.recordVerified('ticket', 'client')
    ledger.recordGenuine('client')
    await settlePromises()
    const verified = { ticketKey: 'ticket', clientKey: 'client', replayMs: 300_000 }
    expect(session.calls.slice(1)).toEqual([
      { name: 'recordVerified', argument: { ...verified, passId: expect.any(String) } },
      { name: 'recordHistory', argument: 'client' },
    ])
  })

  test('asks for the history of a client, and knows it from then on', async () => {
    const { ledger, session } = await open()
    session.history = { verifiedPerMinute: 2 }
    ledger.lookForHistory('client')
    await settlePromises()
    expect(session.count('readHistory')).toBe(1)
    expect(ledger.verifiedPerMinute('client')).toBeCloseTo(2)
  })
})
