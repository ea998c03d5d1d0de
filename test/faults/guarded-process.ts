// The process under test: guards of an application, and what they leave behind. Bundled and forked by a test.
import { createHook } from 'node:async_hooks'
import {
  type CaptchaGuard,
  type CaptchaGuardOptions,
  type CaptchaVerdict,
  captchaGuard,
  cvmRoleCredential,
  type GuardSnapshot,
  tkeOidcCredential,
} from '../../lib/index.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { clientLibraries, type OpenClient } from '../store/redis/client-libraries.js'
import type { GuardSetting } from './fault-case.js'
import { askPlainly, type PlainOrder, type PlainResult } from './plain-client.js'

/** One line of the guard's log. */
export interface Line {
  readonly event: string
  readonly level: string
  readonly evidence?: 'none' | 'outage'
}

/** What became of one ticket. */
export interface Checked {
  readonly verdict: CaptchaVerdict
  readonly tookMs: number
  /** All lines of the guard until then but those of level debug. */
  readonly lines: readonly Line[]
}

export interface OpenOrder extends GuardSetting {
  readonly captchaAppId: number
  readonly appSecretKey: string
}

/** What a test may have done in this process. */
export interface Commands {
  /** Takes note of what the process holds. */
  begin(): void
  open(order: OpenOrder): void
  /** Lets so many users send a ticket each, all at once. */
  check(order: { readonly captchaAppId: number; readonly count: number }): Promise<Checked[]>
  /** The guard's state, once a canary has said what a failure meant. */
  settled(captchaAppId: number): Promise<GuardSnapshot>
  /** Closes the guard; resolves to all lines as they were written. */
  close(captchaAppId: number): Promise<string>
  /** What the process holds more than at the beginning: none, or what is still there after some seconds. */
  left(): Promise<string[]>
  plain(order: PlainOrder): Promise<PlainResult>
}

interface OpenGuard {
  readonly guard: CaptchaGuard
  readonly redis: OpenClient | undefined
  readonly lines: Line[]
  readonly raw: string[]
  users: number
}

const guards = new Map<number, OpenGuard>()

function guardOf(captchaAppId: number): OpenGuard {
  const open = guards.get(captchaAppId)
  if (open === undefined) throw new Error(`no guard ${captchaAppId}`)
  return open
}

/** Timers of the process, those that do not keep it alive as well, and what made each. */
const timers = new Map<number, string>()
let isOwnTimer = false
createHook({
  init(id, type) {
    if (type !== 'Timeout' || isOwnTimer) return
    const maker = makerOf(new Error().stack ?? '')
    // Deadlines of node-redis's own commands, which end with it.
    if (!maker.includes('@redis/client')) timers.set(id, maker)
  },
  destroy: (id) => timers.delete(id),
}).enable()

/** The function in which something was made, below those of Node and of the clock. */
function makerOf(stack: string): string {
  const frames = stack
    .split('\n')
    .slice(2)
    .map((frame) => frame.trim())
  return frames.find((frame) => !/node:internal|node:timers|SystemTimer|Object\.after/.test(frame)) ?? 'Node'
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    isOwnTimer = true
    setTimeout(resolve, ms)
    isOwnTimer = false
  })
}

/** Over what a provider of keys may take of its own. */
const longestWaitMs = 4000

async function until(condition: () => boolean): Promise<boolean> {
  const dueMs = performance.now() + longestWaitMs
  while (!condition()) {
    if (performance.now() > dueMs) return false
    await pause(5)
  }
  return true
}

let heldTimers: ReadonlySet<number> = new Set()
let held: readonly string[] = []

function surplus(): string[] {
  const before = [...held]
  const resources = process.getActiveResourcesInfo().filter((resource) => {
    const index = before.indexOf(resource)
    if (index >= 0) before.splice(index, 1)
    return index < 0
  })
  const madeSince = [...timers].filter(([id]) => !heldTimers.has(id)).map(([, maker]) => `a timer, made ${maker}`)
  return [...resources, ...madeSince]
}

function credentialOf({ credential }: GuardSetting): NonNullable<CaptchaGuardOptions['credential']> {
  switch (credential?.from) {
    case 'cvm':
      return cvmRoleCredential({ metadataUrl: credential.metadataUrl, timeoutMs: credential.timeoutMs })
    case 'tke':
      return tkeOidcCredential({
        endpoint: credential.stsUrl,
        timeoutMs: credential.timeoutMs,
        tokenFile: credential.tokenFile,
        region: 'ap-guangzhou',
        providerId: 'p',
        roleArn: 'r',
      })
    case 'options': {
      const { secretId, secretKey, token } = credential
      return { secretId, secretKey, token }
    }
    case undefined:
      return { secretId: 'AKID', secretKey: 'KEY' }
  }
}

const commands: Commands = {
  begin() {
    heldTimers = new Set(timers.keys())
    held = process.getActiveResourcesInfo()
  },

  open({ captchaAppId, appSecretKey, endpoint, redis, ...setting }) {
    const lines: Line[] = []
    const raw: string[] = []
    const write = (level: string) => (fields: object, message: string) => {
      raw.push(JSON.stringify({ ...fields, msg: message }))
      if (level !== 'debug') lines.push({ evidence: undefined as never, ...fields, event: message, level })
    }
    const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
    const client = redis && clientLibraries[0]?.open(redis.port, redis.password)
    const guard = captchaGuard({
      captchaAppId,
      appSecretKey,
      endpoint: endpoint as string,
      credential: credentialOf({ endpoint, ...setting }),
      logger,
      degradation: { fallback: { probe: false } },
      ...(client && { store: redisStore(client.client) }),
    })
    guards.set(captchaAppId, { guard, redis: client, lines, raw, users: 0 })
  },

  check({ captchaAppId, count }) {
    const open = guardOf(captchaAppId)
    const checkOne = async (): Promise<Checked> => {
      const user = open.users++
      const startedMs = performance.now()
      const verdict = await open.guard.check({
        ticket: `tr03ticketOfUser${user}*`,
        randstr: '@randstrOfUser',
        userIp: `198.51.100.${user}`,
      })
      return { verdict, tookMs: performance.now() - startedMs, lines: [...open.lines] }
    }
    return Promise.all(Array.from({ length: count }, checkOne))
  },

  async settled(captchaAppId) {
    const { guard } = guardOf(captchaAppId)
    await until(() => {
      const { circuit, endpoints } = guard.snapshot()
      if (circuit.state === 'closed') return true
      // Where a sibling is healthy, calls move there, and the circuit closes.
      const areAllDown = endpoints.every(({ state }) => state === 'failed')
      return areAllDown && (circuit.state === 'open' || circuit.lastCanary?.result === 'failed')
    })
    return guard.snapshot()
  },

  async close(captchaAppId) {
    const { guard, redis, raw } = guardOf(captchaAppId)
    guards.delete(captchaAppId)
    await guard.close()
    redis?.close()
    return raw.join('\n')
  },

  async left() {
    await until(() => surplus().length === 0)
    return surplus()
  },

  plain: askPlainly,
}

/** One command from the test. */
export interface Command {
  readonly id: number
  readonly name: keyof Commands
  readonly argument: never
}

process.on('message', ({ id, name, argument }: Partial<Command>) => {
  if (name === undefined) return
  Promise.resolve()
    .then((): unknown => commands[name](argument as never))
    .then(
      (result) => process.send?.({ id, result }),
      (error: Error) => process.send?.({ id, error: error.stack }),
    )
})
process.on('disconnect', () => process.exit())
