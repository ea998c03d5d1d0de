import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { StoreContext, StoreSession } from '../../../lib/index.js'
import { redisStore } from '../../../lib/store/redis/index.js'
import { claimOf, contextOf, overrideOf, purseOf, testConformance, verifiedOf } from '../conformance.js'
import { clientLibraries, type OpenClient } from './client-libraries.js'
import elapseScript from './elapse.lua'
import { describeWithRedis, RedisServer } from './redis-server.js'

const site = 'tcg:{190000001}'
const [processesKey, baselineKey, overrideKey] = [`${site}:processes`, `${site}:baseline`, `${site}:override`]
const [referenceKey, statusesKey] = [`${site}:reference`, `${site}:statuses`]
const notLearned = { baselinePerMinute: undefined, referencePerMinute: undefined }

describeWithRedis()('redisStore()', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.close())

  describe.each(clientLibraries)('with $name', ({ open }) => {
    let connection: OpenClient
    let corrupted: string[]
    let session: StoreSession

    beforeAll(() => {
      connection = open(server.port)
    })
    afterAll(() => connection.close())
    beforeEach(() => {
      corrupted = []
      session = connect()
    })
    afterEach(() => connection.command('FLUSHALL'))

    function connect(change: Partial<StoreContext> = {}, keyPrefix?: string): StoreSession {
      const onCorruption = (key: string) => corrupted.push(key)
      return redisStore(connection.client, { keyPrefix }).connect(contextOf({ onCorruption, ...change }))
    }

    const elapse = (ms: number) => connection.command('EVAL', elapseScript, '0', String(ms))

    testConformance(() => ({ store: redisStore(connection.client), elapse }))

    test('slides the window by the time of the server itself', async () => {
      const claim = async () => (await session.claim(claimOf({ purses: [purseOf({ limit: 1, windowMs: 50 })] }))).kind
      const startedMs = performance.now()
      expect(await claim()).toBe('granted')
      let waited = 0
      while ((await claim()) === 'over_limit') waited++
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49)
      expect(waited).toBeGreaterThan(0)
    })

    const keys = () => connection.command('KEYS', '*') as Promise<string[]>

    test('gives every key an end, a short name and the same slot of a cluster', async () => {
      const clientKey = 'x'.repeat(128)
      const ticketKey = 'y'.repeat(2048)
      await session.claim(claimOf({ clientKey, ticketKey, purses: [purseOf({ name: 'x'.repeat(64) })] }))
      await session.recordVerified(verifiedOf({ clientKey: '2001:db8::/56', ticketKey: '\u0000 {}' }))
      await session.heartbeat({ baselinePerMinute: 5, referencePerMinute: 4 })
      await session.setOverride(overrideOf({ mode: 'verify_only', forMs: null }))
      await session.publishStatus?.('{}')
      const names = await keys()
      expect(names).toHaveLength(9)
      for (const name of names) {
        expect(name).toMatch(/^tcg:\{190000001\}:/)
        expect(name.length).toBeLessThan(140)
        expect(await connection.command('PTTL', name)).toBeGreaterThan(0)
      }
    })

    test('begins every key with the prefix that it was given', async () => {
      await connect({}, 'shop-1/').heartbeat(notLearned)
      expect(await keys()).toEqual(['shop-1/{190000001}:processes'])
    })

    test('loads its scripts again when the server has forgotten them', async () => {
      await session.claim(claimOf())
      await connection.command('SCRIPT', 'FLUSH')
      expect((await session.claim(claimOf())).kind).toBe('granted')
    })

    test('counts no process whose last heartbeat lies 15 seconds ahead, as after the clock of the server was set back', async () => {
      await session.heartbeat(notLearned)
      await connection.command('HSET', processesKey, 'ahead', `${(Date.now() + 15_900) * 1000} 7`)
      await connection.command('HSET', processesKey, 'just', `${(Date.now() + 14_000) * 1000} 7`)
      expect((await session.heartbeat(notLearned)).processes).toBe(2)
      expect(await connection.command('HLEN', processesKey)).toBe(2)
    })

    test('keeps no status of a process that lives no longer', async () => {
      for (const processId of ['gone', 'live', 'live']) {
        await elapse(processId === 'live' ? 8_000 : 0)
        const process = connect({ processId })
        await process.heartbeat(notLearned)
        await process.publishStatus?.('own')
      }
      expect(await connection.command('HKEYS', statusesKey)).toEqual(['live'])
    })

    describe('a key with a value that the store did not write', () => {
      test.each([
        ['history', 'history:client', ['SET', 'garbage']],
        ['history', 'history:client', ['HSET', 'weight', 'nan', 'at', 'x']],
        ['history', 'history:client', ['HSET', 'weight', '9e99', 'at', '1']],
        ['passes', 'passes:outage/client', ['SET', 'garbage', 'EX', '60']],
        ['passes', 'passes:outage/client', ['ZADD', 'inf', 'a', 'inf', 'b']],
        ['ticket', 'ticket:ticket', ['HSET', 'a', 'b']],
        ['ticket', 'ticket:ticket', ['SET', 'garbage', 'EX', '60']],
      ] as const)('is deleted, reported and treated as absent: %s, %s, %j', async (kind, name, [command, ...args]) => {
        await connection.command(command, `${site}:${name}`, ...args)
        const claim = () => claimOf({ purses: [purseOf({ limit: 2 })], ticketKey: 'ticket' })
        expect(await session.claim(claim())).toEqual({ kind: 'granted', history: undefined })
        expect((await session.claim(claim())).kind).toBe('replayed')
        expect(corrupted).toEqual([`${site}:${kind}:*`])
      })

      test('is reported once for each kind of key', async () => {
        for (const client of ['a', 'b']) {
          await connection.command('SET', `tcg:{190000001}:history:${client}`, 'garbage')
          await session.recordHistory(client)
          expect(await session.readHistory(client)).toBeDefined()
        }
        expect(corrupted).toEqual([`${site}:history:*`])
      })

      test('stops no heartbeat', async () => {
        await connection.command('SET', processesKey, 'garbage')
        await connection.command('SET', baselineKey, 'garbage', 'EX', '60')
        await connection.command('SET', referenceKey, '-1', 'EX', '60')
        await connection.command('HSET', overrideKey, 'mode', 'pass', 'for', 'long')
        await connection.command('EXPIRE', overrideKey, '60')
        expect(await session.heartbeat(notLearned)).toEqual({
          nowMs: expect.any(Number),
          processes: 1,
          baselinePerMinute: undefined,
          referencePerMinute: undefined,
          override: undefined,
        })
        await session.heartbeat(notLearned)
        expect(corrupted).toEqual([processesKey, baselineKey, referenceKey, overrideKey])
      })

      test.each([
        ['pass', ''],
        ['pass', '86400001'],
        ['verify_only', '9007199254740991'],
      ])('is an override that nothing ends within a day: %s for "%s" ms', async (mode, forMs) => {
        const fields = ['id', 'a', 'mode', mode, 'by', 'ops', 'for', forMs, 'set', '1']
        await connection.command('HSET', overrideKey, ...fields)
        await connection.command('EXPIRE', overrideKey, '60')
        expect((await session.heartbeat(notLearned)).override).toBeUndefined()
        expect(corrupted).toEqual([overrideKey])
      })

      test('is no status: others are read, and it is deleted and reported', async () => {
        const publish = async (processId: string, status: string) => {
          const process = connect({ processId })
          await process.heartbeat(notLearned)
          await process.publishStatus?.(status)
        }
        for (const processId of ['garbage', 'oversized', 'ahead', 'intact']) await publish(processId, 'own')
        await connection.command('HSET', statusesKey, 'garbage', 'garbage')
        await connection.command('HSET', statusesKey, 'oversized', `${Date.now()}000 ${'x'.repeat(8_193)}`)
        await connection.command('HSET', statusesKey, 'ahead', `${Date.now() + 60_000}000 ahead`)
        expect(await session.readStatuses?.()).toEqual(['own'])
        expect(await connection.command('HKEYS', statusesKey)).toEqual(expect.arrayContaining(['ahead', 'intact']))
        expect(await connection.command('HLEN', statusesKey)).toBe(2)
        await connection.command('SET', statusesKey, 'garbage')
        expect(await session.readStatuses?.()).toEqual([])
        await publish('again', 'own')
        expect(await session.readStatuses?.()).toEqual(['own'])
        await connection.command('SET', processesKey, 'garbage')
        expect(await session.readStatuses?.()).toEqual([])
        expect(corrupted).toEqual([statusesKey, processesKey])
      })

      test('is replaced by a new override', async () => {
        await connection.command('RPUSH', overrideKey, 'garbage')
        const override = overrideOf()
        await session.setOverride(override)
        expect((await session.heartbeat(notLearned)).override).toEqual(override)
      })
    })
  })
})
