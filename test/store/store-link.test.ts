import { afterEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../lib/clock.js'
import type { StoreState } from '../../lib/store/captcha-store.js'
import { StoreLink } from '../../lib/store/store-link.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'
import { type Behaviour, StoreDouble } from './store-double.js'

const opened: StoreLink[] = []

afterEach(async () => {
  for (const link of opened.splice(0)) link.close()
  // An unhandled rejection fails the test that is running.
  await new Promise((resolve) => setImmediate(resolve))
})

async function open(behaviour: Behaviour = 'answers') {
  const clock = new ManualClock()
  const session = new StoreDouble()
  session.set(behaviour)
  const events: string[] = []
  const states: StoreState[] = []
  const link = new StoreLink({
    session,
    clock,
    learned: () => ({ baselinePerMinute: 12, referencePerMinute: 9 }),
    onState: (state) => states.push(state),
    onDown: (why) => events.push(`down: ${why}`),
    onUp: () => events.push('up'),
  })
  opened.push(link)
  await settlePromises()
  const read = () => link.ask((store) => store.readHistory('client'))
  return { clock, session, events, states, link, read }
}

/** Answers each heartbeat after the same delay. */
function setAnswerDelay(session: StoreDouble, clock: ManualClock, delayMs: number): { heartbeats: number } {
  const seen = { heartbeats: 0 }
  session.heartbeat = () => {
    seen.heartbeats++
    return new Promise((resolve) => clock.after(delayMs, () => resolve({ nowMs: 0, ...session.state })))
  }
  return seen
}

/** What the promise is settled with, or `'waiting'`. */
async function settledKind(promise: Promise<{ readonly kind: string }>): Promise<string> {
  let kind = 'waiting'
  void promise.then((answer) => {
    kind = answer.kind
  })
  await settlePromises()
  return kind
}

describe('a store that answers', () => {
  test('is up from the first heartbeat on, causes no event, and gets a heartbeat every second', async () => {
    const { clock, session, events, states, link, read } = await open()
    expect(link.isUp).toBe(true)
    expect(await read()).toMatchObject({ kind: 'answer' })
    await clock.advance(2_000)
    expect(session.calls.filter(({ name }) => name === 'heartbeat').map(({ argument }) => argument)).toEqual(
      Array(3).fill({ baselinePerMinute: 12, referencePerMinute: 9 }),
    )
    expect(states).toHaveLength(3)
    expect(events).toEqual([])
  })

  test('has its whole deadline from when a client may have written: a loop that is blocked until then is no fault of the store', async () => {
    const { session } = await open()
    const events: string[] = []
    const link = new StoreLink({
      session,
      clock: systemClock,
      learned: () => ({ baselinePerMinute: undefined, referencePerMinute: undefined }),
      onState: () => {},
      onDown: (why) => events.push(why),
      onUp: () => {},
    })
    opened.push(link)
    // A client that writes in the next turn of the event loop, and reads in the one after.
    const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
    const asked = link.ask(async () => {
      await nextTurn()
      await nextTurn()
      return 'answer'
    })
    // As the first heartbeat is answered, the operation begins; the loop is blocked in that very turn.
    await nextTurn()
    const endMs = performance.now() + 250
    while (performance.now() < endMs);
    expect(await asked).toEqual({ kind: 'answer', value: 'answer' })
    expect(events).toEqual([])
  })

  test('is asked for requests that arrive before its first answer, so that a restart lifts no limit', async () => {
    const { clock, session, link, read } = await open('hangs')
    expect(link.isDown).toBe(false)
    const early = read()
    expect(await settledKind(early)).toBe('waiting')
    await clock.advance(50)
    session.set('answers')
    session.answerHanging()
    expect(await settledKind(early)).toBe('answer')
  })
})

test.each([
  ['an object without a prototype', Object.create(null)],
  ['a symbol', Symbol('lost')],
  ['nothing', undefined],
])('a store that rejects with %s is down at once', async (_what, reason) => {
  const { session, events, link } = await open()
  session.readHistory = () => Promise.reject(reason)
  expect(await settledKind(link.ask((store) => store.readHistory('client')))).toBe('down')
  expect(events).toEqual([expect.stringMatching(/^down: ./)])
})

describe.each(['throws', 'rejects', 'hangs'] satisfies Behaviour[])('a store whose client %s', (behaviour) => {
  test('at the start causes one warning and is used when it answers', async () => {
    const { clock, session, events, link, read } = await open(behaviour)
    await clock.advance(200)
    expect(link.isDown).toBe(true)
    await clock.advance(60_000)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatch(/^down: /)
    session.set('answers')
    session.answerHanging()
    await clock.advance(1_000)
    expect(events.slice(1)).toEqual(['up'])
    expect(await settledKind(read())).toBe('answer')
  })

  test('later causes one event when it goes down and one when it comes back', async () => {
    const { clock, session, events, link, read } = await open()
    await clock.advance(20_000)
    session.set(behaviour)
    const asked = [read(), read(), read()]
    await clock.advance(200)
    for (const answer of asked) expect(await settledKind(answer)).toBe('down')
    expect(link.isDown).toBe(true)
    await clock.advance(20_000)
    expect(events).toHaveLength(1)
    session.set('answers')
    session.answerHanging()
    await clock.advance(1_000)
    expect(events.slice(1)).toEqual(['up'])
    expect(link.isUp).toBe(true)
  })

  test('delays no request once it is known to be down, and gets nothing but heartbeats', async () => {
    const { clock, session, read } = await open(behaviour)
    await clock.advance(200)
    const heartbeats = session.count('heartbeat')
    for (let request = 0; request < 1000; request++) expect(await settledKind(read())).toBe('down')
    expect(session.calls).toHaveLength(heartbeats)
  })

  test('is noticed by the heartbeat when there are no requests', async () => {
    const { clock, session, events } = await open()
    session.set(behaviour)
    await clock.advance(1_200)
    expect(events).toHaveLength(1)
  })
})

describe('waiting for the store', () => {
  test('ends for every request at the first failure, after 200 ms at the latest', async () => {
    const { clock, session, read } = await open()
    session.set('hangs')
    const first = read()
    await clock.advance(150)
    const second = read()
    await clock.advance(49)
    expect(await settledKind(first)).toBe('waiting')
    await clock.advance(1)
    expect(await settledKind(first)).toBe('down')
    expect(await settledKind(second)).toBe('down')
    expect(clock.nowMs()).toBe(200)
  })

  test('takes at most 200 ms for requests that arrive before the first answer', async () => {
    const { clock, read } = await open('hangs')
    const early = read()
    await clock.advance(199)
    expect(await settledKind(early)).toBe('waiting')
    await clock.advance(1)
    expect(await settledKind(early)).toBe('down')
  })

  test('counts the wait for the first answer in its 200 ms', async () => {
    const { clock, session, read } = await open('hangs')
    await clock.advance(50)
    const early = read()
    await clock.advance(100)
    session.answerHanging()
    await clock.advance(99)
    expect(await settledKind(early)).toBe('waiting')
    await clock.advance(1)
    expect(await settledKind(early)).toBe('down')
  })

  test('ends when the guard is closed', async () => {
    const { session, clock, link, read, events } = await open()
    session.set('hangs')
    const asked = read()
    link.close()
    expect(await settledKind(asked)).toBe('down')
    session.rejectHanging()
    await settlePromises()
    expect(clock.pendingTimers).toBe(0)
    expect(events).toEqual([])
    expect(await settledKind(read())).toBe('down')
  })
})

describe('a late answer', () => {
  test('reaches the caller and does not mark the store as up', async () => {
    const { clock, session, link, read } = await open()
    session.set('hangs')
    const asked = read()
    await clock.advance(200)
    const answer = await asked
    session.answerHanging()
    await settlePromises()
    expect(link.isDown).toBe(true)
    expect(answer.kind === 'down' && (await settledKind(answer.late.then(() => ({ kind: 'late' }))))).toBe('late')
  })

  test('that is a rejection is handled', async () => {
    const { clock, session, read } = await open()
    session.set('hangs')
    const asked = read()
    await clock.advance(200)
    session.rejectHanging()
    const answer = await asked
    expect(answer.kind === 'down' && (await answer.late)).toBeUndefined()
  })

  test('never arrives if no operation ran', async () => {
    const { clock, read } = await open('rejects')
    await clock.advance(1)
    const answer = await read()
    expect(answer.kind === 'down' && (await answer.late)).toBeUndefined()
  })
})

describe('an operation that no decision needs', () => {
  const readAside = (link: StoreLink) => link.askAside((session) => session.readHistory('client'))

  test('returns what the store answers', async () => {
    const { session, link } = await open()
    session.history = { verifiedPerMinute: 3 }
    expect(await readAside(link)).toEqual({ verifiedPerMinute: 3 })
  })

  test.each(['throws', 'rejects', 'hangs'] satisfies Behaviour[])(
    'returns nothing within 200 ms and leaves the store up where the client %s',
    async (behaviour) => {
      const { clock, session, events, link, read } = await open()
      session.set(behaviour)
      const asked = readAside(link)
      await clock.advance(200)
      expect(await asked).toBeUndefined()
      expect(link.isUp).toBe(true)
      expect(events).toEqual([])
      session.set('answers')
      expect(await settledKind(read())).toBe('answer')
    },
  )

  test('is not sent while the store is down, or was not heard yet', async () => {
    const { clock, session, link } = await open('hangs')
    expect(await readAside(link)).toBeUndefined()
    await clock.advance(200)
    expect(await readAside(link)).toBeUndefined()
    expect(session.count('readHistory')).toBe(0)
  })

  test('ends when the store is lost', async () => {
    const { clock, session, link, read } = await open()
    session.set('hangs')
    const decisive = read()
    await clock.advance(100)
    const asked = readAside(link)
    await clock.advance(100)
    expect(await settledKind(decisive)).toBe('down')
    expect(await asked).toBeUndefined()
  })
})

describe('a store that was lost', () => {
  test('gets one heartbeat at a time, a second apart', async () => {
    const { clock, session } = await open('hangs')
    await clock.advance(20_000)
    expect(session.count('heartbeat')).toBe(1)
    session.answerHanging()
    await settlePromises()
    expect(session.count('heartbeat')).toBe(1)
    await clock.advance(0)
    expect(session.count('heartbeat')).toBe(2)
  })

  test('gets the next heartbeat half a minute after one that is never answered', async () => {
    const { clock, session } = await open('hangs')
    await clock.advance(120_000)
    expect(session.count('heartbeat')).toBeLessThanOrEqual(4)
    session.set('answers')
    await clock.advance(31_000)
    expect(session.count('heartbeat')).toBeGreaterThan(4)
  })

  test('stays down while it answers after 300 ms, and gets a heartbeat a second', async () => {
    const { clock, session, events } = await open('hangs')
    const after300 = setAnswerDelay(session, clock, 300)
    await clock.advance(30_000)
    await clock.advance(10_000)
    expect(after300.heartbeats).toBeGreaterThan(5)
    expect(after300.heartbeats).toBeLessThanOrEqual(11)
    expect(events).toHaveLength(1)
  })

  test('is tried less and less often while it answers heartbeats and fails at the rest', async () => {
    const { clock, events, session, read } = await open()
    session.set('rejects', 'readHistory')
    for (let second = 0; second < 300; second++) {
      await read()
      await clock.advance(1_000)
    }
    const downs = events.filter((event) => event.startsWith('down'))
    expect(downs.length).toBeLessThan(16)
    session.set('answers', 'readHistory')
    await clock.advance(60_000)
    session.set('rejects', 'readHistory')
    await read()
    session.set('answers', 'readHistory')
    await clock.advance(1_000)
    expect(await settledKind(read())).toBe('answer')
  })
})
