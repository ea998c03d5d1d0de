import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, test } from '@jest/globals'
import { CredentialKeeper } from '../../../lib/tencent/credentials/credential-keeper.js'
import type { UpstreamResult } from '../../../lib/tencent/upstream-result.js'
import type { ProvidedCredential } from '../../../lib/types.js'
import { ManualClock, settlePromises } from '../../support/manual-clock.js'

const keepers: CredentialKeeper[] = []

afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.close()
})

/** What the provider does when it is called; it returns keys that are numbered by the call. */
type Provide = (keys: ProvidedCredential) => Promise<ProvidedCredential> | ProvidedCredential

const hang: Provide = () => new Promise<never>(() => {})
const reject: Provide = () => Promise.reject(new Error('KEY-hidden'))
const give: Provide = (keys) => keys

function setUp(first: Provide = give, lifetimeMs: number | 'unnamed' = 600_000) {
  const clock = new ManualClock()
  const callsMs: number[] = []
  const failures: string[] = []
  const provider = { provide: first }
  const keeper = new CredentialKeeper(
    {
      async getCredential() {
        callsMs.push(clock.nowMs())
        const id = `id-${callsMs.length}`
        const expiresAtMs = lifetimeMs === 'unnamed' ? undefined : clock.epochMs() + lifetimeMs
        return provider.provide({ secretId: id, secretKey: `key-of-${id}`, expiresAtMs })
      },
    },
    clock,
    (problem) => failures.push(problem),
  )
  keepers.push(keeper)
  /** Waits as a call does; the result once it is there. */
  function wait(timeoutMs = 2000) {
    const waiting: { result?: UpstreamResult | 'keys'; giveUp(): void } = {
      giveUp: keeper.wait(timeoutMs, (failure) => {
        waiting.result = failure ?? 'keys'
      }),
    }
    return waiting
  }
  return { clock, keeper, provider, callsMs, failures, wait, idNow: () => keeper.take()?.secretId }
}

async function nextTick(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('before the first keys', () => {
  test('the provider is not called until a call needs keys, and then once for all of them', async () => {
    const { keeper, wait, callsMs } = setUp()
    expect(callsMs).toEqual([])
    const waiting = [wait(), wait(), wait()]
    expect(keeper.take()).toBeUndefined()
    await settlePromises()
    expect(waiting.map(({ result }) => result)).toEqual(['keys', 'keys', 'keys'])
    expect(callsMs).toHaveLength(1)
    expect(keeper.take()).toEqual({ secretId: 'id-1', secretKey: 'key-of-id-1' })
  })

  test('a call waits no longer than its own deadline, and its failure is no timeout', async () => {
    const { clock, wait } = setUp(hang)
    const short = wait(100)
    const long = wait(2000)
    await clock.advance(99)
    expect(short.result).toBeUndefined()
    await clock.advance(1)
    expect(short.result).toEqual({ kind: 'credential_failed', problem: 'getCredential() did not settle in time' })
    expect(long.result).toBeUndefined()
  })

  test('a call that is given up is told so before that returns, and once', async () => {
    const { clock, wait } = setUp(hang)
    const waiting = wait()
    waiting.giveUp()
    expect(waiting.result).toEqual({ kind: 'aborted' })
    await clock.advance(60_000)
    expect(waiting.result).toEqual({ kind: 'aborted' })
  })

  test('a rejection fails the calls that wait, and those of the next second at once', async () => {
    const { clock, wait, callsMs, failures } = setUp(reject)
    const first = wait()
    await settlePromises()
    const failure = { kind: 'credential_failed', problem: 'getCredential() rejected' }
    expect(first.result).toEqual(failure)
    const second = wait()
    expect(second.result).toBeUndefined()
    await nextTick()
    expect([second.result, callsMs, failures]).toEqual([failure, [0], ['getCredential() rejected']])
    await clock.advance(1000)
    wait()
    expect(callsMs).toEqual([0, 1000])
  })

  test('a provider that rejected once is asked again, and a call waits for its keys', async () => {
    const { clock, wait, provider } = setUp(reject)
    wait()
    await clock.advance(1000)
    provider.provide = give
    const waiting = wait()
    await settlePromises()
    expect(waiting.result).toBe('keys')
  })

  test('calls wait for a provider that hangs, but after its first deadline only half a second of each try', async () => {
    const { clock, wait, callsMs } = setUp(hang)
    const first = wait(60_000)
    await clock.advance(5000)
    expect(first.result).toEqual({ kind: 'credential_failed', problem: 'getCredential() took over 5000 ms' })
    await clock.advance(1000)
    const second = wait(60_000)
    expect(callsMs).toEqual([0, 6000])
    await clock.advance(500)
    expect(second.result).toMatchObject({ kind: 'credential_failed' })
    const third = wait(60_000)
    await nextTick()
    expect(third.result).toMatchObject({ kind: 'credential_failed' })
    expect(callsMs).toHaveLength(2)
  })

  test('keys that come after the deadline are taken, unless a later try has brought others', async () => {
    let release = () => {}
    const late: Provide = (keys) =>
      new Promise((resolve) => {
        release = () => resolve(keys)
      })
    const { clock, wait, idNow, provider } = setUp(late)
    wait()
    await clock.advance(5000)
    release()
    await settlePromises()
    expect(idNow()).toBe('id-1')

    const two = setUp(late)
    two.wait()
    await two.clock.advance(6000)
    two.provider.provide = give
    const releaseFirst = release
    two.wait()
    await settlePromises()
    expect(two.idNow()).toBe('id-2')
    releaseFirst()
    await settlePromises()
    expect(two.idNow()).toBe('id-2')
    expect(provider.provide).toBe(late)
  })

  test('a call of the provider that was given up fails once: its late rejection is not counted', async () => {
    let rejectLate = () => {}
    const { clock, wait, failures } = setUp(
      () =>
        new Promise((_, rejectCall) => {
          rejectLate = () => rejectCall(new Error('KEY-hidden'))
        }),
    )
    wait()
    await clock.advance(5000)
    rejectLate()
    await settlePromises()
    expect(failures).toEqual(['getCredential() took over 5000 ms'])
  })

  test('keys that have expired are a failure that says what the unit is', async () => {
    const { wait } = setUp((keys) => ({ ...keys, expiresAtMs: 1_767_225_600 }))
    const waiting = wait()
    await settlePromises()
    expect(waiting.result).toEqual({
      kind: 'credential_failed',
      problem: 'getCredential() returned expired keys (expiresAtMs: milliseconds since 1970)',
    })
  })
})

describe('keys with an expiry', () => {
  async function withKeys(lifetimeMs = 600_000) {
    const world = setUp(give, lifetimeMs)
    world.wait()
    await settlePromises()
    expect(world.idNow()).toBe('id-1')
    return world
  }

  test('are renewed in the background when a fifth of their time is left, without traffic too', async () => {
    const { clock, callsMs, idNow } = await withKeys()
    await clock.advance(479_000)
    expect(callsMs).toEqual([0])
    await clock.advance(1000)
    expect(callsMs).toEqual([0, 480_000])
    expect(idNow()).toBe('id-2')
    await clock.advance(3_600_000)
    expect(idNow()).toBe(`id-${callsMs.length}`)
    expect(callsMs.length).toBeLessThan(12)
  })

  test.each([
    ['rejects', reject],
    ['hangs', hang],
  ])('serve to their end while the provider %s, and no call waits', async (_, failing) => {
    const { clock, callsMs, idNow, provider, failures } = await withKeys()
    provider.provide = failing
    for (let ms = 1000; ms < 600_000; ms += 1000) {
      await clock.advance(1000)
      expect(idNow()).toBe('id-1')
    }
    // Told of all but the first two; the first call succeeded, and one that hangs has not failed yet.
    expect(callsMs.length - failures.length - 3).toBe(failing === hang ? 1 : 0)
    expect(failures[0]).toMatch(/^getCredential\(\) .*; the last keys serve until 2026-01-01T00:10:00\.000Z$/)
    // In the last 120 s, with pauses that grow to 15 s.
    expect(callsMs.length).toBeLessThan(20)
    await clock.advance(1000)
    expect(idNow()).toBeUndefined()
  })

  test('that have run out make a call wait, and fail it as keys that were there before', async () => {
    const { clock, idNow, provider, wait } = await withKeys()
    provider.provide = reject
    await clock.advance(700_000)
    expect(idNow()).toBeUndefined()
    const waiting = wait()
    await nextTick()
    expect(waiting.result).toEqual({ kind: 'credential_unavailable', problem: 'getCredential() rejected' })
    provider.provide = give
    await clock.advance(15_000)
    const healed = wait()
    await settlePromises()
    expect(healed.result).toBe('keys')
  })

  test('expire by the monotonic clock: a wall clock that is set back prolongs nothing', async () => {
    const { clock, idNow, provider } = await withKeys()
    provider.provide = reject
    const epochMs = clock.epochMs.bind(clock)
    clock.epochMs = () => epochMs() - 3_600_000
    await clock.advance(600_000)
    expect(idNow()).toBeUndefined()
  })

  test('that are valid for years set no timer that fires at once', async () => {
    const { clock, callsMs } = await withKeys(10 * 365 * 86_400_000)
    await clock.advance(86_400_000 - 1)
    expect(callsMs).toHaveLength(1)
    await clock.advance(1)
    expect(callsMs).toHaveLength(2)
  })

  test('are asked for no more after close(), which frees every timer', async () => {
    const { clock, keeper, callsMs, wait, provider } = await withKeys()
    provider.provide = hang
    await clock.advance(480_000)
    const waiting = wait()
    keeper.close()
    expect(waiting.result).toEqual({ kind: 'aborted' })
    expect(clock.pendingTimers).toBe(0)
    await clock.advance(3_600_000)
    keeper.take()
    expect(callsMs).toHaveLength(2)
  })
})

describe('keys without an expiry', () => {
  async function withKeys() {
    const world = setUp(give, 'unnamed')
    world.wait()
    await settlePromises()
    return world
  }

  test('are asked for again on traffic after 20 s, while the known ones serve', async () => {
    const { clock, callsMs, idNow } = await withKeys()
    await clock.advance(600_000)
    expect([callsMs, clock.pendingTimers]).toEqual([[0], 0])
    expect(idNow()).toBe('id-1')
    await settlePromises()
    expect(idNow()).toBe('id-2')
    await clock.advance(19_999)
    idNow()
    expect(callsMs).toHaveLength(2)
    await clock.advance(1)
    idNow()
    expect(callsMs).toHaveLength(3)
  })

  test.each([
    ['rejects', reject],
    ['hangs', hang],
  ])('serve on while the provider %s, for hours', async (_, failing) => {
    const { clock, idNow, provider, failures } = await withKeys()
    provider.provide = failing
    for (let minute = 0; minute < 240; minute++) {
      await clock.advance(60_000)
      expect(idNow()).toBe('id-1')
    }
    expect(failures[0]).toMatch(/^getCredential\(\) .*; the last keys serve$/)
  })
})

describe('keys that Tencent refuses', () => {
  async function withKeys() {
    const world = setUp()
    world.wait()
    await settlePromises()
    await world.clock.advance(60_000)
    const keys = world.keeper.take()
    if (keys === undefined) throw new Error('no keys')
    return { ...world, keys }
  }

  test('are asked for at once, and serve until others are there', async () => {
    const { keeper, keys, callsMs, idNow } = await withKeys()
    keeper.reject(keys)
    expect(callsMs).toEqual([0, 60_000])
    expect(idNow()).toBe('id-1')
    await settlePromises()
    expect(idNow()).toBe('id-2')
  })

  test('cause one call of the provider, however many calls they were refused in', async () => {
    const { keeper, keys, callsMs } = await withKeys()
    for (let n = 0; n < 100; n++) keeper.reject(keys)
    await settlePromises()
    for (let n = 0; n < 100; n++) keeper.reject(keys)
    expect(callsMs).toHaveLength(2)
  })

  test('and are all that the provider has cause ever rarer calls', async () => {
    const { clock, keeper, keys, provider, callsMs } = await withKeys()
    provider.provide = ({ expiresAtMs }) => ({ ...keys, expiresAtMs })
    for (let n = 0; n < 600; n++) {
      keeper.reject(keys)
      await clock.advance(100)
    }
    const gapsMs = callsMs.slice(2).map((ms, index) => ms - (callsMs[index + 1] ?? 0))
    expect(gapsMs).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000])
    expect(keeper.take()).toBe(keys)
  })
})

describe('the provider', () => {
  test('is never called twice at a time, whatever it does', async () => {
    const { clock, provider, keeper, wait } = setUp(hang, 30_000)
    let underWay = 0
    let most = 0
    let n = 0
    provider.provide = async (keys) => {
      most = Math.max(most, ++underWay)
      const willReject = n++ % 3 === 0
      await new Promise<void>((resolve) => {
        clock.after((n * 700) % 4900, resolve)
      })
      underWay--
      if (willReject) throw new Error('x')
      return keys
    }
    for (let step = 0; step < 2000; step++) {
      const keys = keeper.take()
      if (keys === undefined || step % 7 === 0) wait(500)
      if (keys !== undefined && step % 11 === 0) keeper.reject(keys)
      await clock.advance(250)
    }
    expect([most, n > 20]).toEqual([1, true])
  })

  test('runs in no request’s async context, and a waiting call goes on in its own', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const { keeper } = setUp(async (keys) => {
      seen.push(storage.getStore())
      return keys
    })
    await storage.run('request', async () => {
      keeper.wait(1000, () => seen.push(storage.getStore()))
      await settlePromises()
    })
    expect(seen).toEqual([undefined, 'request'])
  })
})

describe('the snapshot', () => {
  test('tells age, expiry and the last failure, and no key', async () => {
    const { clock, keeper, wait, provider } = setUp()
    expect(keeper.snapshot()).toEqual({ source: 'provider' })
    wait()
    await settlePromises()
    await clock.advance(1500)
    const expiresAt = '2026-01-01T00:10:00.000Z'
    expect(keeper.snapshot()).toEqual({ source: 'provider', ageMs: 1500, expiresAt })
    provider.provide = reject
    await clock.advance(480_000)
    const broken = keeper.snapshot()
    expect(broken).toMatchObject({ ageMs: 481_500, expiresAt, lastFailure: { problem: 'getCredential() rejected' } })
    expect(JSON.stringify(broken)).not.toMatch(/KEY-hidden|id-1/)
    provider.provide = give
    await clock.advance(20_000)
    expect(keeper.snapshot()).not.toHaveProperty('lastFailure')
  })
})
