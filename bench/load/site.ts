import { readdirSync } from 'node:fs'
import { createClient } from 'redis'
import { captchaGuard } from '../../lib/captcha-guard.js'
import type { CaptchaGuard } from '../../lib/guard/guard-types.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { appSecretKey, captchaAppId, credential, serveLogin } from '../http/server.js'
import type { Held } from './growth.js'

/** Serves a site that expects so many logins, with a shared store if given; tells its parent what the process holds when asked. */
export async function serveSite([endpoint, expectedPerMinute, redisUrl]: string[]): Promise<void> {
  const guard = captchaGuard({
    captchaAppId,
    appSecretKey,
    credential,
    endpoint: `${endpoint}`,
    logger: false,
    degradation: { expectedPerMinute: Number(expectedPerMinute), fallback: { scriptUrl: `${endpoint}/TJCaptcha.js` } },
    ...(redisUrl && { store: redisStore(await connect(redisUrl)) }),
  })
  process.on('message', () => process.send?.(held(guard)))
  process.send?.(await serveLogin(guard))
}

function connect(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: () => 100 } })
  client.on('error', () => {})
  return client.connect()
}

function held(guard: CaptchaGuard): Held {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    megabytes: (heapUsed + arrayBuffers) / 1e6,
    resources: process.getActiveResourcesInfo().length,
    // Sockets among them; those that hold no process open are not in the list above.
    descriptors: readdirSync('/dev/fd').length,
    lateTickets: guard.snapshot().late.waiting,
  }
}
