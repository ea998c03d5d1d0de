import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { attackMs } from './attack-ms.js'
import { atRate, type Route } from './attacked-server.js'
import { attacked, expectNoEvidence, junk, onlyVerified, sendHonest, useHealthyTencent, watch } from './local-attack.js'
import { compilePreload, describeWithPreload, type Preload } from './preload.js'

jest.setTimeout(120_000)

const tencent = useHealthyTencent()

describeWithPreload()('150 junk tickets a second whose sender hangs up after 30 ms', () => {
  let preload: Preload

  beforeAll(() => {
    preload = compilePreload()
  })

  afterAll(() => preload.remove())

  async function attack(route: Route, forMs: number, env: NodeJS.ProcessEnv) {
    const server = await attacked({
      endpoint: `http://tencent.test:${tencent().port}`,
      env: { LD_PRELOAD: preload.path, ...env },
    })
    await sendHonest(server, route)
    const [seen] = await Promise.all([
      watch(server, route, forMs),
      atRate(150, forMs, () => server.send(route, junk({ hangUpAfterMs: 30 }))),
    ])
    return { server, seen }
  }

  const slowLookups = { LOOKUP_MS: '20' }
  /** Fewer than such connections a second: on loopback, a port is free again a second after its connection was closed. */
  const fewPorts = (first: number) => ({ LOOKUP_MS: '0', PORT_RANGE: `${first}-${first + 39}` })

  test('stop every lookup of a server whose handler is written by hand', async () => {
    const { seen } = await attack('/plain', 4000, slowLookups)
    expect(seen.slowestLookupMs).toBeGreaterThan(1000)
  })

  test('are no evidence, keep no lookup waiting, and cost no honest user the verdict', async () => {
    const { server, seen } = await attack('/guarded', attackMs({ short: 4000 }), slowLookups)
    expect(seen).toEqual(onlyVerified)
    expect(seen.slowestLookupMs).toBeLessThan(1000)
    await expectNoEvidence(server)
  })

  test('leave a handler written by hand without a local port, and it lets junk in', async () => {
    const { seen } = await attack('/plain', 3000, fewPorts(50_000))
    expect(seen.reasons).toContain('EADDRNOTAVAIL')
  })

  test('are no evidence and cost no honest user the verdict where the local ports are few', async () => {
    const { server, seen } = await attack('/guarded', attackMs({ short: 3000 }), fewPorts(50_040))
    expect(seen).toEqual(onlyVerified)
    await expectNoEvidence(server)
  })
})
