import { afterEach, describe, expect, test } from '@jest/globals'
import { FleetStatus } from '../../lib/site/fleet-status.js'
import { StoreLink } from '../../lib/store/store-link.js'
import { StoreDouble } from '../store/store-double.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

const links: StoreLink[] = []
afterEach(() => {
  for (const link of links.splice(0)) link.close()
})

/** The status of a process whose store answers, unless the test says otherwise. */
async function open(change: Partial<StoreDouble> = {}) {
  const clock = new ManualClock()
  const session = Object.assign(new StoreDouble(), change)
  const downs: string[] = []
  const link = new StoreLink({
    session,
    clock,
    learned: () => ({ baselinePerMinute: undefined, referencePerMinute: undefined }),
    onState: () => fleet.heartbeatAnswered(),
    onDown: (why) => downs.push(why),
    onUp: () => {},
  })
  links.push(link)
  const fleet = new FleetStatus({ clock, store: () => link })
  await settlePromises()
  const published = () => session.calls.filter(({ name }) => name === 'publishStatus').map(({ argument }) => argument)
  return { clock, session, downs, link, fleet, published }
}

describe('the status of a process', () => {
  test('is published at most every two seconds, as it is then', async () => {
    const { clock, fleet, published } = await open()
    fleet.publish(() => `at ${clock.nowMs()}`)
    await clock.advance(5_500)
    expect(published()).toEqual(['at 1000', 'at 3000', 'at 5000'])
  })

  test('is neither written nor published before anything asks for it, and after that has ended', async () => {
    const { clock, fleet, published } = await open()
    await clock.advance(5_000)
    expect(published()).toEqual([])
    let written = 0
    const stop = fleet.publish(() => `${++written}`)
    await clock.advance(1_000)
    stop()
    await clock.advance(10_000)
    expect(published()).toEqual(['1'])
    expect(written).toBe(1)
  })

  test('is published once where two pages of the process ask for it, until both have ended', async () => {
    const { clock, fleet, published } = await open()
    const [stopOne] = [fleet.publish(() => 'one'), fleet.publish(() => 'two')]
    await clock.advance(3_500)
    stopOne?.()
    stopOne?.()
    await clock.advance(2_000)
    expect(published()).toEqual(['one', 'one', 'two'])
  })

  test.each([
    ['is too long', () => 'x'.repeat(8_193)],
    ['is too long in bytes', () => '验'.repeat(2_731)],
    ['is no text', () => ({}) as string],
    [
      'throws',
      () => {
        throw new Error('broken page')
      },
    ],
  ])('that %s is not published, and changes nothing', async (_what, write) => {
    const { clock, fleet, published, downs, link } = await open()
    fleet.publish(write)
    await clock.advance(10_000)
    expect(published()).toEqual([])
    expect(link.isUp).toBe(true)
    expect(downs).toEqual([])
  })

  test('is not written while the store is down, and published again when it is back', async () => {
    const { clock, session, fleet, published } = await open()
    let written = 0
    fleet.publish(() => `${++written}`)
    session.set('rejects')
    await clock.advance(20_000)
    expect(written).toBe(0)
    session.set('answers')
    await clock.advance(3_000)
    expect(published().length).toBeGreaterThan(0)
  })

  test.each(['throws', 'rejects', 'hangs'] as const)('that the store %s at leaves it up', async (behaviour) => {
    const { clock, session, fleet, downs, link } = await open()
    session.set(behaviour, 'publishStatus')
    fleet.publish(() => 'own')
    await clock.advance(10_000)
    expect(session.count('publishStatus')).toBe(5)
    expect(link.isUp).toBe(true)
    expect(downs).toEqual([])
  })
})

describe('the statuses of the other processes', () => {
  test('are read from the store, by callers at the same time in one operation', async () => {
    const { session, fleet } = await open()
    session.statuses = ['one', 'two']
    expect(await Promise.all([fleet.read(), fleet.read()])).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
    expect(session.count('readStatuses')).toBe(1)
    session.statuses = []
    expect(await fleet.read()).toEqual([])
  })

  test.each(['throws', 'rejects', 'hangs'] as const)(
    'are none within 200 ms where the store %s, which stays up',
    async (behaviour) => {
      const { clock, session, fleet, link, downs } = await open()
      session.statuses = ['one']
      session.set(behaviour, 'readStatuses')
      const read = fleet.read()
      await clock.advance(200)
      expect(await read).toEqual([])
      expect(link.isUp).toBe(true)
      expect(downs).toEqual([])
      session.set('answers', 'readStatuses')
      expect(await fleet.read()).toEqual(['one'])
    },
  )

  test('are at most 64, and none that is no text or too long', async () => {
    const { session, fleet } = await open()
    session.statuses = [1, null, 'x'.repeat(8_193), '验'.repeat(2_731), 'x'.repeat(8_192)] as string[]
    expect(await fleet.read()).toEqual(['x'.repeat(8_192)])
    session.statuses = Array(1_000).fill('one')
    expect(await fleet.read()).toHaveLength(64)
  })

  test.each([undefined, null, 'text', {}, 7])('are none where a store returns %j', async (value) => {
    const { session, fleet } = await open()
    session.statuses = value as unknown as string[]
    expect(await fleet.read()).toEqual([])
  })

  test('are none without a store', async () => {
    const fleet = new FleetStatus({ clock: new ManualClock(), store: () => undefined })
    fleet.publish(() => 'own')
    fleet.heartbeatAnswered()
    expect(await fleet.read()).toEqual([])
  })
})

describe('a store without the optional methods', () => {
  test('is left alone: nothing is written or read', async () => {
    const { clock, fleet, downs, link } = await open({ publishStatus: undefined, readStatuses: undefined })
    let written = 0
    fleet.publish(() => `${++written}`)
    await clock.advance(10_000)
    expect(await fleet.read()).toEqual([])
    expect(written).toBe(0)
    expect(link.isUp).toBe(true)
    expect(downs).toEqual([])
  })
})
