import { afterEach, describe, expect, test } from '@jest/globals'
import { Ledger, type PassClaim } from '../../lib/site/ledger.js'
import { vouchedKey } from '../../lib/site/vouched-key.js'
import { StoreLink } from '../../lib/store/store-link.js'
import { unhandledRejectionsDuring } from '../report/lines.js'
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
    learned: () => ({ baselinePerMinute: undefined, referencePerMinute: undefined }),
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
    [{ kind: 'replayed' }, { kind: 'replayed' }],
    [
      { kind: 'over_limit', history: undefined, retryAfterMs: 1000 },
      { kind: 'exhausted', by: 'client' },
    ],
    [{ kind: 'unknown_client' }, { kind: 'exhausted', by: 'total' }],
  ] as const)('takes %j for %j, and takes nothing locally', async (result, expected) => {
    const { ledger, session, claim, settings } = await open()
    session.claimResult = result
    expect(await ledger.claimPass(claim({ ticketKey: 'ticket' }))).toMatchObject(expected)
    expect(ledger.snapshot(settings).outage.taken).toBe(0)
    expect(ledger.hasPassed('ticket')).toBe(false)
  })

  test('counts a vouched identity at its address as well, once a request', async () => {
    const { ledger, session, claim, settings } = await open()
    const identity = {
      clientKey: vouchedKey('li.na'),
      addressKey: 'office',
      purse: 'doubt',
      setting: settings.doubt,
    } as const
    const own = { name: 'doubt', limit: 1, windowMs: 60_000, ownRateFactor: 0 }
    await ledger.claimPass(claim(identity))
    const ofAddress = { name: 'known', limit: 100, windowMs: 60_000, ownRateFactor: 0, clientKey: 'office' }
    expect(session.calls.at(-1)?.argument).toMatchObject({ purses: [own, ofAddress] })
    await ledger.claimPass(claim({ ...identity, clientKey: vouchedKey('wang.wei'), isParentDrawn: true }))
    expect(session.calls.at(-1)?.argument).toMatchObject({ purses: [own] })
  })

  test('does not ask about a ticket that has passed here', async () => {
    const { ledger, session, claim } = await open()
    await ledger.claimPass(claim({ ticketKey: 'ticket' }))
    expect(await ledger.claimPass(claim({ ticketKey: 'ticket' }))).toEqual({ kind: 'replayed' })
    expect(session.count('claim')).toBe(1)
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
    expect(await ledger.claimPass(claim())).toMatchObject({ kind: 'exhausted', by: 'total' })
  })

  test('asks for known clients alone where only their reserve is left', async () => {
    const { ledger, session, claim } = await open({ limit: 100, perMinute: 0.001 })
    for (let attempt = 0; attempt < 6; attempt++) await ledger.claimPass(claim())
    expect(session.calls.at(-1)?.argument).toMatchObject({ requireKnown: true })
    session.claimResult = { kind: 'granted', history: { verifiedPerMinute: 1 } }
    expect(await ledger.claimPass(claim({ clientKey: 'known' }))).toMatchObject({ kind: 'granted' })
  })

  describe('of a client that the store has called over its limit', () => {
    const overLimit = { kind: 'over_limit', history: undefined, retryAfterMs: 30_000 } as const
    const claims = (session: StoreDouble) => session.count('claim')

    async function openOverLimit() {
      const opened = await open()
      opened.session.claimResult = overLimit
      expect((await opened.ledger.claimPass(opened.claim())).kind).toBe('exhausted')
      opened.session.claimResult = { kind: 'granted', history: undefined }
      return opened
    }

    test('refuses it without asking until its window moves on, and asks again then', async () => {
      const { clock, ledger, session, claim } = await openOverLimit()
      for (let attempt = 0; attempt < 100; attempt++) {
        expect(await ledger.claimPass(claim())).toMatchObject({ kind: 'exhausted', by: 'client' })
      }
      await clock.advance(29_999)
      expect((await ledger.claimPass(claim())).kind).toBe('exhausted')
      expect(claims(session)).toBe(1)
      await clock.advance(1)
      expect((await ledger.claimPass(claim())).kind).toBe('granted')
      expect(claims(session)).toBe(2)
    })

    test('asks for other clients, other purses, and what a second guard draws beside the parent', async () => {
      const { ledger, session, claim, settings } = await openOverLimit()
      expect((await ledger.claimPass(claim({ clientKey: 'another' }))).kind).toBe('granted')
      expect((await ledger.claimPass(claim({ purse: 'doubt', setting: settings.doubt }))).kind).toBe('granted')
      expect((await ledger.claimPass(claim({ isParentDrawn: true }))).kind).toBe('granted')
      expect(claims(session)).toBe(4)
    })

    test('asks again when a pass of the client was given back', async () => {
      const { ledger, session, claim, settings } = await openOverLimit()
      const pass = await ledger.claimPass(claim({ purse: 'doubt', setting: settings.doubt }))
      if (pass.kind === 'granted') pass.giveBack()
      expect((await ledger.claimPass(claim())).kind).toBe('granted')
      expect(claims(session)).toBe(3)
    })

    test('asks again after a verified pass, which may have raised the limit', async () => {
      const { ledger, session, claim } = await openOverLimit()
      await ledger.recordVerified('verified', 'client')
      expect((await ledger.claimPass(claim())).kind).toBe('granted')
      expect(claims(session)).toBe(2)
    })

    test.each([
      [86_400_000, 60_000],
      [Number.POSITIVE_INFINITY, 60_000],
      [Number.NaN, 0],
      [-1, 0],
    ])('lets no store lock it out for longer than the window: %d ms', async (retryAfterMs, lastsMs) => {
      const { clock, ledger, session, claim } = await open()
      session.claimResult = { ...overLimit, retryAfterMs }
      await ledger.claimPass(claim())
      await clock.advance(lastsMs)
      await ledger.claimPass(claim())
      expect(claims(session)).toBe(2)
    })
  })

  test('asks once in five seconds about a client without history where only the reserve is left', async () => {
    const { clock, ledger, session, claim } = await open({ limit: 100, perMinute: 0.001 })
    for (let attempt = 0; attempt < 5; attempt++) await ledger.claimPass(claim({ clientKey: `client ${attempt}` }))
    const before = session.count('claim')
    session.claimResult = { kind: 'unknown_client' }
    const attempts = async () => {
      for (let attempt = 0; attempt < 100; attempt++) {
        expect(await ledger.claimPass(claim())).toMatchObject({ kind: 'exhausted', by: 'total' })
      }
      return session.count('claim') - before
    }
    expect(await attempts()).toBe(1)
    await clock.advance(5_000)
    expect(await attempts()).toBe(2)
    await ledger.recordVerified('verified', 'client')
    session.claimResult = { kind: 'granted', history: { verifiedPerMinute: 1 } }
    expect((await ledger.claimPass(claim())).kind).toBe('granted')
  })

  test('asks again about a client without history as soon as there is room for anyone', async () => {
    const { clock, ledger, session, claim } = await open({ limit: 100, perMinute: 60 })
    for (let attempt = 0; attempt < 5; attempt++) await ledger.claimPass(claim({ clientKey: `client ${attempt}` }))
    session.claimResult = { kind: 'unknown_client' }
    expect((await ledger.claimPass(claim())).kind).toBe('exhausted')
    session.claimResult = { kind: 'granted', history: undefined }
    await clock.advance(2_000)
    expect((await ledger.claimPass(claim())).kind).toBe('granted')
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

  test.each<[string, (session: StoreDouble) => void]>([
    [
      'was refused',
      (session) => {
        session.claimResult = { kind: 'replayed' }
        session.answerHanging()
      },
    ],
    ['failed', (session) => session.rejectHanging()],
  ])('releases nothing for a pass that was given back and whose late claim %s', async (_what, end) => {
    const { clock, ledger, session, claim } = await open()
    session.set('hangs')
    const claimed = ledger.claimPass(claim())
    await clock.advance(200)
    const pass = await claimed
    session.set('answers')
    const unhandled = await unhandledRejectionsDuring(() => {
      if (pass.kind === 'granted') pass.giveBack()
      end(session)
    })
    expect(pass.kind).toBe('granted')
    expect(session.count('claim')).toBe(1)
    expect(session.count('release')).toBe(0)
    expect(unhandled).toEqual([])
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

  test('tells the store where the application vouches for the user, and of no late ticket of such a user', async () => {
    const { ledger, session } = await open()
    ledger.recordVerified('ticket', 'client', undefined, true)
    ledger.recordGenuine('client', true)
    await settlePromises()
    const verified = { ticketKey: 'ticket', clientKey: 'client', replayMs: 300_000, isVouched: true }
    expect(session.calls.slice(1)).toEqual([
      { name: 'recordVerified', argument: { ...verified, passId: expect.any(String) } },
    ])
    expect(ledger.verifiedPerMinute('client')).toBeCloseTo(0.1)
  })

  test('takes a ticket that passed at another process for one that has passed, and notes no history', async () => {
    const { ledger, session } = await open()
    session.recordVerified = async () => ({ isFirst: false })
    expect(await ledger.recordVerified('ticket', 'client')).toEqual({ isFirst: false, isFirstThisMinute: false })
    expect(ledger.verifiedPerMinute('client')).toBe(0)
    expect(ledger.hasPassed('ticket')).toBe(true)
  })

  test('keeps the mark of a verified ticket whose client is there', async () => {
    const { ledger, session } = await open()
    await ledger.recordVerified('ticket', 'client')
    await settlePromises()
    expect(ledger.hasPassed('ticket')).toBe(true)
    expect(session.count('release')).toBe(0)
  })

  test('takes back the mark of a verified ticket whose client has gone meanwhile, also where the store answers late', async () => {
    const { clock, ledger, session } = await open()
    for (const [ticketKey, answersLate] of [
      ['a', false],
      ['b', true],
    ] as const) {
      session.set(answersLate ? 'hangs' : 'answers', 'recordVerified')
      const record = ledger.recordVerified(ticketKey, 'client', () => false)
      if (answersLate) await clock.advance(200)
      expect((await record).isFirst).toBe(true)
      session.answerHanging()
      await settlePromises()
      expect(ledger.hasPassed(ticketKey)).toBe(false)
      const verified = session.calls.filter(({ name }) => name === 'recordVerified').at(-1)?.argument
      const { passId: claimId } = verified as { passId: string }
      const mark = { claimId, purses: [], clientKey: 'client', ticketKey, replayMs: 300_000, requireKnown: false }
      expect(session.calls.at(-1)).toEqual({ name: 'release', argument: mark })
    }
  })

  test('marks a fallback ticket in the store as long as it is held here', async () => {
    const { ledger, session, claim } = await open()
    ledger.holdFallbackFor(600_000)
    await ledger.claimPass(claim({ isFallback: true, ticketKey: 'fallback' }))
    expect(session.calls.at(-1)?.argument).toMatchObject({ replayMs: 660_000 })
  })

  test('asks for the history of a client, and knows it from then on', async () => {
    const { ledger, session } = await open()
    session.history = { verifiedPerMinute: 2 }
    ledger.lookForHistory('client')
    await settlePromises()
    expect(session.count('readHistory')).toBe(1)
    expect(ledger.verifiedPerMinute('client')).toBeCloseTo(2)
  })

  test('asks for the history of a client that has none, and goes on with the store', async () => {
    const { ledger, session, store } = await open()
    ledger.lookForHistory('client')
    await settlePromises()
    expect(session.count('readHistory')).toBe(1)
    expect(ledger.verifiedPerMinute('client')).toBe(0)
    expect(store.isUp).toBe(true)
  })
})
