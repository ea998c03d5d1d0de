import { CaptchaConfigError } from '../../options/captcha-config-error.js'
import type { LuaScript } from './scripts.js'

/** What is used of a node-redis client (v4 to v6): a client, cluster, sentinel or pool of the `redis` package. */
export interface NodeRedisClient {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What is used of an ioredis client (v5, v6): a `Redis` or a `Cluster`. */
export interface IoredisClient {
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  call(command: string, ...args: string[]): Promise<unknown>
}

/** A client of either library, as the application made it. */
export type RedisClient = NodeRedisClient | IoredisClient

/** One script run: all keys it touches, and its arguments. */
export interface ScriptCall {
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** Runs scripts on the application's client, whichever library made it. */
export interface ScriptRunner {
  run(script: LuaScript, call: ScriptCall): Promise<unknown>
}

type Send = (how: 'sha1' | 'source', script: LuaScript, call: ScriptCall) => unknown

/** Tells the client's library by its shape. Throws {@link CaptchaConfigError} when it is none of the two. */
export function scriptRunner(client: RedisClient): ScriptRunner {
  const send = senderOf(client)
  return {
    async run(script, call) {
      try {
        return await promised(send('sha1', script, call))
      } catch (error) {
        // The server is new to it, restarted or flushed its scripts: nothing has run yet.
        if (!isUnknownScript(error)) throw error
        return await promised(send('source', script, call))
      }
    },
  }
}

function senderOf(client: unknown): Send {
  if (isInLegacyMode(client)) {
    throw new CaptchaConfigError('client', 'redisStore() got a client in `legacyMode`; give it `client.v4` instead.')
  }
  if (isNodeRedis(client)) return nodeRedisSender(client)
  if (isIoredis(client)) return ioredisSender(client)
  throw new CaptchaConfigError(
    'client',
    `redisStore() got ${describe(client)}; it must be a client of the \`redis\` package (v4 or later) or of \`ioredis\` (v5 or later).`,
  )
}

function nodeRedisSender(client: NodeRedisClient): Send {
  return (how, script, { keys, args }) => {
    const options = { keys: [...keys], arguments: [...args] }
    return how === 'sha1' ? client.evalSha(script.sha1, options) : client.eval(script.source, options)
  }
}

function ioredisSender(client: IoredisClient): Send {
  return (how, script, { keys, args }) =>
    how === 'sha1'
      ? client.evalsha(script.sha1, keys.length, ...keys, ...args)
      : client.eval(script.source, keys.length, ...keys, ...args)
}

/** A client that takes callbacks answers nothing; that must not look like an answer. */
function promised(result: unknown): Promise<unknown> {
  if (hasMethods(result, 'then')) return result as Promise<unknown>
  return Promise.reject(new TypeError('the Redis client returns no promises'))
}

function isUnknownScript(error: unknown): boolean {
  return typeof error === 'object' && error !== null && String(Reflect.get(error, 'message')).startsWith('NOSCRIPT')
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return hasMethods(client, 'evalSha', 'eval')
}

function isIoredis(client: unknown): client is IoredisClient {
  return hasMethods(client, 'evalsha', 'eval', 'call')
}

/** Callbacks instead of promises, an option of node-redis v4. */
function isInLegacyMode(client: unknown): boolean {
  if (!isNodeRedis(client)) return false
  const options: unknown = Reflect.get(client, 'options')
  return typeof options === 'object' && options !== null && Reflect.get(options, 'legacyMode') === true
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  const hasProperties = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return hasProperties && names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function describe(value: unknown): string {
  if (hasMethods(value, 'then')) return 'a promise (is an `await` missing?)'
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  return `an object of ${value.constructor?.name ?? 'no class'} without \`eval\` and \`evalSha\``
}
