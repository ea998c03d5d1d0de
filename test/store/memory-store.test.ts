import { describe, expect, test } from '@jest/globals'
import { memoryStore } from '../../lib/index.js'
import { ManualClock } from '../support/manual-clock.js'
import { claimOf, contextOf, overrideOf, purseOf, testConformance, verifiedOf } from './conformance.js'

function open() {
  const clock = new ManualClock()
  return { store: memoryStore({ clock }), elapse: (ms: number) => clock.advance(ms) }
}

describe('memoryStore()', () => {
  testConformance(open)

  test('measures with the system clock by default', async () => {
    const session = memoryStore({ clock: undefined }).connect(contextOf())
    const claim = () => session.claim(claimOf({ purses: [purseOf({ limit: 1, windowMs: 1 })] }))
    expect((await claim()).kind).toBe('granted')
    const startedMs = performance.now()
    while (performance.now() - startedMs < 2) await undefined
    expect((await claim()).kind).toBe('granted')
  })

  test('shares nothing with another store', async () => {
    const [one, two] = [memoryStore().connect(contextOf()), memoryStore().connect(contextOf())]
    await one.recordVerified(verifiedOf({ ticketKey: 'ticket' }))
    expect((await two.claim(claimOf({ ticketKey: 'ticket' }))).kind).toBe('granted')
  })

  test('forgets the oldest tickets first when more than 500 000 have passed in five minutes', async () => {
    const session = open().store.connect(contextOf())
    for (let index = 0; index < 510_000; index++) {
      await session.recordVerified(verifiedOf({ passId: 'pass', ticketKey: `ticket-${index}` }))
    }
    expect((await session.claim(claimOf({ ticketKey: 'ticket-0' }))).kind).toBe('granted')
    expect((await session.claim(claimOf({ ticketKey: 'ticket-509999' }))).kind).toBe('replayed')
  })

  test('cuts the name of who set an override to 256 characters', async () => {
    const session = open().store.connect(contextOf())
    await session.setOverride(overrideOf({ by: 'x'.repeat(1000) }))
    expect(
      (await session.heartbeat({ baselinePerMinute: undefined, referencePerMinute: undefined })).override?.by,
    ).toHaveLength(256)
  })
})
