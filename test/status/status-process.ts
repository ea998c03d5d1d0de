// One process of a fleet with the status page. Bundled and forked by a test.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type CheckInput, captchaGuard } from '../../lib/index.js'
import { captchaStatus } from '../../lib/status/index.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { clientLibraries } from '../store/redis/client-libraries.js'

export interface StatusProcessOrder {
  readonly redisPort: number
  readonly endpoint: string
  readonly captchaAppId: number
  readonly appSecretKey: string
  readonly credential: { readonly secretId: string; readonly secretKey: string }
}

async function serve({ redisPort, ...keys }: StatusProcessOrder): Promise<void> {
  const connection = clientLibraries[0]?.open(redisPort)
  if (connection === undefined) throw new Error('no library')
  const circuit = { consecutiveFailures: 1, canaryIntervalMs: 40, canaryMaxIntervalMs: 40 }
  const guard = captchaGuard({
    ...keys,
    store: redisStore(connection.client),
    logger: false,
    degradation: { circuit, fallback: { probe: false } },
  })
  const app = express().use('/ops/captcha', captchaStatus(guard, { authorize: () => 'ann' }))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.on('message', (input: CheckInput) => void guard.check(input).then(({ reason }) => process.send?.({ reason })))
  process.send?.({ port: (server.address() as AddressInfo).port, pid: process.pid })
}

const [order] = (await once(process, 'message')) as [StatusProcessOrder]
await serve(order)
