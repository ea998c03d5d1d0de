import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import express from 'express'
import { createGuard } from '../../../lib/captcha-guard.js'
import type { CaptchaGuard, CaptchaGuardOptions } from '../../../lib/index.js'
import { parseOptions } from '../../../lib/options/config.js'
import { type Simulator, startSimulator } from '../../../lib/simulator/index.js'
import { redisStore } from '../../../lib/store/redis/index.js'
import { fallbackTicket, guardOptions, logBook, quickCircuit, until } from '../../flow/support.js'
import { PatientClock } from '../../support/patient-clock.js'
import { type ClientLibrary, clientLibraries } from './client-libraries.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

jest.setTimeout(60_000)

/** A store is tried again for seconds, and longer where a busy machine stops the clock meanwhile. */
const slowestMs = 25_000

type Token = { readonly ticket?: string; readonly randstr?: string }

/** One process of the site: an application, its guard and its own connection to Redis. */
interface SiteProcess {
  readonly guard: CaptchaGuard
  readonly lines: ReturnType<typeof logBook>['lines']
  /** Resolves to the reason of the verdict, and the milliseconds of its own clock that the answer took. */
  send(token?: Token, ip?: string): Promise<{ readonly reason: string; readonly ms: number }>
  stop(): Promise<void>
}

describeWithRedis()('guards on one Redis', () => {
  let server: RedisServer
  let simulator: Simulator
  const running = new Set<SiteProcess>()

  beforeEach(async () => {
    server = await RedisServer.start()
    simulator = await startSimulator()
  })
  afterEach(async () => {
    for (const site of running) await site.stop()
    await simulator.close()
    await server.close()
  })

  describe.each(clientLibraries)('with $name', (library) => {
    test('a ticket that passed at one process passes at no other one', async () => {
      const [one, two] = await startTwo(library)
      await breakApi(one, two)
      const ticket = simulator.mintTicket()
      expect((await one.send(ticket)).reason).toBe('circuit_open')
      expect((await two.send(ticket, '198.51.100.2')).reason).toBe('ticket_reused')
      const fallback = fallbackTicket(simulator.captchaAppId)
      expect((await two.send(fallback)).reason).toBe('client_fallback')
      expect((await one.send(fallback, '198.51.100.2')).reason).toBe('fallback_replayed')
    })

    test('a ticket that was verified at one process does not pass degraded at another', async () => {
      const [one, two] = await startTwo(library)
      const ticket = simulator.mintTicket()
      expect((await one.send(ticket)).reason).toBe('verified')
      await breakApi(one, two)
      expect((await two.send(ticket)).reason).toBe('ticket_reused')
    })

    test('a client has one limit, not one at each process', async () => {
      const [one, two] = await startTwo(library)
      await breakApi(one, two)
      const requests = Array.from({ length: 60 }, (_, index) => (index % 2 ? one : two).send(simulator.mintTicket()))
      const reasons = (await Promise.all(requests)).map(({ reason }) => reason)
      expect(reasons.filter((reason) => reason === 'circuit_open')).toHaveLength(20)
      expect(reasons.filter((reason) => reason === 'budget_exhausted')).toHaveLength(40)
    })

    test('a client that was verified at one process is known at the other: part of the total is its own', async () => {
      const total = { startPerMinute: 20, floorPerMinute: 20 }
      const [one, two] = await startTwo(library, { outage: { total } })
      expect((await one.send(simulator.mintTicket(), '198.51.100.99')).reason).toBe('verified')
      await breakApi(one, two)
      const strangers = []
      for (let index = 0; index < 20; index++) {
        strangers.push((await two.send(simulator.mintTicket(), `198.51.100.${index + 1}`)).reason)
      }
      expect(strangers.at(-1)).toBe('budget_exhausted')
      expect((await two.send(simulator.mintTicket(), '198.51.100.99')).reason).toBe('circuit_open')
    })

    test('an override set at one process holds at all of them, and the newest one wins', async () => {
      const [one, two] = await startTwo(library)
      one.guard.override('pass', { forMs: 60_000, by: 'ops' })
      await until(() => two.guard.snapshot().override.mode === 'pass', slowestMs)
      expect((await two.send({})).reason).toBe('override')
      expect(eventsOf(two, 'captcha_override')).toEqual([expect.objectContaining({ why: 'shared', by: 'ops' })])
      two.guard.override('none', { by: 'ops' })
      await until(() => one.guard.snapshot().override.mode === 'none', slowestMs)
      expect((await one.send({})).reason).toBe('ticket_missing')
    })

    test('a process that restarts in the middle of an outage keeps its override, its limits and its replay memory', async () => {
      const [one, two] = await startTwo(library)
      one.guard.override('pass', { forMs: 60_000 })
      const ticket = simulator.mintTicket()
      expect((await one.send(ticket)).reason).toBe('override')
      for (let pass = 1; pass < 20; pass++) expect((await one.send(simulator.mintTicket())).reason).toBe('override')
      await one.stop()
      const again = startProcess(library)
      await until(() => again.guard.snapshot().override.mode === 'pass')
      expect((await again.send(simulator.mintTicket())).reason).toBe('budget_exhausted')
      expect((await again.send(ticket, '198.51.100.2')).reason).toBe('ticket_reused')
      expect(again.guard.snapshot().store).toMatchObject({ kind: 'redis', state: 'up' })
      expect(two.guard.snapshot().store.processes).toBeGreaterThanOrEqual(1)
    })

    test('limits hold for the very first request of a process', async () => {
      const [one, two] = await startTwo(library)
      await breakApi(one, two)
      for (let pass = 0; pass < 20; pass++) await one.send(simulator.mintTicket())
      const again = startProcess(library, { outage: { perClient: { limit: 20 } }, doubt: { perClient: { limit: 0 } } })
      again.guard.override('pass', { forMs: 60_000 })
      expect((await again.send(simulator.mintTicket())).reason).toBe('budget_exhausted')
    })

    test('an override outlives a Redis that restarts empty, and one set meanwhile is shared', async () => {
      const [one, two] = await startTwo(library)
      await server.kill()
      await until(() => [one, two].every(({ guard }) => guard.snapshot().store.state === 'down'), slowestMs)
      one.guard.override('verify_only', { by: 'ops' })
      await server.start()
      await until(() => two.guard.snapshot().override.mode === 'verify_only', slowestMs)
      for (const site of [one, two]) {
        expect(eventsOf(site, 'captcha_store_down')).toHaveLength(1)
        expect(eventsOf(site, 'captcha_store_up')).toHaveLength(1)
      }
    })

    test('with Redis stopped, requests go on within local limits and no request waits long', async () => {
      const [one, two] = await startTwo(library)
      await breakApi(one, two)
      server.freeze()
      const first = await Promise.all(Array.from({ length: 20 }, () => one.send(simulator.mintTicket())))
      expect(first.filter(({ reason }) => reason === 'circuit_open').length).toBeGreaterThanOrEqual(19)
      expect(Math.max(...first.map(({ ms }) => ms))).toBeLessThan(400)
      // The signal may arrive after the last of these was answered; then the next request meets the silence first.
      while (one.guard.snapshot().store.state === 'up') await one.send(simulator.mintTicket(), '198.51.100.4')
      const next = await one.send(simulator.mintTicket(), '198.51.100.3')
      expect(next.ms).toBeLessThan(150)
      server.thaw()
      await until(() => one.guard.snapshot().store.state === 'up', slowestMs)
      expect(eventsOf(one, 'captcha_store_down')).toHaveLength(1)
      expect(eventsOf(one, 'captcha_store_up')).toHaveLength(1)
    })
  })

  function startProcess(library: ClientLibrary, degradation: CaptchaGuardOptions['degradation'] = {}): SiteProcess {
    const { logger, lines } = logBook()
    const connection = library.open(server.port)
    const options = guardOptions(simulator, {
      logger,
      store: redisStore(connection.client),
      onRefused: (_req, res, _next, { reason }) => res.json({ reason }),
      degradation: { circuit: quickCircuit, lateVerification: false, ...degradation },
    })
    // A clock of its own makes a site of its own, as a process of its own would.
    const clock = new PatientClock()
    const guard = createGuard(parseOptions(options), clock)
    const app = express().set('trust proxy', 'loopback')
    app.post('/', express.json(), (req, res, next) => {
      guard(req, res, (error?: unknown) => (error ? next(error) : res.json({ reason: req.captcha?.reason })))
    })
    const http: Server = app.listen(0, '127.0.0.1')
    const site: SiteProcess = {
      guard,
      lines,
      async send(token = {}, ip = '203.0.113.7') {
        if (!http.listening) await once(http, 'listening')
        const startedMs = clock.nowMs()
        const response = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': ip },
          body: JSON.stringify(token),
        })
        const { reason } = (await response.json()) as { reason: string }
        return { reason, ms: clock.nowMs() - startedMs }
      },
      async stop() {
        running.delete(site)
        await guard.close()
        clock.close()
        http.closeAllConnections()
        http.close()
        connection.close()
      },
    }
    running.add(site)
    return site
  }

  async function startTwo(
    library: ClientLibrary,
    degradation: CaptchaGuardOptions['degradation'] = {},
  ): Promise<[SiteProcess, SiteProcess]> {
    const sites: [SiteProcess, SiteProcess] = [startProcess(library, degradation), startProcess(library, degradation)]
    await until(() => sites.every(({ guard }) => guard.snapshot().store.state === 'up'), slowestMs)
    return sites
  }

  /** Sends each process a ticket of a client that no test looks at. */
  async function breakApi(...sites: readonly SiteProcess[]): Promise<void> {
    simulator.setFault('internal_error')
    for (const [index, site] of sites.entries()) {
      await site.send(simulator.mintTicket(), `198.18.0.${index + 1}`)
      await until(() => site.guard.snapshot().circuit.state === 'open')
    }
  }
})

function eventsOf({ lines }: SiteProcess, name: string): SiteProcess['lines'] {
  return lines.filter(({ event }) => event === name)
}
