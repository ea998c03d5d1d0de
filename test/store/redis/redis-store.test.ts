import { describe, expect, test } from '@jest/globals'
import type { Cluster, Redis } from 'ioredis'
import type { RedisClientPoolType, RedisClientType, RedisClusterType, RedisSentinelType } from 'redis'
import { CaptchaConfigError } from '../../../lib/index.js'
import { type RedisClient, type RedisStoreOptions, redisStore } from '../../../lib/store/redis/index.js'
import { contextOf } from '../conformance.js'

const context = contextOf()

/** The compiler proves that all kinds of clients fit. */
type Fitting =
  | RedisClientType
  | RedisClusterType
  | RedisSentinelType
  | RedisClientPoolType
  | Redis
  | Cluster extends RedisClient
  ? true
  : never
const fits: Fitting = true

/** A client of node-redis whose scripts return what the test says. */
function nodeRedis(evalSha: () => unknown, evalSource: () => unknown = evalSha): RedisClient {
  return { evalSha, eval: evalSource, sendCommand: () => {} } as unknown as RedisClient
}

const learned = { baselinePerMinute: 1, referencePerMinute: undefined }

describe('redisStore()', () => {
  test('accepts the clients of both libraries', () => {
    expect(fits).toBe(true)
    const ioredis = { evalsha: async () => [], eval: async () => [], call: async () => [] }
    expect(redisStore(ioredis).kind).toBe('redis')
    expect(redisStore(nodeRedis(async () => [])).kind).toBe('redis')
  })

  test.each([
    ['undefined', undefined, /got undefined/],
    ['null', null, /got null/],
    ['a URL', 'redis://127.0.0.1', /got redis:/],
    ['a promise', Promise.resolve({}), /`await` missing/],
    ['the class', class Redis {}, /got a function/],
    ['something else', new Map(), /an object of Map without `eval`/],
    ['an object without a prototype', Object.create(null), /an object of no class/],
    ['a legacy client', { evalSha() {}, eval() {}, options: { legacyMode: true } }, /give it `client.v4`/],
    ['half a client', { eval: () => {} }, /must be a client of the `redis` package/],
  ])('throws for %s instead of a client', (_what, client, message) => {
    expect(() => redisStore(client as unknown as RedisClient)).toThrow(CaptchaConfigError)
    expect(() => redisStore(client as unknown as RedisClient)).toThrow(message)
  })

  test.each([
    [{ keyPrefix: '' }, /`keyPrefix` is ''/],
    [{ keyPrefix: 'a b' }, /without blanks and braces/],
    [{ keyPrefix: '{a}' }, /without blanks and braces/],
    [{ keyPrefix: 'x'.repeat(65) }, /1 to 64/],
    [{ keyPrefix: 5 }, /`keyPrefix` is 5/],
    [{ prefix: 'x' }, /unknown option `prefix`/],
    [null, /must be an object/],
    ['tcg:', /must be an object/],
  ])('throws for the options %j', (options, message) => {
    const make = () =>
      redisStore(
        nodeRedis(async () => []),
        options as RedisStoreOptions,
      )
    expect(make).toThrow(CaptchaConfigError)
    expect(make).toThrow(message)
  })

  test('treats an undefined option as absent', () => {
    expect(() =>
      redisStore(
        nodeRedis(async () => []),
        { keyPrefix: undefined },
      ),
    ).not.toThrow()
  })

  test('sends nothing to the client before the first operation', () => {
    let calls = 0
    redisStore(nodeRedis(() => calls++)).connect(context)
    expect(calls).toBe(0)
  })
})

describe('a session of redisStore()', () => {
  const session = (client: RedisClient) => redisStore(client).connect(context)
  const fail = (message: string) => () => Promise.reject(new Error(message))

  test('sends the source of a script only to a server that does not know its digest', async () => {
    const known = session(nodeRedis(async () => ['', 'history', '0.5'], fail('not to be sent')))
    expect(await known.readHistory('client')).toEqual({ verifiedPerMinute: 0.5 })
    const unknown = session(nodeRedis(fail('NOSCRIPT No matching script.'), async () => ['', 'history', '0.5']))
    expect(await unknown.readHistory('client')).toEqual({ verifiedPerMinute: 0.5 })
    const full = session(nodeRedis(fail('OOM command not allowed'), fail('not to be sent')))
    await expect(full.readHistory('client')).rejects.toThrow('OOM')
  })

  test('rejects if the client throws, returns no promise, or returns an unreadable reply', async () => {
    const thrower = nodeRedis(() => {
      throw new Error('The client is closed')
    })
    await expect(session(thrower).recordHistory('client')).rejects.toThrow('closed')
    await expect(session(nodeRedis(() => undefined)).recordHistory('client')).rejects.toThrow('no promises')
    await expect(session(nodeRedis(async () => 'OK')).recordHistory('client')).rejects.toThrow('unreadable')
    await expect(session(nodeRedis(async () => 'OK')).readStatuses?.()).rejects.toThrow('unreadable')
    const nonsense = session(nodeRedis(async () => ['', 'many', 'x']))
    await expect(nonsense.heartbeat(learned)).rejects.toThrow('unreadable')
    await expect(nonsense.readHistory('client')).rejects.toThrow('unreadable')
  })

  test('reads replies that are buffers, as clients with a type mapping return them', async () => {
    const reply = ['', '99.5', '3', '4.5', '4', 'id', 'pass', 'ops', '', '17'].map((text) => Buffer.from(text))
    expect(await session(nodeRedis(async () => reply)).heartbeat(learned)).toEqual({
      nowMs: 99.5,
      processes: 3,
      baselinePerMinute: 4.5,
      referencePerMinute: 4,
      override: { id: 'id', mode: 'pass', by: 'ops', forMs: null, setMs: 17 },
    })
  })
})
