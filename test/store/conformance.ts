import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import type {
  CaptchaStore,
  StoreClaim,
  StoreContext,
  StoreLearned,
  StoreOverride,
  StorePurse,
  StoreSession,
  StoreVerified,
} from '../../lib/index.js'
import { storeLifetimes } from '../../lib/store/store-lifetimes.js'

/** A store that holds nothing yet. */
export interface StoreUnderTest {
  readonly store: CaptchaStore
  /** Lets this much of the store's time pass at once. */
  elapse(ms: number): unknown
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const notLearned: StoreLearned = { baselinePerMinute: undefined, referencePerMinute: undefined }

export function contextOf(change: Partial<StoreContext> = {}): StoreContext {
  const onCorruption = (key: string) => {
    throw new Error(`corrupted: ${key}`)
  }
  return { captchaAppId: 190000001, processId: randomUUID(), lifetimes: storeLifetimes, onCorruption, ...change }
}

export function purseOf(change: Partial<StorePurse> = {}): StorePurse {
  return { name: 'outage', limit: 20, windowMs: minuteMs, ownRateFactor: 0, ...change }
}

export function claimOf(change: Partial<StoreClaim> = {}): StoreClaim {
  return {
    claimId: randomUUID(),
    purses: [purseOf()],
    clientKey: 'client',
    ticketKey: undefined,
    replayMs: 5 * minuteMs,
    requireKnown: false,
    ...change,
  }
}

export function verifiedOf(change: Partial<StoreVerified> = {}): StoreVerified {
  return { passId: randomUUID(), ticketKey: randomUUID(), clientKey: 'client', replayMs: 5 * minuteMs, ...change }
}

export function overrideOf(change: Partial<StoreOverride> = {}): StoreOverride {
  return { id: randomUUID(), mode: 'pass', by: 'ops', forMs: minuteMs, setMs: 0, ...change }
}

/**
 * Tests everything that `CaptchaStore` promises, on a new store for each test.
 *
 * @param sharesStatus whether it has the optional methods of a session
 */
export function testConformance(
  open: () => StoreUnderTest | Promise<StoreUnderTest>,
  { sharesStatus = true }: { readonly sharesStatus?: boolean } = {},
): void {
  let store: CaptchaStore
  let elapse: StoreUnderTest['elapse']
  let session: StoreSession

  beforeEach(async () => {
    const opened = await open()
    store = opened.store
    elapse = opened.elapse
    session = connect()
  })

  function connect(change: Partial<StoreContext> = {}): StoreSession {
    return store.connect(contextOf(change))
  }

  /** Claims so often, one after the other, from the same purses. */
  async function claimTimes(times: number, change: Partial<StoreClaim> = {}): Promise<readonly string[]> {
    const kinds: string[] = []
    for (let attempt = 0; attempt < times; attempt++) kinds.push((await session.claim(claimOf(change))).kind)
    return kinds
  }

  /** How many more passes the client gets out of this purse. */
  async function roomIn(purse: StorePurse, clientKey = 'client'): Promise<number> {
    return (await claimTimes(purse.limit + 1, { purses: [purse], clientKey })).filter((kind) => kind === 'granted')
      .length
  }

  describe('a claim', () => {
    test('is granted up to the limit of the purse and refused beyond it', async () => {
      const kinds = await claimTimes(5, { purses: [purseOf({ limit: 3 })] })
      expect(kinds).toEqual(['granted', 'granted', 'granted', 'over_limit', 'over_limit'])
    })

    test('is never granted from a purse whose limit is 0, to a client with history either', async () => {
      await session.recordHistory('client')
      const closed = purseOf({ limit: 0, ownRateFactor: 1_000_000 })
      expect(await session.claim(claimOf({ purses: [closed] }))).toMatchObject({ kind: 'over_limit' })
    })

    test('counts each client, purse and app id apart from the others', async () => {
      const other = connect({ captchaAppId: 2 })
      const limit = 1
      const results = [
        await session.claim(claimOf({ purses: [purseOf({ limit })] })),
        await session.claim(claimOf({ purses: [purseOf({ limit })], clientKey: 'another' })),
        await session.claim(claimOf({ purses: [purseOf({ limit, name: 'doubt' })] })),
        await other.claim(claimOf({ purses: [purseOf({ limit })] })),
      ]
      expect(results.map(({ kind }) => kind)).toEqual(Array(4).fill('granted'))
    })

    test('counts a purse by its own client key where it has one, and releases it there', async () => {
      const shared = { ...purseOf({ name: 'known', limit: 2 }), clientKey: 'address' }
      const by = (clientKey: string) => claimOf({ purses: [purseOf({ limit: 1 }), shared], clientKey })
      const first = by('mei')
      const results = [first, by('mei'), by('li'), by('wang')]
      const kinds: string[] = []
      for (const claim of results) kinds.push((await session.claim(claim)).kind)
      expect(kinds).toEqual(['granted', 'over_limit', 'granted', 'over_limit'])
      await session.release(first)
      expect((await session.claim(by('wang'))).kind).toBe('granted')
      expect(await roomIn(purseOf({ name: 'known', limit: 2 }), 'address')).toBe(0)
    })

    test('tells purses and clients apart whose names are alike when they are put together', async () => {
      const claim = (name: string, clientKey: string) =>
        session.claim(claimOf({ purses: [purseOf({ name, limit: 1 })], clientKey }))
      const results = [
        await claim('outage', 'parent:2001:db8::/56'),
        await claim('outage:parent', '2001:db8::/56'),
        await claim('outage', 'x'.repeat(127)),
        await claim('outage', 'x'.repeat(128)),
        await claim('outage', '\u0000 {} /é'),
      ]
      expect(results.map(({ kind }) => kind)).toEqual(Array(5).fill('granted'))
    })

    test('that is over the limit says when the window moves on', async () => {
      const retryAfterMs = async (limit: number) => {
        const result = await session.claim(claimOf({ purses: [purseOf({ limit })] }))
        return result.kind === 'over_limit' ? result.retryAfterMs : result.kind
      }
      expect(await claimTimes(1)).toEqual(['granted'])
      await elapse(20_000)
      expect(await claimTimes(2)).toEqual(['granted', 'granted'])
      await elapse(20_000)
      for (const [limit, expected] of [
        [3, 20_000],
        [2, 40_000],
        [1, 40_000],
        [0, minuteMs],
      ] as const) {
        const answer = await retryAfterMs(limit)
        expect(answer).toBeLessThanOrEqual(expected)
        expect(answer).toBeGreaterThan(expected - 10_000)
      }
    })

    test('finds room again when a pass leaves the window, and not before', async () => {
      const purses = [purseOf({ limit: 2, windowMs: minuteMs })]
      expect(await claimTimes(1, { purses })).toEqual(['granted'])
      await elapse(30_000)
      expect(await claimTimes(2, { purses })).toEqual(['granted', 'over_limit'])
      await elapse(29_000)
      expect(await claimTimes(1, { purses })).toEqual(['over_limit'])
      await elapse(1_000)
      expect(await claimTimes(2, { purses })).toEqual(['granted', 'over_limit'])
      await elapse(29_000)
      expect(await claimTimes(1, { purses })).toEqual(['over_limit'])
    })

    test('is granted exactly as often as the limit allows when two processes claim at the same time', async () => {
      const other = connect()
      const purses = [purseOf({ limit: 20 }), purseOf({ name: 'parent', limit: 30 })]
      const claims = Array.from({ length: 200 }, (_, index) => (index % 2 ? session : other).claim(claimOf({ purses })))
      const granted = (await Promise.all(claims)).filter(({ kind }) => kind === 'granted')
      expect(granted).toHaveLength(20)
      expect(await roomIn(purseOf({ name: 'parent', limit: 30 }))).toBe(10)
    })

    test('is granted once when a client that reconnects sends it twice', async () => {
      const purses = [purseOf({ limit: 2 }), purseOf({ name: 'parent', limit: 3 })]
      const claim = claimOf({ purses, ticketKey: 'sent twice' })
      expect((await session.claim(claim)).kind).toBe('granted')
      expect((await session.claim(claim)).kind).toBe('granted')
      expect(await claimTimes(2, { purses })).toEqual(['granted', 'over_limit'])
      expect(await roomIn(purseOf({ name: 'parent', limit: 3 }))).toBe(1)
    })
  })

  describe('a claim on several purses', () => {
    const wide = purseOf({ name: 'outage:parent', limit: 5 })
    const narrow = purseOf({ name: 'outage:setting-1', limit: 2, windowMs: 10_000 })

    test('takes one pass from every one of them', async () => {
      expect(await claimTimes(3, { purses: [wide, narrow] })).toEqual(['granted', 'granted', 'over_limit'])
      expect(await roomIn(narrow)).toBe(0)
      expect(await roomIn(wide)).toBe(3)
    })

    test.each([
      ['the last', [wide, narrow]],
      ['the first', [narrow, wide]],
    ])('takes nothing and marks no ticket if %s of them has no room', async (_which, purses) => {
      await claimTimes(2, { purses: [narrow] })
      const refused = await session.claim(claimOf({ purses, ticketKey: 'ticket' }))
      expect(refused.kind).toBe('over_limit')
      expect(await roomIn(wide)).toBe(5)
      const free = purseOf({ name: 'doubt' })
      expect((await session.claim(claimOf({ purses: [free], ticketKey: 'ticket' }))).kind).toBe('granted')
    })

    test('counts each of them over its own window', async () => {
      await claimTimes(2, { purses: [wide, narrow] })
      await elapse(10_000)
      expect(await claimTimes(3, { purses: [wide, narrow] })).toEqual(['granted', 'granted', 'over_limit'])
      expect(await roomIn(wide)).toBe(1)
    })

    test('applies the own rate of a client with history to each of them by its own factor and window', async () => {
      for (let pass = 0; pass < 19; pass++) await session.recordHistory('client')
      const factor = purseOf({ limit: 1, ownRateFactor: 3 })
      const fixed = purseOf({ name: 'parent', limit: 4 })
      expect(await claimTimes(5, { purses: [factor, fixed] })).toEqual([...Array(4).fill('granted'), 'over_limit'])
      expect(await claimTimes(2, { purses: [factor] })).toEqual(['granted', 'over_limit'])
    })

    test('gives all of them back when it is released', async () => {
      const claim = claimOf({ purses: [wide, narrow], ticketKey: 'ticket' })
      await session.claim(claim)
      await connect().release(claim)
      expect((await session.claim(claimOf({ purses: [narrow], ticketKey: 'ticket' }))).kind).toBe('granted')
      expect(await roomIn(narrow)).toBe(1)
      expect(await roomIn(wide)).toBe(5)
    })
  })

  describe('the limit of a client with history', () => {
    test('is its own rate times the factor, where that is more than the limit', async () => {
      for (let pass = 0; pass < 19; pass++) await session.recordHistory('busy')
      const purses = [purseOf({ limit: 2, ownRateFactor: 3 })]
      const kinds = await claimTimes(8, { clientKey: 'busy', purses })
      expect(kinds).toEqual([...Array(5).fill('granted'), ...Array(3).fill('over_limit')])
    })

    test('is never less than the limit', async () => {
      await session.recordHistory('calm')
      expect(await roomIn(purseOf({ limit: 2, ownRateFactor: 3 }), 'calm')).toBe(2)
    })

    test('is the limit where the factor is 0', async () => {
      for (let pass = 0; pass < 50; pass++) await session.recordHistory('busy')
      expect(await roomIn(purseOf({ limit: 2, ownRateFactor: 0 }), 'busy')).toBe(2)
    })
  })

  describe('a ticket', () => {
    test('that was granted is replayed at every process', async () => {
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('granted')
      const again = claimOf({ ticketKey: 'ticket', clientKey: 'another' })
      expect((await connect().claim(again)).kind).toBe('replayed')
    })

    test('that was granted is replayed for replayMs, and granted again afterwards', async () => {
      const claim = () => claimOf({ ticketKey: 'ticket', replayMs: 90_000 })
      await session.claim(claim())
      await elapse(88_000)
      expect((await session.claim(claim())).kind).toBe('replayed')
      await elapse(2_000)
      expect((await session.claim(claim())).kind).toBe('granted')
    })

    test('passes once when two processes claim it at the same time', async () => {
      const sessions = [session, connect(), connect()]
      const results = await Promise.all(sessions.map((each) => each.claim(claimOf({ ticketKey: 'ticket' }))))
      expect(results.map(({ kind }) => kind).sort()).toEqual(['granted', 'replayed', 'replayed'])
    })

    test('that was refused is not marked', async () => {
      const ticketKey = 'refused'
      expect((await session.claim(claimOf({ ticketKey, purses: [purseOf({ limit: 0 })] }))).kind).toBe('over_limit')
      expect((await session.claim(claimOf({ ticketKey, requireKnown: true }))).kind).toBe('unknown_client')
      expect((await session.claim(claimOf({ ticketKey }))).kind).toBe('granted')
    })

    test('that is replayed takes no pass', async () => {
      const purses = [purseOf({ limit: 2 })]
      await session.claim(claimOf({ purses, ticketKey: 'ticket' }))
      expect(await claimTimes(3, { purses, ticketKey: 'ticket' })).toEqual(Array(3).fill('replayed'))
      expect(await claimTimes(2, { purses })).toEqual(['granted', 'over_limit'])
    })

    test('that was verified is replayed by a claim, for replayMs', async () => {
      await session.recordVerified(verifiedOf({ ticketKey: 'ticket', replayMs: 90_000 }))
      await elapse(88_000)
      expect((await connect().claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('replayed')
      await elapse(2_000)
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('granted')
    })

    test('belongs to its app id', async () => {
      await session.claim(claimOf({ ticketKey: 'ticket' }))
      expect((await connect({ captchaAppId: 2 }).claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('granted')
    })
  })

  describe('a release', () => {
    test('undoes exactly its own claim, however often it is sent', async () => {
      const purses = [purseOf({ limit: 2 })]
      const first = claimOf({ purses, ticketKey: 'first' })
      const second = claimOf({ purses, ticketKey: 'second' })
      await session.claim(first)
      await session.claim(second)
      await session.release(first)
      await session.release(first)
      expect((await session.claim(claimOf({ purses, ticketKey: 'second' }))).kind).toBe('replayed')
      expect((await session.claim(claimOf({ purses, ticketKey: 'first' }))).kind).toBe('granted')
      expect((await session.claim(claimOf({ purses, ticketKey: 'third' }))).kind).toBe('over_limit')
    })

    test('does not unmark a ticket that a later claim or a verified pass has marked', async () => {
      const first = claimOf({ ticketKey: 'ticket' })
      await session.claim(first)
      await session.release(first)
      const second = claimOf({ ticketKey: 'ticket' })
      await session.claim(second)
      await session.release(first)
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('replayed')
      await session.release(second)
      await session.recordVerified(verifiedOf({ ticketKey: 'ticket' }))
      await session.release(second)
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('replayed')
    })

    test('of a verified pass lets the ticket come again, and leaves the history', async () => {
      const verified = verifiedOf({ ticketKey: 'ticket' })
      await session.recordVerified(verified)
      const release = (claimId: string) => session.release(claimOf({ claimId, purses: [], ticketKey: 'ticket' }))
      await release(randomUUID())
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('replayed')
      await release(verified.passId)
      expect(await session.readHistory('client')).toBeDefined()
      expect(await session.recordVerified(verifiedOf({ ticketKey: 'ticket' }))).toEqual({ isFirst: true })
    })

    test('of a claim that was refused or never made changes nothing', async () => {
      const purses = [purseOf({ limit: 1 })]
      await session.claim(claimOf({ purses, ticketKey: 'ticket' }))
      const refused = claimOf({ purses, ticketKey: 'ticket' })
      await session.claim(refused)
      await session.release(refused)
      await session.release(claimOf({ purses, ticketKey: 'ticket', clientKey: 'stranger' }))
      expect((await session.claim(claimOf({ purses }))).kind).toBe('over_limit')
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('replayed')
    })
  })

  describe('a verified pass', () => {
    test('makes its client known at every process', async () => {
      expect((await session.claim(claimOf({ requireKnown: true }))).kind).toBe('unknown_client')
      expect(await session.recordVerified(verifiedOf())).toEqual({ isFirst: true })
      const known = await connect().claim(claimOf({ requireKnown: true }))
      expect(known).toEqual({ kind: 'granted', history: { verifiedPerMinute: expect.closeTo(0.1, 3) } })
    })

    test('is first once for each ticket, and again only for the same pass', async () => {
      const verified = verifiedOf({ ticketKey: 'ticket' })
      expect(await session.recordVerified(verified)).toEqual({ isFirst: true })
      expect(await connect().recordVerified(verified)).toEqual({ isFirst: true })
      expect(await connect().recordVerified({ ...verified, passId: randomUUID() })).toEqual({ isFirst: false })
    })

    test('of a ticket that has passed degraded is not first and gives no history', async () => {
      await session.claim(claimOf({ ticketKey: 'degraded' }))
      const verified = verifiedOf({ ticketKey: 'degraded', clientKey: 'stranger' })
      expect(await session.recordVerified(verified)).toEqual({ isFirst: false })
      expect(await session.readHistory('stranger')).toBeUndefined()
    })

    test('of one ticket is first for one of several processes at the same time', async () => {
      const sessions = [session, connect(), connect()]
      const results = await Promise.all(
        sessions.map((each) => each.recordVerified(verifiedOf({ ticketKey: 'ticket' }))),
      )
      expect(results.filter(({ isFirst }) => isFirst)).toHaveLength(1)
      expect((await session.readHistory('client'))?.verifiedPerMinute).toBeCloseTo(0.1, 3)
    })
  })

  describe('history', () => {
    test('is absent without a verified pass', async () => {
      await session.claim(claimOf({ clientKey: 'stranger' }))
      expect(await session.readHistory('stranger')).toBeUndefined()
    })

    test('counts verified passes a minute, of each client and app id apart', async () => {
      await session.recordHistory('client')
      await connect().recordHistory('client')
      await session.recordVerified(verifiedOf({ clientKey: 'another' }))
      expect((await connect().readHistory('client'))?.verifiedPerMinute).toBeCloseTo(0.2, 3)
      expect((await connect().readHistory('another'))?.verifiedPerMinute).toBeCloseTo(0.1, 3)
      expect(await connect({ captchaAppId: 2 }).readHistory('client')).toBeUndefined()
    })

    test('comes with a claim that is granted or over the limit', async () => {
      await session.recordHistory('client')
      const history = { verifiedPerMinute: expect.closeTo(0.1, 3) }
      const purses = [purseOf({ limit: 1 })]
      expect(await session.claim(claimOf({ purses }))).toEqual({ kind: 'granted', history })
      const refused = { kind: 'over_limit', history, retryAfterMs: expect.any(Number) }
      expect(await session.claim(claimOf({ purses }))).toEqual(refused)
      expect(await session.claim(claimOf({ clientKey: 'stranger' }))).toEqual({ kind: 'granted', history: undefined })
    })

    test('fades from pass to pass and stays as it is between them', async () => {
      for (let pass = 0; pass < 50; pass++) await session.recordHistory('carrier')
      await elapse(storeLifetimes.rateMemoryMs)
      expect((await session.readHistory('carrier'))?.verifiedPerMinute).toBeCloseTo(5, 1)
      await session.recordHistory('carrier')
      expect((await session.readHistory('carrier'))?.verifiedPerMinute).toBeCloseTo(5 / Math.E + 0.1, 1)
    })

    test('keeps the rate of a client where the application vouches for its user', async () => {
      const vouched = { clientKey: 'client', isVouched: true }
      for (let pass = 0; pass < 3; pass++) await session.recordVerified(verifiedOf(vouched))
      expect((await session.readHistory('client'))?.verifiedPerMinute).toBeCloseTo(0.1, 3)
      for (let pass = 0; pass < 4; pass++) await session.recordVerified(verifiedOf({ clientKey: 'client' }))
      await session.recordVerified(verifiedOf(vouched))
      expect((await session.readHistory('client'))?.verifiedPerMinute).toBeCloseTo(0.5, 3)
    })

    test('ends 24 hours after the last verified pass', async () => {
      await session.recordHistory('client')
      await elapse(23 * hourMs)
      await session.recordHistory('client')
      await elapse(24 * hourMs - minuteMs)
      expect(await session.readHistory('client')).toBeDefined()
      await elapse(minuteMs)
      expect(await session.readHistory('client')).toBeUndefined()
      expect((await session.claim(claimOf({ requireKnown: true }))).kind).toBe('unknown_client')
    })
  })

  describe('a heartbeat', () => {
    test('returns nothing but the process itself from an empty store', async () => {
      const empty = { nowMs: expect.any(Number), processes: 1, ...notLearned, override: undefined }
      expect(await session.heartbeat(notLearned)).toEqual(empty)
    })

    test('counts each live process of the app id once', async () => {
      await session.heartbeat(notLearned)
      await connect({ captchaAppId: 2 }).heartbeat(notLearned)
      expect((await connect().heartbeat(notLearned)).processes).toBe(2)
      expect((await session.heartbeat(notLearned)).processes).toBe(2)
    })

    test('counts a process no longer that has sent none for 15 seconds', async () => {
      await connect().heartbeat({ ...notLearned, baselinePerMinute: 7 })
      await elapse(14_000)
      expect((await session.heartbeat(notLearned)).processes).toBe(2)
      await elapse(1_000)
      expect((await session.heartbeat(notLearned)).processes).toBe(1)
    })

    describe.each([
      { rate: 'baselinePerMinute', other: 'referencePerMinute', lasts: '24 hours', lastsMs: storeLifetimes.baselineMs },
      { rate: 'referencePerMinute', other: 'baselinePerMinute', lasts: '7 days', lastsMs: storeLifetimes.referenceMs },
    ] as const)('and its $rate:', ({ rate, other, lasts, lastsMs }) => {
      const learned = (perMinute: number): StoreLearned => ({ ...notLearned, [rate]: perMinute })

      test('those of the live processes are added up', async () => {
        await session.heartbeat(learned(100.5))
        const second = connect()
        expect((await second.heartbeat(learned(20)))[rate]).toBe(120.5)
        expect((await second.heartbeat(learned(0)))[rate]).toBe(100.5)
      })

      test('those of some processes are scaled up while there has never been a sum of all', async () => {
        await session.heartbeat(notLearned)
        expect((await connect().heartbeat(learned(30)))[rate]).toBe(60)
      })

      test('the last sum stays while a new process has learned none', async () => {
        await session.heartbeat(learned(100))
        expect((await connect().heartbeat(notLearned))[rate]).toBe(100)
      })

      test('the other rate has nothing to do with it', async () => {
        expect((await session.heartbeat(learned(100)))[other]).toBeUndefined()
        expect(await session.heartbeat({ ...notLearned, [other]: 7 })).toMatchObject({ [rate]: 100, [other]: 7 })
      })

      test(`the last sum stays for ${lasts} after all processes have ended`, async () => {
        await session.heartbeat(learned(100))
        await elapse(lastsMs - minuteMs)
        expect((await connect().heartbeat(notLearned))[rate]).toBe(100)
        await elapse(minuteMs)
        expect((await connect().heartbeat(notLearned))[rate]).toBeUndefined()
      })
    })
  })

  describe('an override', () => {
    const standing = async () => (await session.heartbeat(notLearned)).override
    /** The store's time, in whole milliseconds. */
    const nowMs = async () => Math.floor((await session.heartbeat(notLearned)).nowMs)

    test('reaches the other processes of its app id as it was set', async () => {
      const override = overrideOf({ by: 'Jörg "ops" \n' })
      expect(await session.setOverride(override)).toEqual(override)
      expect((await connect().heartbeat(notLearned)).override).toEqual(override)
      expect((await connect({ captchaAppId: 2 }).heartbeat(notLearned)).override).toBeUndefined()
    })

    test('stays the newest one, in whatever order they arrive, and each caller is told which one that is', async () => {
      const setMs = (await nowMs()) - 10_000
      const newer = overrideOf({ mode: 'verify_only', forMs: null, setMs })
      await session.setOverride(newer)
      expect(await connect().setOverride(overrideOf({ setMs: setMs - 1 }))).toEqual(newer)
      expect(await standing()).toEqual(newer)
      const newest = overrideOf({ mode: 'none', setMs: setMs + 1, forMs: null })
      expect(await connect().setOverride(newest)).toEqual(newest)
      expect(await standing()).toEqual(newest)
    })

    test('that arrives later stands, where two were set at the same time', async () => {
      const setMs = (await nowMs()) - 10_000
      await session.setOverride(overrideOf({ setMs }))
      const later = overrideOf({ setMs, mode: 'none', forMs: null })
      expect(await session.setOverride(later)).toEqual(later)
      expect(await standing()).toEqual(later)
    })

    test('that arrives later stands, where the other one was set ahead of the store: its clock was set back', async () => {
      const setMs = (await nowMs()) + hourMs
      await session.setOverride(overrideOf({ setMs }))
      const later = overrideOf({ setMs: setMs - hourMs, mode: 'none', forMs: null })
      expect(await session.setOverride(later)).toEqual(later)
    })

    test('that is sent twice stays as it is', async () => {
      const override = overrideOf({ setMs: (await nowMs()) - 10_000 })
      await session.setOverride(override)
      expect(await connect().setOverride({ ...override, setMs: override.setMs + 200 })).toEqual(override)
    })

    test('stands above an older one after its end', async () => {
      const override = overrideOf({ setMs: await nowMs() })
      await session.setOverride(override)
      await elapse(2 * minuteMs)
      const { nowMs: laterMs, override: ended } = await session.heartbeat(notLearned)
      expect(laterMs - (ended?.setMs ?? 0)).toBeGreaterThanOrEqual(2 * minuteMs - 1)
      const older = overrideOf({ mode: 'verify_only', forMs: null, setMs: Math.floor(laterMs) - 3 * minuteMs })
      expect((await session.setOverride(older)).id).toBe(override.id)
    })

    test('stays for 7 days after the last heartbeat', async () => {
      const { id } = await session.setOverride(overrideOf({ setMs: await nowMs() }))
      for (const days of [6, 6]) {
        await elapse(days * 24 * hourMs)
        expect((await standing())?.id).toBe(id)
      }
      await elapse(7 * 24 * hourMs)
      expect(await standing()).toBeUndefined()
    })
  })

  test(`${sharesStatus ? 'has both' : 'has none of the'} optional methods`, () => {
    const expected = sharesStatus ? 'function' : 'undefined'
    expect([typeof session.publishStatus, typeof session.readStatuses]).toEqual([expected, expected])
  })

  if (!sharesStatus) return

  describe('a status', () => {
    /** A process that lives and has published this. */
    async function publish(status: string, change: Partial<StoreContext> = {}): Promise<StoreSession> {
      const process = connect(change)
      await process.heartbeat(notLearned)
      await process.publishStatus?.(status)
      return process
    }
    const readAt = async (reader: StoreSession) => [...((await reader.readStatuses?.()) ?? ['cannot read'])].sort()

    test('is read as it was published by every other process of the app id, and not by its own', async () => {
      expect(await readAt(session)).toEqual([])
      const texts = ['{"pid":1}', ' Zürich\n"北京" \\ %d ']
      const [one, two] = [await publish(texts[0] as string), await publish(texts[1] as string)]
      await publish('another site', { captchaAppId: 2 })
      expect(await readAt(session)).toEqual([...texts].sort())
      expect(await readAt(one)).toEqual([texts[1]])
      expect(await readAt(two)).toEqual([texts[0]])
    })

    test('replaces the last one of its process', async () => {
      const process = await publish('first')
      await process.publishStatus?.('second')
      expect(await readAt(session)).toEqual(['second'])
    })

    test('of 8192 bytes is read whole', async () => {
      const longest = `{"text":"${'验'.repeat(2727)}"}`
      expect(Buffer.byteLength(longest)).toBe(8192)
      await publish(longest)
      expect(await readAt(session)).toEqual([longest])
    })

    test('is absent 15 seconds after it was published, while its process lives', async () => {
      const process = await publish('stale')
      await elapse(10_000)
      await process.heartbeat(notLearned)
      expect(await readAt(session)).toEqual(['stale'])
      await elapse(5_000)
      await process.heartbeat(notLearned)
      await publish('fresh')
      expect(await readAt(session)).toEqual(['fresh'])
    })

    test('is absent where its process lives no longer', async () => {
      await publish('gone')
      await elapse(15_000)
      await publish('live')
      expect(await readAt(session)).toEqual(['live'])
    })

    test('of a process without a heartbeat is absent', async () => {
      await connect().publishStatus?.('unheard')
      expect(await readAt(session)).toEqual([])
    })

    test('changes nothing of what a heartbeat returns', async () => {
      const before = await session.heartbeat({ ...notLearned, baselinePerMinute: 5 })
      await session.publishStatus?.('100')
      const after = await session.heartbeat({ ...notLearned, baselinePerMinute: 5 })
      expect(after).toEqual({ ...before, nowMs: expect.any(Number) })
    })

    test('is one of the 64 of the newest heartbeats, where there are more', async () => {
      for (let process = 0; process < 10; process++) await publish('old')
      await elapse(1_000)
      for (let process = 0; process < 64; process++) await publish('new')
      expect(await readAt(session)).toEqual(Array(64).fill('new'))
    })
  })
}
