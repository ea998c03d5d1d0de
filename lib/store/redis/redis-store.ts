import * as v from 'valibot'
import { objectOf, parse } from '../../options/schema-parts.js'
import type { CaptchaStore } from '../captcha-store.js'
import { keyNames } from './key-names.js'
import { type RedisClient, scriptRunner } from './redis-client.js'
import { RedisSession } from './redis-session.js'

/** Options of {@link redisStore}. `undefined` equals absent. */
export interface RedisStoreOptions {
  /** Begins every key. 1 to 64 printable ASCII characters, no blanks, no braces. @default 'tcg:' */
  keyPrefix?: string | undefined
}

/**
 * A store that processes share, on Redis 5 or later (or Valkey): limits per client, replay memory, history, baseline and
 * override. For the guard's option `store`; several guards may use one. One client, one Lua script per operation, an end
 * on every key, and all keys of an app id in one slot of a cluster.
 *
 * The client stays the application's: it is never connected, closed, configured or listened to here. Connect it, and give it
 * an `'error'` listener, for without one node-redis ends the process when the connection fails. A client with
 * `lazyConnect` (ioredis) connects at the guard's first heartbeat.
 *
 * A request waits for Redis 200 ms at most, and not at all while Redis is known to be away; local limits apply then, and
 * a warning `captcha_store_down` says why. What a client had queued meanwhile may run later: a pass that was granted
 * locally is then counted here too, and one that was refused locally is given back. Nothing is granted twice by it, but
 * while processes cannot see each other each of them grants up to the limit.
 *
 * Use a Redis that evicts nothing (`maxmemory-policy noeviction`): an evicted key is a forgotten limit. A cluster or
 * sentinel that loses the last writes at a fail-over forgets those passes.
 *
 * @throws CaptchaConfigError when the client is of neither `redis` (v4 or later) nor `ioredis` (v5 or later), or an option is wrong
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): CaptchaStore {
  const runner = scriptRunner(client)
  const { keyPrefix } = parse('redisStore', schema, options)
  return Object.freeze({
    kind: 'redis',
    connect: (context) => new RedisSession(runner, keyNames(keyPrefix, context.captchaAppId), context),
  } satisfies CaptchaStore)
}

const prefixMessage = '1 to 64 printable ASCII characters without blanks and braces'
const schema = objectOf({
  // A brace would move keys of one app id to different slots.
  keyPrefix: v.optional(v.pipe(v.string(prefixMessage), v.regex(/^[!-z|~]{1,64}$/, prefixMessage)), 'tcg:'),
})
