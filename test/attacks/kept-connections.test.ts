import type { Socket } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Client } from 'undici'
import { captchaGuard } from '../../lib/index.js'
import { answer, rawServer, verifiedBody } from '../tencent/raw-server.js'

jest.setTimeout(60_000)

const closers: (() => unknown)[] = []

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

const ends: readonly ((socket: Socket) => unknown)[] = [(socket) => socket.end(), (socket) => socket.resetAndDestroy()]

/** Tencent behind a load balancer that ends every kept connection as the next request arrives on it, by FIN and RST in turn. */
async function impatientTencent() {
  const served = new Set<Socket>()
  const server = await rawServer((socket) => {
    if (served.has(socket)) return ends[served.size % 2]?.(socket)
    served.add(socket)
    return socket.write(answer(verifiedBody))
  })
  closers.push(server.close)
  return server
}

describe('kept connections that end under a request', () => {
  test('fail every second call of a plain client', async () => {
    const server = await impatientTencent()
    const client = new Client(server.url)
    closers.push(() => client.destroy())
    let failures = 0
    for (let i = 0; i < 100; i++) {
      await client
        .request({ path: '/', method: 'POST', body: '{}' })
        .then(({ body }) => body.dump())
        .catch(() => failures++)
    }
    expect(failures).toBeGreaterThan(40)
  })

  test('refuse none of 1000 honest users', async () => {
    const server = await impatientTencent()
    const guard = captchaGuard({
      captchaAppId: 190000001,
      appSecretKey: 'secret',
      credential: { secretId: 'AKID', secretKey: 'KEY' },
      endpoint: server.url,
      logger: false,
      degradation: { fallback: { probe: false } },
    })
    closers.push(() => guard.close())
    const reasons: string[] = []
    for (let round = 0; round < 250; round++) {
      const users = [0, 1, 2, 3].map((user) => round * 4 + user)
      const verdicts = await Promise.all(
        users.map((user) =>
          guard.check({ ticket: `ticket ${user}*`, randstr: '@abc', userIp: `198.51.${user >> 8}.${user & 255}` }),
        ),
      )
      reasons.push(...verdicts.map(({ reason }) => reason))
    }
    expect(reasons).toHaveLength(1000)
    expect(new Set(reasons)).toEqual(new Set(['verified']))
    expect(guard.snapshot().circuit.state).toBe('closed')
    expect(server.requests.length).toBeGreaterThan(1500)
  })
})
