import { describe, expect, test } from '@jest/globals'
import { createGuard } from '../../lib/captcha-guard.js'
import { systemClock } from '../../lib/clock.js'
import { type CaptchaGuard, type CaptchaStore, memoryStore } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { breakApi, clientIp, type Flow, quickCircuit, startFlow, until } from '../flow/support.js'
import { clientLibraries } from '../store/redis/client-libraries.js'
import { describeWithRedis, RedisServer } from '../store/redis/redis-server.js'
import { HeldStore } from './held-store.js'

/** A store that does not say when the window moves on: what the guard did before it listened. */
function withoutRetryAfter(store: CaptchaStore): CaptchaStore {
  return {
    ...store,
    connect(context) {
      const session = store.connect(context)
      const claim: typeof session.claim = async (asked) => {
        const result = await session.claim(asked)
        return result.kind === 'over_limit' ? { ...result, retryAfterMs: 0 } : result
      }
      return { ...session, claim }
    },
  }
}

const bot = '203.0.113.66'

async function startOutage(store: CaptchaStore): Promise<Flow> {
  // Redis and the other process have the time of the system.
  const flow = await startFlow({ time: 'system', options: { store, degradation: { circuit: quickCircuit } } })
  await until(() => flow.guard.snapshot().store.state === 'up')
  await breakApi(flow)
  return flow
}

/** A process of its own on the same store, as far as the store knows: it is where the client used its limit up. */
async function useLimitUp(flow: Flow, store: CaptchaStore): Promise<CaptchaGuard> {
  const other = createGuard(parseOptions({ ...flow.options, store }), { ...systemClock })
  await until(() => other.snapshot().store.state === 'up')
  other.override('pass', { forMs: 60_000 })
  for (let index = 0; index < 20; index++) {
    const { passed } = await other.check({ ...flow.mint(), userIp: bot })
    expect(passed).toBe(true)
  }
  other.override('none')
  return other
}

const attempts = 100

describe('a client that is over its limit and goes on, on a store that counts', () => {
  test.each([
    [attempts, 'does not say when the window moves on', withoutRetryAfter],
    [1, 'is as it is', (store: CaptchaStore) => store],
  ] as const)('costs %i operations where the store %s', async (expected, _what, change) => {
    const memory = memoryStore()
    const counting = new HeldStore({ store: change(memory) })
    const flow = await startOutage(counting)
    const other = await useLimitUp(flow, memory)
    const before = counting.count('claim')
    for (let attempt = 0; attempt < attempts; attempt++) {
      expect((await flow.send(flow.mint(), { ip: bot })).captcha?.reason).toBe('budget_exhausted')
    }
    expect(counting.count('claim') - before).toBe(expected)
    expect((await flow.send(flow.mint(), { ip: clientIp(1) })).captcha?.passed).toBe(true)
    await other.close()
  })
})

describeWithRedis()('a client that is over its limit and goes on, on Redis', () => {
  test.each(clientLibraries)('costs one script, with $name', async ({ open }) => {
    const server = await RedisServer.start()
    const connection = open(server.port)
    const calls = async (): Promise<number> => {
      const stats = String(await connection.command('INFO', 'commandstats'))
      return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
    }
    try {
      const store = redisStore(connection.client)
      const flow = await startOutage(store)
      const other = await useLimitUp(flow, store)
      const before = await calls()
      for (let attempt = 0; attempt < attempts; attempt++) {
        expect((await flow.send(flow.mint(), { ip: bot })).captcha?.reason).toBe('budget_exhausted')
      }
      // One claim; the rest are heartbeats of the two processes.
      expect((await calls()) - before).toBeLessThan(10)
      await other.close()
      await flow.guard.close()
    } finally {
      connection.close()
      await server.close()
    }
  })
})
