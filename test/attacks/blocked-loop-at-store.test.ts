import { expect, test } from '@jest/globals'
import { createGuard } from '../../lib/captcha-guard.js'
import { type Clock, systemClock } from '../../lib/clock.js'
import { parseOptions } from '../../lib/options/config.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { clientIp, startFlow, until } from '../flow/support.js'
import { clientLibraries } from '../store/redis/client-libraries.js'
import { describeWithRedis, RedisServer } from '../store/redis/redis-server.js'

/** What a large body or a slow handler does, which a caller can send for. */
function blockEventLoop(forMs: number): void {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs);
}

/** A deadline that counts from the question, and ends without a look at the sockets. */
const hasty: Clock = { ...systemClock, afterPoll: (run) => run() }

describeWithRedis()(
  'an event loop that a caller blocks for longer than the deadline of the store, as it is asked',
  () => {
    test.each(
      clientLibraries.flatMap(({ name, open }) => [
        {
          what: 'marks it as down where the deadline counts from the question',
          name,
          open,
          clock: hasty,
          state: 'down',
        },
        { what: 'leaves it up', name, open, clock: { ...systemClock }, state: 'up' },
      ]),
    )('$what, with $name', async ({ open, clock, state }) => {
      const server = await RedisServer.start()
      const connection = open(server.port)
      const flow = await startFlow()
      const guard = createGuard(parseOptions({ ...flow.options, store: redisStore(connection.client) }), clock)
      try {
        await until(() => guard.snapshot().store.state === 'up')
        guard.override('pass', { forMs: 60_000 })
        const verdict = guard.check({ ...flow.mint(), userIp: clientIp(1) })
        blockEventLoop(300)
        expect(await verdict).toMatchObject({ passed: true, reason: 'override' })
        expect(guard.snapshot().store.state).toBe(state)
      } finally {
        await guard.close()
        connection.close()
        await server.close()
      }
    })
  },
)
