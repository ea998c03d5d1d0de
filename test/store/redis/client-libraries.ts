import * as ioredisModule from 'ioredis'
import { createClient } from 'redis'
import type { RedisClient } from '../../../lib/store/redis/index.js'

export interface OpenClient {
  readonly client: RedisClient
  command(...args: string[]): Promise<unknown>
  close(): void
}

interface OldClient {
  disconnect(): Promise<void>
}

export interface ClientLibrary {
  readonly name: 'node-redis' | 'ioredis'
  /** Starts connecting, at once and again and again; does not wait for it. */
  open(port: number, password?: string): OpenClient
}

const reconnectMs = 50
/** ioredis 5.0 has no export of this name, only the default one. */
const Redis = ioredisModule.Redis ?? ioredisModule.default

const nodeRedis: ClientLibrary = {
  name: 'node-redis',
  open(port, password) {
    const client = createClient({
      socket: { host: '127.0.0.1', port, reconnectStrategy: () => reconnectMs },
      ...(password && { password }),
    })
    client.on('error', () => {})
    client.connect().catch(() => {})
    return {
      client,
      command: (...args) => client.sendCommand(args),
      // node-redis 4 has no `destroy`.
      close: () => ('destroy' in client ? client.destroy() : void (client as OldClient).disconnect().catch(() => {})),
    }
  },
}

const ioredis: ClientLibrary = {
  name: 'ioredis',
  open(port, password) {
    const client = new Redis({
      host: '127.0.0.1',
      port,
      retryStrategy: () => reconnectMs,
      ...(password && { password }),
    })
    client.on('error', () => {})
    return {
      client,
      command: (command = '', ...args) => client.call(command, ...args),
      close: () => client.disconnect(),
    }
  },
}

export const clientLibraries: readonly ClientLibrary[] = [nodeRedis, ioredis]
