import { afterEach, describe, expect, test } from '@jest/globals'
import { OverrideSwitch } from '../../lib/site/override-switch.js'
import { SharedOverride } from '../../lib/site/shared-override.js'
import type { StoreOverride } from '../../lib/store/captcha-store.js'
import { StoreLink } from '../../lib/store/store-link.js'
import { StoreDouble } from '../store/store-double.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

/** The store's clock has another beginning than the process's. */
const storeAheadMs = 1_000_000
const theirs: StoreOverride = { id: 'theirs', mode: 'verify_only', by: 'wang.wei', forMs: null, setMs: storeAheadMs }

const links: StoreLink[] = []
afterEach(() => {
  for (const link of links.splice(0)) link.close()
})

/** One process, whose heartbeats a store answers. */
class ProcessUnderTest {
  readonly clock = new ManualClock()
  readonly store = new StoreDouble()
  readonly told: string[] = []
  readonly override = new OverrideSwitch(this.clock, ({ mode, by }, why) => this.told.push(`${mode} by ${by}: ${why}`))
  readonly shared: SharedOverride

  /** @param override what the store knows at first */
  constructor(override?: StoreOverride) {
    this.store.nowMs = () => this.clock.nowMs() + storeAheadMs
    this.storeKnows(override)
    const link = new StoreLink({
      session: this.store,
      clock: this.clock,
      learned: () => ({ baselinePerMinute: undefined, referencePerMinute: undefined }),
      onState: (state) => this.shared.onStoreState(state),
      onDown: (why) => this.told.push(`store down: ${why}`),
      onUp: () => this.told.push('store up'),
    })
    links.push(link)
    this.shared = new SharedOverride({ clock: this.clock, override: this.override, store: () => link })
  }

  set(mode: 'none' | 'pass' | 'verify_only', { forMs = Number.POSITIVE_INFINITY, by = 'li.na' } = {}): void {
    this.shared.set({ mode, by, leftMs: forMs })
  }

  storeKnows(override: StoreOverride | undefined): void {
    this.store.state = { ...this.store.state, override }
  }

  async heartbeat(): Promise<void> {
    await this.clock.advance(1000)
  }

  /** What the store was given. */
  get given(): readonly StoreOverride[] {
    return this.store.calls
      .filter(({ name }) => name === 'setOverride')
      .map(({ argument }) => argument as StoreOverride)
  }
}

async function open(override?: StoreOverride): Promise<ProcessUnderTest> {
  const process = new ProcessUnderTest(override)
  await settlePromises()
  return process
}

describe('an override that is set here', () => {
  test('is shared with how long it lasts, and when it was set by the store’s clock', async () => {
    const process = await open()
    await process.clock.advance(1500)
    process.set('pass', { forMs: 60_000 })
    await settlePromises()
    expect(process.given).toEqual([
      { id: expect.any(String), mode: 'pass', by: 'li.na', forMs: 60_000, setMs: storeAheadMs + 1500 },
    ])
    expect(process.told).toEqual(['pass by li.na: set'])
  })

  test('without an end is shared without one', async () => {
    const process = await open()
    process.set('verify_only')
    await settlePromises()
    expect(process.given).toMatchObject([{ mode: 'verify_only', forMs: null }])
  })

  test('before the store has answered for the first time is shared once it has, by the store’s clock', async () => {
    const process = new ProcessUnderTest()
    process.set('pass', { forMs: 60_000 })
    await settlePromises()
    expect(process.given).toMatchObject([{ mode: 'pass', setMs: storeAheadMs }])
  })

  test('while the store could not be reached yet is shared once it is, with the time when it was set', async () => {
    const process = new ProcessUnderTest()
    process.store.set('rejects')
    await process.clock.advance(300)
    process.set('pass', { forMs: 60_000 })
    process.store.set('answers')
    await process.clock.advance(900)
    expect(process.given).toMatchObject([{ mode: 'pass', setMs: storeAheadMs + 300 }])
  })

  test('gives way to the one that the store says stands, and to no other', async () => {
    const process = await open()
    await process.clock.advance(10_000)
    process.set('pass', { forMs: 3_600_000 })
    process.storeKnows(theirs)
    await process.heartbeat()
    expect(process.override.mode).toBe('pass')
    process.store.standing = theirs
    await process.heartbeat()
    expect(process.override.mode).toBe('verify_only')
    const given = process.given.length
    await process.heartbeat()
    expect(process.given).toHaveLength(given)
  })

  test.each([
    ['was switched off', { ...theirs, mode: 'none' }],
    ['has ended', { ...theirs, mode: 'pass', forMs: 1 }],
  ] as const)('ends where one stands that %s', async (_what, standing) => {
    const process = await open()
    await process.heartbeat()
    process.set('pass', { forMs: 3_600_000 })
    process.store.standing = standing
    await process.heartbeat()
    expect(process.override.mode).toBe('none')
    expect(process.told).toEqual(['pass by li.na: set', 'none by wang.wei: shared'])
  })

  test('while the store was asked about an older one is not undone by the answer', async () => {
    const process = await open()
    process.store.standing = theirs
    process.set('pass', { forMs: 3_600_000 })
    process.store.standing = undefined
    process.set('none')
    await settlePromises()
    expect(process.override.mode).toBe('none')
    expect(process.told).toEqual(['pass by li.na: set', 'none by li.na: set'])
  })

  test('is shared again when the store was away or has lost it, with the time when it was set', async () => {
    const process = await open()
    process.store.set('rejects')
    await process.heartbeat()
    process.set('pass', { forMs: 20_000 })
    await settlePromises()
    expect(process.given).toEqual([])
    process.store.set('answers')
    await process.clock.advance(2_000)
    const setMs = storeAheadMs + 1000
    expect(process.given).toMatchObject([{ mode: 'pass', setMs }])
    await process.heartbeat()
    expect(process.given.map((override) => override.setMs)).toEqual([setMs, setMs])
    process.storeKnows(process.given[0])
    await process.clock.advance(60_000)
    expect(process.given).toHaveLength(2)
  })
})

describe('an override of another process', () => {
  test('is taken over, once', async () => {
    const process = await open(theirs)
    await process.heartbeat()
    expect(process.override.mode).toBe('verify_only')
    expect(process.told).toEqual(['verify_only by wang.wei: shared'])
    expect(process.given).toEqual([])
  })

  test('ends here when it ends there', async () => {
    const process = await open()
    await process.clock.advance(9_500)
    process.storeKnows({ ...theirs, mode: 'pass', forMs: 20_000, setMs: storeAheadMs + 5_000 })
    await process.clock.advance(25_000 - 9_500 - 1)
    expect(process.override.mode).toBe('pass')
    await process.clock.advance(1)
    expect(process.override.mode).toBe('none')
  })

  test('lasts no longer here than it was set for, where clocks are reckoned apart', async () => {
    const process = await open({ ...theirs, mode: 'pass', forMs: 20_000, setMs: storeAheadMs + 5_000 })
    await process.clock.advance(19_999)
    expect(process.override.mode).toBe('pass')
    await process.clock.advance(1)
    expect(process.override.mode).toBe('none')
  })

  test('that is over already is not taken over', async () => {
    const process = await open({ ...theirs, mode: 'pass', forMs: 0 })
    await process.heartbeat()
    expect(process.override.mode).toBe('none')
    expect(process.told).toEqual([])
  })

  test('that was cut off ends nothing here before the store has said so', async () => {
    const process = await open()
    process.set('pass', { forMs: 10_000 })
    await process.clock.advance(20_000)
    expect(process.override.mode).toBe('none')
    const ended = process.given[0] as StoreOverride
    process.store.standing = ended
    process.storeKnows({ ...theirs, mode: 'pass' })
    await process.heartbeat()
    expect(process.given.at(-1)).toEqual(ended)
    expect(process.override.mode).toBe('none')
  })
})
