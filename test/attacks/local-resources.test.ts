import { rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { attackMs } from './attack-ms.js'
import {
  type AttackedServer,
  atRate,
  attackedServer,
  type HealthyTencent,
  healthyTencent,
  type Route,
} from './attacked-server.js'
import { compilePreload, describeWithPreload, type Preload } from './preload.js'

jest.setTimeout(120_000)

let tencent: HealthyTencent
const closers: (() => void)[] = []

beforeAll(async () => {
  tencent = await healthyTencent()
})

afterAll(() => tencent.close())

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function attacked(...[options]: Parameters<typeof attackedServer>): Promise<AttackedServer> {
  const server = await attackedServer(options)
  closers.push(server.close)
  return server
}

let sent = 0
const honestIp = (index: number) => `198.51.${(index >> 8) & 255}.${index & 255}`
const sendHonest = (server: AttackedServer, route: Route) => {
  const index = sent++
  return server.send(route, { ticket: `genuine-${index}*`, ip: honestIp(index) })
}
const junk = (more: { ip?: string; hangUpAfterMs?: number; agent?: http.Agent } = {}) => ({
  ticket: `junk-${sent++}*`,
  ip: '203.0.113.1',
  ...more,
})

/** What honest users and the rest of the process saw while an attack ran. */
interface Seen {
  readonly reasons: readonly string[]
  readonly slowestLookupMs: number
}

async function watch(server: AttackedServer, route: Route, forMs: number): Promise<Seen> {
  const [verdicts, lookupsMs] = await Promise.all([
    atRate(10, forMs, () => sendHonest(server, route)),
    atRate(2, forMs, () => server.lookUpMs()),
  ])
  return {
    reasons: [...new Set(verdicts.map((verdict) => verdict?.reason ?? 'no answer'))],
    slowestLookupMs: Math.max(...lookupsMs),
  }
}

async function expectNoEvidence(server: AttackedServer): Promise<void> {
  const { circuit, api, purses } = await server.snapshot()
  expect(circuit.state).not.toBe('open')
  expect(api.state).not.toBe('outage')
  expect(purses.outage.taken).toBe(0)
  // Ten a minute, and ten at once.
  expect(purses.doubt.taken).toBeLessThanOrEqual(10 + Math.ceil(attackMs({ short: 6000 }) / 6000))
}

const onlyVerified = { reasons: ['verified'], slowestLookupMs: expect.any(Number) }

describeWithPreload()('with a resolver of the attack’s own,', () => {
  let preload: Preload

  beforeAll(() => {
    preload = compilePreload()
  })

  afterAll(() => preload.remove())

  const endpoint = () => `http://tencent.test:${tencent.port}`
  const env = (more: NodeJS.ProcessEnv = {}) => ({ LD_PRELOAD: preload.path, LOOKUP_MS: '20', ...more })

  describe('150 junk tickets a second whose sender hangs up after 30 ms', () => {
    async function attack(route: Route, forMs: number, more?: NodeJS.ProcessEnv) {
      const server = await attacked({ endpoint: endpoint(), env: env(more) })
      await sendHonest(server, route)
      const [seen] = await Promise.all([
        watch(server, route, forMs),
        atRate(150, forMs, () => server.send(route, junk({ hangUpAfterMs: 30 }))),
      ])
      return { server, seen }
    }

    test('stop every lookup of a server whose handler is written by hand', async () => {
      const { seen } = await attack('/plain', 5000)
      expect(seen.slowestLookupMs).toBeGreaterThan(1000)
    })

    test('are no evidence, keep no lookup waiting, and cost no honest user the verdict', async () => {
      const { server, seen } = await attack('/guarded', attackMs({ short: 5000 }))
      expect(seen).toEqual(onlyVerified)
      expect(seen.slowestLookupMs).toBeLessThan(1000)
      await expectNoEvidence(server)
    })

    /** Fewer than such connections a second: on loopback, a port is free again a second after its connection was closed. */
    const fewPorts = (first: number) => ({ LOOKUP_MS: '0', PORT_RANGE: `${first}-${first + 39}` })

    test('leave a handler written by hand without a local port, and it lets junk in', async () => {
      const { seen } = await attack('/plain', 4000, fewPorts(50_000))
      expect(seen.reasons).toContain('EADDRNOTAVAIL')
    })

    test('are no evidence either where the local ports are used up', async () => {
      const { server } = await attack('/guarded', attackMs({ short: 4000 }), fewPorts(50_040))
      await expectNoEvidence(server)
    })

    test('cost no honest user the verdict where the local ports are few', async () => {
      const { seen } = await attack('/guarded', attackMs({ short: 4000 }), fewPorts(50_080))
      expect(seen).toEqual(onlyVerified)
    })
  })

  describe('a Tencent whose name hangs in the resolver', () => {
    async function attack(route: Route, forMs: number) {
      writeFileSync(preload.hangFile, '')
      closers.push(() => rmSync(preload.hangFile, { force: true }))
      const server = await attacked({ endpoint: endpoint(), env: env({ HANG_FILE: preload.hangFile }) })
      const calls = atRate(20, forMs, () => server.send(route, junk({ ip: honestIp(sent++) })))
      await new Promise((resolve) => setTimeout(resolve, forMs / 2))
      const lookup = server.lookUpMs()
      const stillHangs = calls.then(() => 'hangs' as const)
      return { server, calls, lookup: await Promise.race([lookup, stillHangs]) }
    }

    test('stops every lookup of a server whose handler is written by hand', async () => {
      const { lookup } = await attack('/plain', 4000)
      expect(lookup).toBe('hangs')
    })

    test('is no evidence, and lookups of other names go on', async () => {
      const { server, calls, lookup } = await attack('/guarded', attackMs({ short: 6000 }))
      expect(lookup).toBeLessThan(1000)
      const reasons = new Set((await calls).map((verdict) => verdict?.reason))
      expect([...reasons].sort()).toEqual(['budget_exhausted', 'overloaded'])
      await expectNoEvidence(server)
    })

    test('costs nobody the verdict while an address is known', async () => {
      const server = await attacked({ endpoint: endpoint(), env: env({ HANG_FILE: preload.hangFile }) })
      await sendHonest(server, '/guarded')
      writeFileSync(preload.hangFile, '')
      closers.push(() => rmSync(preload.hangFile, { force: true }))
      const closing = setInterval(() => tencent.closeIdle(), 50)
      const seen = await watch(server, '/guarded', attackMs({ short: 3000, whole: 90_000 }))
      clearInterval(closing)
      expect(seen).toEqual(onlyVerified)
      expect(seen.slowestLookupMs).toBeLessThan(1000)
    })
  })

  describe('120 requests at once to a route that hashes passwords', () => {
    async function attack(route: Route, forMs: number) {
      const server = await attacked({ endpoint: endpoint(), env: env() })
      await sendHonest(server, route)
      tencent.closeIdle()
      let isOver = false
      const keepHashing = async () => {
        while (!isOver) await server.hash()
      }
      for (let i = 0; i < 120; i++) void keepHashing()
      const verdicts = await atRate(5, forMs, () => sendHonest(server, route))
      isOver = true
      return { server, reasons: [...new Set(verdicts.map((verdict) => verdict?.reason))] }
    }

    test('make a handler written by hand wait for a lookup until it gives up, and let everybody in', async () => {
      const { reasons } = await attack('/plain', 4000)
      expect(reasons).not.toEqual(['verified'])
    })

    test('are no evidence, and every honest user is verified', async () => {
      const { server, reasons } = await attack('/guarded', attackMs({ short: 5000 }))
      expect(reasons).toEqual(['verified'])
      await expectNoEvidence(server)
    })
  })
})

describe('held connections on a server of 120 descriptors', () => {
  async function attack(route: Route) {
    const server = await attacked({ endpoint: `http://localhost:${tencent.port}`, maxDescriptors: 120 })
    await sendHonest(server, route)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
    const connect = () => Promise.all(Array.from({ length: 20 }, () => server.send(route, junk({ agent }))))
    await connect()
    const held: Socket[] = []
    closers.push(() => {
      for (const socket of held) socket.destroy()
      agent.destroy()
    })
    for (let i = 0; i < 150; i++) held.push(net.connect(server.port, '127.0.0.1').on('error', () => {}))
    tencent.closeIdle()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const reasons: (string | undefined)[] = []
    for (let round = 0; round < 6; round++) {
      const ips = Array.from({ length: 20 }, () => honestIp(sent++))
      const verdicts = await Promise.all(ips.map((ip) => server.send(route, junk({ agent, ip }))))
      reasons.push(...verdicts.map((verdict) => verdict?.reason))
    }
    for (const socket of held.splice(0)) socket.destroy()
    return { server, reasons: new Set(reasons) }
  }

  test('make a handler written by hand let junk in', async () => {
    expect([...(await attack('/plain')).reasons]).toContain('EMFILE')
  })

  test('are no evidence', async () => {
    const { server, reasons } = await attack('/guarded')
    expect([...reasons]).toContain('overloaded')
    await expectNoEvidence(server)
  })
})
