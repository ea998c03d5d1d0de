// One of several processes that claim degraded passes of one client from one Redis. Bundled and forked by a test.
import { once } from 'node:events'
import { type Clock, systemClock } from '../../../lib/clock.js'
import { Ledger } from '../../../lib/site/ledger.js'
import { redisStore } from '../../../lib/store/redis/index.js'
import { storeLifetimes } from '../../../lib/store/store-lifetimes.js'
import { StoreLink } from '../../../lib/store/store-link.js'
import { clientLibraries } from './client-libraries.js'

export interface ClaimingOrder {
  readonly library: string
  readonly port: number
  readonly attempts: number
  readonly inFlight: number
  readonly limit: number
  readonly windowMs: number
}

export interface ClaimingResult {
  /** Passes granted: when each was asked for and when it was answered, milliseconds since 1970. */
  readonly passes: ReadonlyArray<readonly [number, number]>
  readonly refused: number
  /** Why the store went down, each time: the limits of the process would have applied. */
  readonly downs: readonly string[]
  readonly ms: number
}

/** A total without bound: only the limit per client is under test. */
const total = { floorPerMinute: 1e9, baselineFactor: 1, startPerMinute: 1e9 }

/** On a busy machine an answer may take long; limits without the store are not under test. */
const patientClock: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(100 * delayMs, run) }

async function claimAll(order: ClaimingOrder): Promise<ClaimingResult> {
  const connection = clientLibraries.find(({ name }) => name === order.library)?.open(order.port)
  if (connection === undefined) throw new Error('no such library')
  const downs: string[] = []
  let isUp = () => {}
  const up = new Promise<void>((resolve) => {
    isUp = resolve
  })
  const session = redisStore(connection.client).connect({
    captchaAppId: 190000001,
    processId: String(process.pid),
    lifetimes: storeLifetimes,
    onCorruption: (key) => downs.push(`corrupted: ${key}`),
  })
  const store = new StoreLink({
    session,
    clock: patientClock,
    learned: () => ({ baselinePerMinute: undefined, referencePerMinute: undefined }),
    onState: () => isUp(),
    onDown: (why) => downs.push(why),
    onUp: () => {},
  })
  const purse = { perClient: { limit: order.limit, windowMs: order.windowMs }, total }
  const config = { outage: purse, doubt: purse }
  const ledger = new Ledger({ clock: systemClock, totalPerMinute: () => 1e9, store: () => store })
  const { outage: setting } = ledger.openPurses(config)
  const bot = { purse: 'outage', setting, clientKey: 'bot', isFallback: false, isParentDrawn: false } as const
  const passes: Array<[number, number]> = []
  let [started, refused] = [0, 0]
  const now = () => performance.timeOrigin + performance.now()

  async function attempt(): Promise<void> {
    while (started < order.attempts) {
      const ticketKey = `${process.pid}-${started++}`
      const askedMs = now()
      const pass = await ledger.claimPass({ ...bot, ticketKey })
      if (pass.kind === 'granted') passes.push([askedMs, now()])
      else refused++
    }
  }
  await up
  await allAreReady()
  const startedMs = now()
  await Promise.all(Array.from({ length: order.inFlight }, attempt))
  store.close()
  connection.close()
  return { passes, refused, downs, ms: now() - startedMs }
}

/** Waits until the test has heard of all processes. */
async function allAreReady(): Promise<void> {
  const go = once(process, 'message')
  process.send?.('ready')
  await go
}

process.once('message', (order: ClaimingOrder) => {
  void claimAll(order).then((result) => process.send?.(result, () => process.disconnect()))
})
