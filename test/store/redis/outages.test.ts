import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../../lib/clock.js'
import { Ledger } from '../../../lib/site/ledger.js'
import type { StoreSession } from '../../../lib/store/captcha-store.js'
import { redisStore } from '../../../lib/store/redis/index.js'
import { StoreLink } from '../../../lib/store/store-link.js'
import { contextOf } from '../conformance.js'
import { clientLibraries, type OpenClient } from './client-libraries.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

/** Twice what a request may wait for the store. */
const longWaitMs = 400
const limit = 20

interface Fault {
  readonly name: string
  readonly args?: readonly string[]
  strike(server: RedisServer): Promise<unknown> | undefined
  heal(server: RedisServer): Promise<unknown> | undefined
  readonly forgets?: boolean
  readonly why: RegExp
}

const restart = { heal: (server: RedisServer) => server.start(), forgets: true } as const

const faults: readonly Fault[] = [
  {
    name: 'stopped (SIGSTOP)',
    strike: async (server) => server.freeze(),
    heal: async (server) => server.thaw(),
    why: /^no answer within 200 ms$/,
  },
  { name: 'killed and restarted empty', strike: (server) => server.kill(), ...restart, why: /./ },
  {
    name: 'shut down and restarted empty',
    strike: (server) => server.command('SHUTDOWN NOSAVE').catch(() => {}),
    ...restart,
    why: /./,
  },
  {
    name: 'a read-only replica',
    strike: (server) => server.command('REPLICAOF 127.0.0.1 1'),
    heal: (server) => server.command('REPLICAOF NO ONE'),
    why: /READONLY/,
  },
  {
    name: 'full',
    strike: (server) => server.command('CONFIG SET maxmemory 1'),
    heal: (server) => server.command('CONFIG SET maxmemory 0'),
    why: /OOM/,
  },
  {
    name: 'busy with a script that does not end',
    args: ['--busy-reply-threshold', '50'],
    async strike(server) {
      void server.command('EVAL "while true do end" 0').catch(() => {})
      await until(async () => (await server.command('PING')).startsWith('-BUSY'))
    },
    heal: (server) => server.command('SCRIPT KILL'),
    why: /BUSY|no answer/,
  },
]

const opened: Array<{ close(): void | Promise<void> }> = []
afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource.close()
  // An unhandled rejection fails the test that is running.
  await new Promise((resolve) => setImmediate(resolve))
})

async function startServer(...args: readonly string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...args)
  opened.push(server)
  return server
}

/** Makes what one process of an application has: ledger and link over a client. */
function openLedger(connection: OpenClient) {
  opened.push(connection)
  const events: string[] = []
  const asked = { heartbeats: 0, claims: 0, pending: 0 }
  const session = counting(
    asked,
    redisStore(connection.client).connect(contextOf({ onCorruption: (key) => events.push(`corrupted: ${key}`) })),
  )
  const store = new StoreLink({
    session,
    clock: systemClock,
    learned: () => ({ baselinePerMinute: undefined, referencePerMinute: undefined }),
    onState: () => {},
    onDown: (why) => events.push(why),
    onUp: () => events.push('up'),
  })
  opened.push(store)
  const purse = {
    perClient: { limit, windowMs: 60_000 },
    total: { floorPerMinute: 1e6, baselineFactor: 1, startPerMinute: 1e6 },
  }
  const ledger = new Ledger({ clock: systemClock, totalPerMinute: () => 1e6, store: () => store })
  const { outage: setting } = ledger.openPurses({ outage: purse, doubt: purse })
  async function claim(clientKey: string, ticketKey?: string): Promise<{ readonly kind: string }> {
    const claim = { purse: 'outage', setting, clientKey, isFallback: false, ticketKey, isParentDrawn: false } as const
    return ledger.claimPass(claim)
  }
  /** Resolves when the link has tried the lost store once more, or waits for an answer to its heartbeat. */
  async function triedAgain(): Promise<void> {
    const { heartbeats } = asked
    await until(() => asked.heartbeats > heartbeats || asked.pending > 0)
  }
  return { events, store, claim, asked, triedAgain }
}

/** Counts the heartbeats of a session, its claims, and its operations that are under way. */
function counting(asked: { heartbeats: number; claims: number; pending: number }, session: StoreSession): StoreSession {
  const get = (_target: StoreSession, name: keyof StoreSession) => async (argument: never) => {
    if (name === 'heartbeat') asked.heartbeats++
    if (name === 'claim') asked.claims++
    asked.pending++
    try {
      return await session[name]?.(argument)
    } finally {
      asked.pending--
    }
  }
  return new Proxy(session, { get: get as ProxyHandler<StoreSession>['get'] & {} })
}

async function until(condition: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const dueMs = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > dueMs) throw new Error(`not within ${withinMs} ms: ${condition}`)
    await sleep(5)
  }
}

/** Resolves when all have, unless a timer that began with them fires first: on a busy machine both are late. */
async function beforeLongWait<T>(claims: readonly Promise<T>[]): Promise<readonly T[]> {
  const stop = new AbortController()
  const tooLong = sleep(longWaitMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`not within ${longWaitMs} ms of this process`)
  })
  try {
    return await Promise.race([Promise.all(claims), tooLong])
  } finally {
    stop.abort()
    tooLong.catch(() => {})
  }
}

describeWithRedis()('a process whose Redis fails', () => {
  describe.each(clientLibraries)('with $name', ({ open }) => {
    test.each(faults)(
      'applies its own limits at once and shares them again afterwards, when Redis is $name',
      async (fault) => {
        const server = await startServer(...(fault.args ?? []))
        const one = openLedger(open(server.port))
        const two = openLedger(open(server.port))
        await until(() => one.store.isUp && two.store.isUp)
        expect((await one.claim('before', 'ticket-before')).kind).toBe('granted')

        await fault.strike(server)
        const first = await beforeLongWait(Array.from({ length: 30 }, () => one.claim('client')))
        expect(first.filter(({ kind }) => kind === 'granted')).toHaveLength(limit)
        await until(() => one.store.isDown)
        const { claims } = one.asked
        expect(claims).toBeGreaterThan(0)
        for (let request = 0; request < 50; request++) await one.claim(`client-${request}`)
        expect(one.asked.claims).toBe(claims)
        expect((await two.claim('client', 'ticket-during')).kind).toBe('granted')
        await one.triedAgain()
        expect(one.events).toEqual([expect.stringMatching(fault.why)])
        expect(one.asked.heartbeats).toBeLessThan(6)

        await fault.heal(server)
        await until(() => one.store.isUp && two.store.isUp)
        for (const { events } of [one, two]) expect(events).toEqual([expect.any(String), 'up'])
        expect((await one.claim('after', 'ticket-after')).kind).toBe('granted')
        expect((await two.claim('after', 'ticket-after')).kind).toBe('replayed')
        if (!fault.forgets) expect((await two.claim('before', 'ticket-before')).kind).toBe('replayed')
        await until(() => one.asked.pending === 0)
        expect(one.events).toHaveLength(2)
      },
    )

    test('warns once about a Redis that is not there at the start, and uses it when it comes', async () => {
      const server = await RedisServer.notYetStarted()
      opened.push(server)
      const { events, store, claim, triedAgain } = openLedger(open(server.port))
      await beforeLongWait([claim('client'), claim('client')])
      await until(() => store.isDown)
      await triedAgain()
      expect(events).toHaveLength(1)
      await server.start()
      await until(() => store.isUp)
      expect(events.slice(1)).toEqual(['up'])
      const other = openLedger(open(server.port))
      await until(() => other.store.isUp)
      await claim('client', 'ticket')
      expect((await other.claim('client', 'ticket')).kind).toBe('replayed')
    })

    test('warns once about a Redis that requires another password', async () => {
      const server = await startServer('--requirepass', 'right')
      const { events, store, claim, triedAgain } = openLedger(open(server.port, 'wrong'))
      expect((await claim('client')).kind).toBe('granted')
      await until(() => store.isDown)
      await triedAgain()
      expect(events).toHaveLength(1)
      expect(events.join()).not.toContain('wrong')
    })

    test('warns once about a client that the application has closed', async () => {
      const server = await startServer()
      const connection = open(server.port)
      const { events, store, claim, triedAgain } = openLedger({ ...connection, close: () => {} })
      await until(() => store.isUp)
      connection.close()
      expect((await claim('client')).kind).toBe('granted')
      await until(() => store.isDown)
      await triedAgain()
      expect(events).toHaveLength(1)
    })

    test('gives back a late claim that it refused itself, and keeps a late claim that it granted', async () => {
      const server = await startServer()
      const one = openLedger(open(server.port))
      const two = openLedger(open(server.port))
      await until(() => one.store.isUp && two.store.isUp)
      server.freeze()
      const claims = await Promise.all(
        Array.from({ length: limit + 5 }, (_, index) => one.claim('client', `t-${index}`)),
      )
      const refused = claims.findIndex(({ kind }) => kind === 'exhausted')
      expect(claims.filter(({ kind }) => kind === 'granted')).toHaveLength(limit)
      server.thaw()
      await until(() => one.store.isUp)
      await until(() => one.asked.pending === 0)
      expect((await two.claim('another', `t-${refused}`)).kind).toBe('granted')
      expect((await two.claim('another', 't-0')).kind).toBe('replayed')
      expect((await two.claim('client', 'next')).kind).toBe('exhausted')
    })
  })
})
