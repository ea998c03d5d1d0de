import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { attackMs } from './attack-ms.js'
import { type AttackedServer, atRate, type Route } from './attacked-server.js'
import {
  attacked,
  closeAfterTest,
  expectNoEvidence,
  junk,
  nextIp,
  onlyVerified,
  sendHonest,
  useHealthyTencent,
  watch,
} from './local-attack.js'
import { compilePreload, describeWithPreload, type Preload } from './preload.js'

jest.setTimeout(150_000)

const tencent = useHealthyTencent()

describeWithPreload()('a Tencent whose name hangs in the resolver', () => {
  let preload: Preload

  beforeAll(() => {
    preload = compilePreload()
  })

  afterAll(() => preload.remove())

  function start(): Promise<AttackedServer> {
    const env = { LD_PRELOAD: preload.path, HANG_FILE: preload.hangFile }
    return attacked({ endpoint: `http://tencent.test:${tencent().port}`, env })
  }

  function hang(): void {
    writeFileSync(preload.hangFile, '')
    closeAfterTest(() => rmSync(preload.hangFile, { force: true }))
  }

  async function attack(route: Route, forMs: number) {
    hang()
    const server = await start()
    const calls = atRate(20, forMs, () => server.send(route, junk({ ip: nextIp() })))
    await new Promise((resolve) => setTimeout(resolve, forMs / 2))
    const lookup = server.lookUpMs()
    const stillHangs = calls.then(() => 'hangs' as const)
    return { server, calls, lookup: await Promise.race([lookup, stillHangs]) }
  }

  test('stops every lookup of a server whose handler is written by hand', async () => {
    const { lookup } = await attack('/plain', 2000)
    expect(lookup).toBe('hangs')
  })

  test('is no evidence, and lookups of other names go on', async () => {
    const { server, calls, lookup } = await attack('/guarded', attackMs({ short: 4000 }))
    expect(lookup).toBeLessThan(1000)
    const reasons = new Set((await calls).map((verdict) => verdict?.reason))
    expect([...reasons].sort()).toEqual(['budget_exhausted', 'overloaded'])
    await expectNoEvidence(server)
  })

  test('costs no user the verdict while an address is known', async () => {
    const server = await start()
    await sendHonest(server, '/guarded')
    hang()
    const closing = setInterval(() => tencent().closeIdle(), 50)
    const seen = await watch(server, '/guarded', attackMs({ short: 3000, whole: 90_000 }))
    clearInterval(closing)
    expect(seen).toEqual(onlyVerified)
    expect(seen.slowestLookupMs).toBeLessThan(1000)
  })
})
