import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { attackMs } from './attack-ms.js'
import { atRate, type Route } from './attacked-server.js'
import { attacked, expectNoEvidence, sendHonest, useHealthyTencent } from './local-attack.js'
import { compilePreload, describeWithPreload, type Preload } from './preload.js'

jest.setTimeout(120_000)

const tencent = useHealthyTencent()

describeWithPreload()('120 requests at once to a route that hashes passwords', () => {
  let preload: Preload

  beforeAll(() => {
    preload = compilePreload()
  })

  afterAll(() => preload.remove())

  async function attack(route: Route, forMs: number) {
    const server = await attacked({
      endpoint: `http://tencent.test:${tencent().port}`,
      env: { LD_PRELOAD: preload.path, LOOKUP_MS: '20' },
    })
    await sendHonest(server, route)
    tencent().closeIdle()
    let isOver = false
    const keepHashing = async () => {
      while (!isOver) await server.hash()
    }
    for (let i = 0; i < 120; i++) void keepHashing()
    const verdicts = await atRate(5, forMs, () => sendHonest(server, route))
    isOver = true
    return { server, reasons: [...new Set(verdicts.map((verdict) => verdict?.reason))] }
  }

  test('make a handler written by hand wait for a lookup until it gives up, and let all requests in', async () => {
    const { reasons } = await attack('/plain', 3000)
    expect(reasons).not.toEqual(['verified'])
  })

  test('are no evidence, and every honest user is verified', async () => {
    const { server, reasons } = await attack('/guarded', attackMs({ short: 3000 }))
    expect(reasons).toEqual(['verified'])
    await expectNoEvidence(server)
  })
})
