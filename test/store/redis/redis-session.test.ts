import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { SharedClaim, SharedOverride, StoreSession } from '../../../lib/store/captcha-store.js'
import { redisStore } from '../../../lib/store/redis/index.js'
import { clientLibraries, type OpenClient } from './client-libraries.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const captchaAppId = 190000001

describeWithRedis()('a session on Redis', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.close())

  describe.each(clientLibraries)('with $name', ({ open }) => {
    let connection: OpenClient
    let corrupted: string[]
    let session: StoreSession

    function connect(processId: string = randomUUID(), keyPrefix?: string): StoreSession {
      return redisStore(connection.client, { keyPrefix }).connect({
        captchaAppId,
        processId,
        onCorruption: (key) => corrupted.push(key),
      })
    }

    beforeAll(() => {
      connection = open(server.port)
      corrupted = []
      session = connect()
    })
    afterAll(() => connection.close())
    afterEach(async () => {
      await connection.command('FLUSHALL')
      corrupted = []
      session = connect()
    })

    const keys = () => connection.command('KEYS', '*') as Promise<string[]>

    test('grants up to the limit, then no more', async () => {
      const answers = []
      for (let attempt = 0; attempt < 5; attempt++) answers.push(await session.claim(claimOf({ limit: 3 })))
      expect(answers.map(({ kind }) => kind)).toEqual(['granted', 'granted', 'granted', 'over_limit', 'over_limit'])
    })

    test('grants nothing where the limit is 0, to a known client either', async () => {
      await session.recordHistory('client')
      const claim = claimOf({ limit: 0, ownRateFactor: 1_000_000 })
      expect(await session.claim(claim)).toMatchObject({ kind: 'over_limit' })
    })

    test('counts each client, purse and app id by itself', async () => {
      const other = redisStore(connection.client).connect({
        captchaAppId: 2,
        processId: 'p',
        onCorruption: () => {},
      })
      const claims = [
        session.claim(claimOf({ limit: 1 })),
        session.claim(claimOf({ limit: 1, clientKey: 'another' })),
        session.claim(claimOf({ limit: 1, purse: 'doubt' })),
        other.claim(claimOf({ limit: 1 })),
      ]
      for (const { kind } of await Promise.all(claims)) expect(kind).toBe('granted')
    })

    test('lets the window slide: one more as the first one leaves it', async () => {
      const claim = () => session.claim(claimOf({ limit: 2, windowMs: 300 }))
      expect((await claim()).kind).toBe('granted')
      await sleep(150)
      expect((await claim()).kind).toBe('granted')
      expect((await claim()).kind).toBe('over_limit')
      await sleep(170)
      expect((await claim()).kind).toBe('granted')
      expect((await claim()).kind).toBe('over_limit')
    })

    test('marks the ticket with the pass, for all processes', async () => {
      const [first, second] = [claimOf({ ticketKey: 'ticket' }), claimOf({ ticketKey: 'ticket', clientKey: 'another' })]
      expect((await session.claim(first)).kind).toBe('granted')
      expect((await connect().claim(second)).kind).toBe('replayed')
    })

    test('marks no ticket that was refused', async () => {
      const ticketKey = 'refused'
      expect((await session.claim(claimOf({ ticketKey, limit: 0 }))).kind).toBe('over_limit')
      expect((await session.claim(claimOf({ ticketKey, requireKnown: true }))).kind).toBe('unknown_client')
      expect((await session.claim(claimOf({ ticketKey }))).kind).toBe('granted')
    })

    test('takes a verified ticket for passed, and its client for known', async () => {
      const verified = { passId: 'pass', ticketKey: 'ticket', clientKey: 'client' }
      expect(await session.recordVerified(verified)).toEqual({ isFirst: true })
      expect((await session.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('replayed')
      const known = await session.claim(claimOf({ ticketKey: 'next', requireKnown: true }))
      expect(known).toEqual({ kind: 'granted', history: { verifiedPerMinute: expect.closeTo(0.1, 3) } })
    })

    test('verifies no ticket that passed already, and the same pass twice', async () => {
      const verified = { passId: 'pass', ticketKey: 'twice', clientKey: 'client' }
      expect(await session.recordVerified(verified)).toEqual({ isFirst: true })
      expect(await session.recordVerified(verified)).toEqual({ isFirst: true })
      expect(await session.recordVerified({ ...verified, passId: 'other' })).toEqual({ isFirst: false })
      await session.claim(claimOf({ ticketKey: 'degraded' }))
      const afterwards = { passId: 'pass', ticketKey: 'degraded', clientKey: 'stranger' }
      expect(await session.recordVerified(afterwards)).toEqual({ isFirst: false })
      expect(await session.readHistory('stranger')).toBeUndefined()
    })

    test('gives a known client its own rate, and never less than the limit', async () => {
      for (let pass = 0; pass < 20; pass++) await session.recordHistory('busy')
      const claim = () => session.claim(claimOf({ clientKey: 'busy', limit: 2, ownRateFactor: 3 }))
      const kinds = []
      for (let attempt = 0; attempt < 8; attempt++) kinds.push((await claim()).kind)
      expect(kinds.filter((kind) => kind === 'granted')).toHaveLength(5)
      await session.recordHistory('calm')
      const calm = await session.claim(claimOf({ clientKey: 'calm', limit: 1, ownRateFactor: 3 }))
      expect(calm.kind).toBe('granted')
    })

    test('knows nobody without a verified pass', async () => {
      expect(await session.readHistory('nobody')).toBeUndefined()
      await session.recordHistory('somebody')
      await session.recordHistory('somebody')
      expect((await connect().readHistory('somebody'))?.verifiedPerMinute).toBeCloseTo(0.2, 3)
    })

    test('lets a rate fade from pass to pass, and not in an outage, when nobody is verified', async () => {
      const [key, tenMinutesAgo] = ['tcg:{190000001}:history:carrier', (Date.now() - 600_000) * 1000]
      await connection.command('HSET', key, 'weight', '50', 'at', String(tenMinutesAgo))
      await connection.command('EXPIRE', key, '60')
      expect(await session.readHistory('carrier')).toEqual({ verifiedPerMinute: 5 })
      await session.recordHistory('carrier')
      expect((await session.readHistory('carrier'))?.verifiedPerMinute).toBeCloseTo(5 / Math.E + 0.1, 1)
      expect(await connection.command('PTTL', key)).toBeGreaterThan(23 * 3_600_000)
    })

    test('undoes exactly the claim it is asked to undo', async () => {
      const first = claimOf({ limit: 2, ticketKey: 'first' })
      const second = claimOf({ limit: 2, ticketKey: 'second' })
      await session.claim(first)
      await session.claim(second)
      await session.release(first)
      await session.release(first)
      expect((await session.claim(claimOf({ limit: 2, ticketKey: 'second' }))).kind).toBe('replayed')
      expect((await session.claim(claimOf({ limit: 2, ticketKey: 'first' }))).kind).toBe('granted')
      expect((await session.claim(claimOf({ limit: 2, ticketKey: 'third' }))).kind).toBe('over_limit')
      await session.release(first)
      expect((await session.claim(claimOf({ limit: 3, ticketKey: 'first' }))).kind).toBe('replayed')
    })

    test('grants a claim once, however often a reconnecting client sends it', async () => {
      const claim = claimOf({ limit: 2, ticketKey: 'twice' })
      expect((await session.claim(claim)).kind).toBe('granted')
      expect((await session.claim(claim)).kind).toBe('granted')
      expect((await session.claim(claimOf({ limit: 2 }))).kind).toBe('granted')
      expect((await session.claim(claimOf({ limit: 2 }))).kind).toBe('over_limit')
    })

    test('ends every key, keeps them all in one slot, and their names short', async () => {
      const clientKey = 'x'.repeat(128)
      const ticketKey = 'y'.repeat(2048)
      await session.claim(claimOf({ clientKey, ticketKey }))
      await session.recordVerified({ passId: 'pass', clientKey: '2001:db8::/56', ticketKey: '\u0000 {}' })
      await session.heartbeat({ baselinePerMinute: 5 })
      await session.setOverride(overrideOf({ untilEpochMs: null }))
      const names = await keys()
      expect(names).toHaveLength(7)
      for (const name of names) {
        expect(name).toMatch(/^tcg:\{190000001\}:/)
        expect(name.length).toBeLessThan(128)
        expect(await connection.command('PTTL', name)).toBeGreaterThan(0)
      }
    })

    test('puts the prefix it was given before every key', async () => {
      await connect('p', 'shop-1/').heartbeat({ baselinePerMinute: undefined })
      expect(await keys()).toEqual(['shop-1/{190000001}:processes'])
    })

    test('loads its scripts again when the server has forgotten them', async () => {
      await session.claim(claimOf({}))
      await connection.command('SCRIPT', 'FLUSH')
      expect((await session.claim(claimOf({}))).kind).toBe('granted')
    })

    describe('heartbeats', () => {
      test('count the processes that live', async () => {
        expect(await session.heartbeat({ baselinePerMinute: undefined })).toEqual({
          processes: 1,
          baselinePerMinute: undefined,
          override: undefined,
        })
        expect((await connect().heartbeat({ baselinePerMinute: undefined })).processes).toBe(2)
        expect((await session.heartbeat({ baselinePerMinute: undefined })).processes).toBe(2)
      })

      test('let a process go that has been silent for 15 seconds', async () => {
        await connect('silent').heartbeat({ baselinePerMinute: 7 })
        await connection.command('HSET', processesKey, 'silent', `${(Date.now() - 15_100) * 1000} 7`)
        await connection.command('HSET', processesKey, 'ahead', `${(Date.now() + 15_900) * 1000} 7`)
        await connection.command('HSET', processesKey, 'just', `${(Date.now() - 14_000) * 1000} 7`)
        expect((await session.heartbeat({ baselinePerMinute: undefined })).processes).toBe(2)
        expect(await connection.command('HLEN', processesKey)).toBe(2)
      })

      test('add up what the processes have learned', async () => {
        await session.heartbeat({ baselinePerMinute: 100.5 })
        expect((await connect().heartbeat({ baselinePerMinute: 20 })).baselinePerMinute).toBe(120.5)
      })

      test('scale it while only some have learned anything, and there is no sum of all', async () => {
        await session.heartbeat({ baselinePerMinute: undefined })
        const second = await connect().heartbeat({ baselinePerMinute: 30 })
        expect(second.baselinePerMinute).toBe(60)
      })

      test('keep the sum of all while a new process has learned nothing', async () => {
        await session.heartbeat({ baselinePerMinute: 100 })
        expect((await connect().heartbeat({ baselinePerMinute: undefined })).baselinePerMinute).toBe(100)
      })

      test('keep the site over a restart of all processes', async () => {
        await session.heartbeat({ baselinePerMinute: 100 })
        await connection.command('DEL', processesKey)
        expect((await connect().heartbeat({ baselinePerMinute: undefined })).baselinePerMinute).toBe(100)
        const leftMs = Number(await connection.command('PTTL', baselineKey))
        expect(leftMs).toBeGreaterThan(23 * 3_600_000)
      })
    })

    describe('the override', () => {
      test('reaches the other processes', async () => {
        const override = overrideOf({ by: 'Jörg "ops" \n' })
        await session.setOverride(override)
        expect((await connect().heartbeat({ baselinePerMinute: undefined })).override).toEqual(override)
      })

      test('is the newest one, in whatever order they arrive', async () => {
        const newer = overrideOf({ mode: 'verify_only', untilEpochMs: null })
        await session.setOverride(newer)
        await session.setOverride({ ...overrideOf({}), setEpochMs: newer.setEpochMs - 1 })
        expect((await session.heartbeat({ baselinePerMinute: undefined })).override).toEqual(newer)
      })

      test('ends by itself', async () => {
        const setEpochMs = Date.now()
        await session.setOverride(overrideOf({ setEpochMs, untilEpochMs: setEpochMs + 60 }))
        await sleep(80)
        expect((await session.heartbeat({ baselinePerMinute: undefined })).override).toBeUndefined()
      })
    })

    describe('what is not ours under our keys', () => {
      test.each([
        ['history', 'history:client', ['SET', 'garbage']],
        ['history', 'history:client', ['HSET', 'weight', 'nan', 'at', 'x']],
        ['history', 'history:client', ['HSET', 'weight', '9e99', 'at', '1']],
        ['passes', 'passes:outage:client', ['SET', 'garbage', 'EX', '60']],
        ['passes', 'passes:outage:client', ['ZADD', 'inf', 'a', 'inf', 'b']],
        ['ticket', 'ticket:ticket', ['HSET', 'a', 'b']],
        ['ticket', 'ticket:ticket', ['SET', 'garbage', 'EX', '60']],
      ] as const)('%s: %s by %j', async (kind, name, [command, ...args]) => {
        await connection.command(command, `tcg:{190000001}:${name}`, ...args)
        const claim = () => claimOf({ limit: 2, ticketKey: 'ticket' })
        expect(await session.claim(claim())).toEqual({ kind: 'granted', history: undefined })
        expect((await session.claim(claim())).kind).toBe('replayed')
        expect(corrupted).toEqual([`tcg:{190000001}:${kind}:*`])
      })

      test('is told once for each kind', async () => {
        for (const client of ['a', 'b']) {
          await connection.command('SET', `tcg:{190000001}:history:${client}`, 'garbage')
          await session.recordHistory(client)
          expect(await session.readHistory(client)).toBeDefined()
        }
        expect(corrupted).toEqual(['tcg:{190000001}:history:*'])
      })

      test('does not stop heartbeats', async () => {
        await connection.command('SET', processesKey, 'garbage')
        await connection.command('SET', baselineKey, 'garbage', 'EX', '60')
        await connection.command('HSET', overrideKey, 'mode', 'pass', 'until', 'soon')
        await connection.command('EXPIRE', overrideKey, '60')
        expect(await session.heartbeat({ baselinePerMinute: undefined })).toEqual({
          processes: 1,
          baselinePerMinute: undefined,
          override: undefined,
        })
        await session.heartbeat({ baselinePerMinute: undefined })
        expect(corrupted).toEqual([processesKey, baselineKey, overrideKey])
      })

      test('is replaced by an override', async () => {
        await connection.command('RPUSH', overrideKey, 'garbage')
        const override = overrideOf({})
        await session.setOverride(override)
        expect((await session.heartbeat({ baselinePerMinute: undefined })).override).toEqual(override)
      })
    })
  })
})

const processesKey = 'tcg:{190000001}:processes'
const baselineKey = 'tcg:{190000001}:baseline'
const overrideKey = 'tcg:{190000001}:override'

function claimOf(change: Partial<SharedClaim>): SharedClaim {
  return {
    claimId: randomUUID(),
    purse: 'outage',
    clientKey: 'client',
    ticketKey: undefined,
    replayMs: 300_000,
    limit: 20,
    windowMs: 60_000,
    ownRateFactor: 0,
    requireKnown: false,
    ...change,
  }
}

function overrideOf(change: Partial<SharedOverride>): SharedOverride {
  const setEpochMs = change.setEpochMs ?? Date.now()
  return { mode: 'pass', by: 'ops', untilEpochMs: setEpochMs + 60_000, setEpochMs, ...change }
}
