import http from 'node:http'
import net, { type Socket } from 'node:net'
import { describe, expect, jest, test } from '@jest/globals'
import type { Route } from './attacked-server.js'
import {
  attacked,
  closeAfterTest,
  expectNoEvidence,
  junk,
  nextIp,
  sendHonest,
  useHealthyTencent,
} from './local-attack.js'

jest.setTimeout(60_000)

const tencent = useHealthyTencent()

describe('held connections on a server of 120 descriptors', () => {
  async function attack(route: Route) {
    const server = await attacked({ endpoint: `http://localhost:${tencent().port}`, maxDescriptors: 120 })
    await sendHonest(server, route)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
    const connect = () => Promise.all(Array.from({ length: 20 }, () => server.send(route, junk({ agent }))))
    await connect()
    const held: Socket[] = []
    closeAfterTest(() => {
      for (const socket of held) socket.destroy()
      agent.destroy()
    })
    for (let i = 0; i < 150; i++) held.push(net.connect(server.port, '127.0.0.1').on('error', () => {}))
    tencent().closeIdle()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const reasons: (string | undefined)[] = []
    for (let round = 0; round < 6; round++) {
      const ips = Array.from({ length: 20 }, () => nextIp())
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
