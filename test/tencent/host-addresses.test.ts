import type { LookupAddress } from 'node:dns'
import { describe, expect, test } from '@jest/globals'
import { HostAddresses } from '../../lib/tencent/host-addresses.js'
import { type Found, LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { ManualClock } from '../support/manual-clock.js'

const a: LookupAddress = { address: '192.0.2.1', family: 4 }
const b: LookupAddress = { address: '192.0.2.2', family: 4 }
const c: LookupAddress = { address: '2001:db8::1', family: 6 }
const failed: Found = { kind: 'failed', code: 'EAI_AGAIN' }

/** The addresses of a host on a manual clock, with a resolver that a test answers by hand. */
class HostUnderTest {
  readonly clock = new ManualClock()
  lookups = 0
  #answer: ((found: Found) => void) | undefined
  readonly host = new HostAddresses(
    'tencent.test',
    this.clock,
    new LookupQueue((_, done) => {
      this.lookups++
      this.#answer = done
    }),
  )

  answer(found: Found | readonly LookupAddress[]): void {
    this.#answer?.('kind' in found ? found : { kind: 'addresses', addresses: found })
  }

  /** Looked up once, and answered with a `CaptchaCode`. */
  proven(...addresses: LookupAddress[]): this {
    this.host.get()
    this.answer(addresses)
    for (const address of addresses) this.host.noteProven(address)
    return this
  }

  wait(): { readonly found: Found[]; stop(): void } {
    const found: Found[] = []
    const stop = this.host.wait((each) => found.push(each))
    return { found, stop }
  }
}

describe('an answer of the resolver', () => {
  test('serves for 60 seconds, and is asked for once by all calls that wait', async () => {
    const t = new HostUnderTest()
    expect([t.host.get(), t.host.get(), t.lookups]).toEqual([undefined, undefined, 1])
    const waiting = [t.wait(), t.wait()]
    t.answer([a, b])
    expect(waiting.map(({ found }) => found)).toEqual(Array(2).fill([{ kind: 'addresses', addresses: [a, b] }]))
    await t.clock.advance(29_999)
    for (let i = 0; i < 1000; i++) expect(t.host.get()).toEqual([a, b])
    expect([t.lookups, t.clock.pendingTimers]).toEqual([1, 0])
  })

  test('is refreshed in the background from half of that on, while it serves', async () => {
    const t = new HostUnderTest()
    t.host.get()
    t.answer([a])
    await t.clock.advance(30_000)
    expect([t.host.get(), t.host.get(), t.lookups]).toEqual([[a], [a], 2])
    t.answer([b])
    expect([t.host.get(), t.lookups]).toEqual([[b], 2])
  })

  test('that is older has to be waited for', async () => {
    const t = new HostUnderTest()
    t.host.get()
    t.answer([a])
    await t.clock.advance(60_000)
    expect(t.host.get()).toBeUndefined()
    const { found } = t.wait()
    t.answer([b])
    expect(found).toEqual([{ kind: 'addresses', addresses: [b] }])
  })

  test('lists the address that answered last first', () => {
    const t = new HostUnderTest()
    t.host.get()
    t.answer([a, b, c])
    t.host.noteProven(b)
    t.host.noteProven(c)
    expect(t.host.get()).toEqual([c, b, a])
    expect([t.host.isProven(c.address), t.host.isProven(b.address)]).toEqual([true, false])
  })
})

describe('a lookup that fails', () => {
  test('ends the wait of all calls, and the next one asks again', () => {
    const t = new HostUnderTest()
    t.host.get()
    const { found } = t.wait()
    t.answer(failed)
    expect(found).toEqual([failed])
    expect([t.host.get(), t.lookups]).toEqual([undefined, 2])
  })

  test('is not noticed where an address has answered before, and asked for once a second', async () => {
    const t = new HostUnderTest().proven(a)
    await t.clock.advance(60_000)
    t.host.get()
    const { found } = t.wait()
    t.answer(failed)
    expect(found).toEqual([{ kind: 'addresses', addresses: [a] }])
    for (let i = 0; i < 100; i++) expect(t.host.get()).toEqual([a])
    expect(t.lookups).toBe(2)
    await t.clock.advance(1000)
    expect([t.host.get(), t.lookups]).toEqual([[a], 3])
    t.answer([b])
    expect(t.host.get()).toEqual([b])
  })
})

describe('a lookup that hangs', () => {
  test('keeps callers for 100 ms in all where an address has answered before', async () => {
    const t = new HostUnderTest().proven(a)
    await t.clock.advance(60_000)
    t.host.get()
    await t.clock.advance(40)
    expect(t.host.get()).toBeUndefined()
    const { found } = t.wait()
    await t.clock.advance(59)
    expect(found).toEqual([])
    await t.clock.advance(1)
    expect(found).toEqual([{ kind: 'addresses', addresses: [a] }])
    expect([t.host.get(), t.lookups, t.clock.pendingTimers]).toEqual([[a], 2, 0])
    await t.clock.advance(3_600_000)
    expect([t.host.get(), t.lookups]).toEqual([[a], 2])
  })

  test('keeps them for good where none has: their deadline ends the wait', async () => {
    const t = new HostUnderTest()
    t.host.get()
    const { found } = t.wait()
    await t.clock.advance(3_600_000)
    expect([found, t.host.get(), t.lookups]).toEqual([[], undefined, 1])
  })

  test('does not call back those who stopped to wait', () => {
    const t = new HostUnderTest()
    t.host.get()
    const { found, stop } = t.wait()
    stop()
    t.answer([a])
    expect(found).toEqual([])
  })
})

describe('a canary', () => {
  test('waits for no lookup where an address has answered before', async () => {
    const t = new HostUnderTest().proven(a, b)
    await t.clock.advance(3_600_000)
    expect(t.host.getForCanary()).toEqual([b, a])
    expect(t.lookups).toBe(2)
  })

  test('waits for the lookup where none has', () => {
    const t = new HostUnderTest()
    expect([t.host.getForCanary(), t.lookups]).toEqual([undefined, 1])
  })

  test('has the name looked up again each time, so that it finds a Tencent that has moved', async () => {
    const t = new HostUnderTest().proven(a)
    await t.clock.advance(1000)
    expect([t.host.getForCanary(), t.lookups]).toEqual([[a], 2])
    t.answer([b])
    expect(t.host.getForCanary()).toEqual([b])
  })
})

test('no more than four addresses are remembered', async () => {
  const t = new HostUnderTest()
  const many = Array.from({ length: 9 }, (_, i) => ({ address: `192.0.2.${i}`, family: 4 }))
  t.proven(...many)
  await t.clock.advance(60_000)
  expect(t.host.getForCanary()).toEqual(many.slice(5).reverse())
})

test('closing frees the timer', async () => {
  const t = new HostUnderTest().proven(a)
  await t.clock.advance(60_000)
  t.host.get()
  t.wait()
  expect(t.clock.pendingTimers).toBe(1)
  t.host.close()
  expect(t.clock.pendingTimers).toBe(0)
})
