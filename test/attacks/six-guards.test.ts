import { describe, expect, test } from '@jest/globals'
import { createGuard } from '../../lib/captcha-guard.js'
import { systemClock } from '../../lib/clock.js'
import { type CaptchaGuard, type CaptchaStore, captchaGuard, memoryStore } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { guardOptions, until } from '../flow/support.js'
import { clientLibraries } from '../store/redis/client-libraries.js'
import { describeWithRedis, RedisServer } from '../store/redis/redis-server.js'

const count = 6

/** What six guards on one store have of the outage purse a minute, and for how many processes the store takes them. */
async function startSix(make: (simulator: Simulator) => CaptchaGuard) {
  const simulator = await startSimulator()
  const guards = Array.from({ length: count }, () => make(simulator))
  const snapshots = () => guards.map((guard) => guard.snapshot())
  await until(() => snapshots().every(({ store }) => store.state === 'up'))
  // A second heartbeat: the first process knows of the last one only then.
  await until(() => new Set(snapshots().map(({ store }) => store.processes)).size === 1, 7_000)
  const seen = snapshots().map(({ store, purses }) => [store.processes, purses.outage.perMinute])
  for (const guard of guards) await guard.close()
  await simulator.close()
  return seen
}

describe('six guards of one process', () => {
  test('have a sixth of the purse where each is a process to the store', async () => {
    const store = memoryStore()
    const seen = await startSix((simulator) =>
      createGuard(parseOptions({ ...guardOptions(simulator), store }), { ...systemClock }),
    )
    expect(seen).toEqual(Array(count).fill([6, 100]))
  })

  test('are one process to the store, and have the whole purse', async () => {
    const store = memoryStore()
    const seen = await startSix((simulator) => captchaGuard({ ...guardOptions(simulator), store }))
    expect(seen).toEqual(Array(count).fill([1, 600]))
  })
})

describeWithRedis()('six guards of one process, on Redis', () => {
  test.each(clientLibraries)('are one process, with $name', async ({ open }) => {
    const server = await RedisServer.start()
    const connection = open(server.port)
    const store: CaptchaStore = redisStore(connection.client)
    const seen = await startSix((simulator) => captchaGuard({ ...guardOptions(simulator), store }))
    expect(seen).toEqual(Array(count).fill([1, 600]))
    expect(await connection.command('HLEN', 'tcg:{190000001}:processes')).toBe(1)
    connection.close()
    await server.close()
  })
})
