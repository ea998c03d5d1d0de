import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RecentEvents } from '../../lib/structures/recent-events.js'

describe('a key', () => {
  test('has no events before the first', () => {
    const events = new RecentEvents(1000, 10)
    expect([events.count('a', 0), events.has('a', 0), events.size]).toEqual([0, false, 0])
  })

  test('keeps an event for the whole window and not a millisecond longer', () => {
    const events = new RecentEvents(1000, 10)
    events.add('a', 5)
    expect([events.has('a', 1004), events.count('a', 1004)]).toEqual([true, 1])
    expect([events.has('a', 1005), events.count('a', 1005)]).toEqual([false, 0])
  })

  test('keeps its events apart from those of others', () => {
    const events = new RecentEvents(1000, 10)
    events.add('a', 0)
    events.add('a', 0)
    events.add('b', 0)
    expect(['a', 'b', 'c'].map((key) => events.count(key, 0))).toEqual([2, 1, 0])
  })

  test('is told from 300 000 others, some of which agree with another in half of their hash', () => {
    const events = new RecentEvents(1000)
    const keys = Array.from({ length: 300_000 }, (_, number) => `key ${number}`)
    for (const key of keys) events.add(key, 0)
    expect(keys.filter((key) => events.count(key, 0) !== 1)).toEqual([])
  })

  test('may be called anything an object has already', () => {
    const events = new RecentEvents(1000, 10)
    events.add('__proto__', 0)
    expect([events.count('__proto__', 0), events.count('constructor', 0)]).toEqual([1, 0])
  })

  test.each([0, 400, 800])('loses exactly the event of %i ms when it is taken back', (takenMs) => {
    const events = new RecentEvents(1000, 10)
    for (const atMs of [0, 400, 800]) events.add('a', atMs)
    events.remove('a', takenMs)
    const left = [0, 400, 800].filter((atMs) => atMs !== takenMs)
    for (const nowMs of [900, 1000, 1399, 1400, 1799, 1800]) {
      expect(events.count('a', nowMs)).toBe(left.filter((atMs) => nowMs - atMs < 1000).length)
    }
  })

  test('loses nothing when an event is taken back that it does not have', () => {
    const events = new RecentEvents(1000, 10)
    events.add('a', 0)
    events.remove('a', 1)
    events.remove('b', 0)
    expect(events.count('a', 0)).toBe(1)
  })

  test('is gone with its last event', () => {
    const events = new RecentEvents(1000, 10)
    events.add('a', 0)
    events.remove('a', 0)
    expect([events.size, events.has('a', 0)]).toEqual([0, false])
  })

  test('keeps no more events than it may, the youngest', () => {
    const events = new RecentEvents(1000, 10)
    for (const atMs of [0, 100, 200, 300]) events.add('a', atMs, 2)
    expect([events.size, events.count('a', 300)]).toEqual([2, 2])
    expect([events.count('a', 1199), events.count('a', 1200), events.count('a', 1300)]).toEqual([2, 1, 0])
  })
})

describe('a new window', () => {
  test('that is shorter forgets what is older', () => {
    const events = new RecentEvents(1000, 10)
    for (const atMs of [0, 400, 800]) events.add('a', atMs)
    events.setWindow(500)
    expect(events.count('a', 850)).toBe(2)
    events.setWindow(1000)
    expect(events.count('a', 850)).toBe(2)
  })

  test('that is longer sees what is still held', () => {
    const events = new RecentEvents(1000, 10)
    events.add('a', 0)
    events.setWindow(5000)
    expect(events.count('a', 4999)).toBe(1)
    expect(events.count('a', 5000)).toBe(0)
  })
})

describe('a limit enforced with the events', () => {
  const attempts = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), gapMs: fc.nat(400) }), { maxLength: 150 })

  test('is never exceeded in any window, and nothing below it is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), attempts, (limit, tries) => {
        const events = new RecentEvents(1000, 100)
        const passes: { key: string; atMs: number }[] = []
        let nowMs = 0
        for (const { key, gapMs } of tries) {
          nowMs += gapMs
          const inWindow = passes.filter((pass) => pass.key === key && nowMs - pass.atMs < 1000).length
          const isAllowed = events.count(key, nowMs) < limit
          expect(isAllowed).toBe(inWindow < limit)
          if (!isAllowed) continue
          events.add(key, nowMs)
          passes.push({ key, atMs: nowMs })
        }
      }),
    )
  })
})

/** What the events of keys are, held in plain lists. */
class Model {
  readonly #times = new Map<string, number[]>()

  of(key: string, nowMs: number): number[] {
    return (this.#times.get(key) ?? []).filter((atMs) => nowMs - atMs < 1000)
  }

  set(key: string, times: number[]): void {
    this.#times.set(key, times)
  }
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'addFew', 'remove', 'delete', 'look' as const),
    /** Few keys, so that each has many events, or many keys, so that the memory grows. */
    spread: fc.constantFrom(1, 7, 3000),
    first: fc.integer({ min: 0, max: 5000 }),
    burst: fc.integer({ min: 1, max: 2000 }),
    gapMs: fc.integer({ min: 0, max: 700 }),
  }),
  { maxLength: 40 },
)

test('the events of keys are what plain lists would hold, through growth, shrinking, and what is taken back', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const events = new RecentEvents(1000, 1_000_000)
      const model = new Model()
      const seen = new Set<string>()
      const wrong: string[] = []
      let nowMs = 0
      const compare = (key: string) => {
        const expected = model.of(key, nowMs).length
        const found = events.count(key, nowMs)
        if (found !== expected || events.has(key, nowMs) !== expected > 0)
          wrong.push(`${key} at ${nowMs}: ${found}, not ${expected}`)
      }
      for (const { what, spread, first, burst, gapMs } of all) {
        nowMs += gapMs
        for (let number = first; number < first + burst; number++) {
          const key = `key ${number % spread}`
          seen.add(key)
          const times = model.of(key, nowMs)
          if (what === 'add') {
            events.add(key, nowMs)
            model.set(key, [...times, nowMs])
          } else if (what === 'addFew') {
            events.add(key, nowMs, 3)
            model.set(key, [...times, nowMs].slice(-3))
          } else if (what === 'remove') {
            const atMs = times[number % (times.length + 1)] ?? -1
            events.remove(key, atMs)
            const place = times.lastIndexOf(atMs)
            model.set(
              key,
              times.filter((_, index) => index !== place),
            )
          } else if (what === 'delete') {
            events.delete(key)
            model.set(key, [])
          }
          compare(key)
        }
      }
      let held = 0
      for (const key of seen) {
        compare(key)
        held += model.of(key, nowMs).length
      }
      expect(wrong).toEqual([])
      expect(events.size).toBe(held)
    }),
    { numRuns: 30 },
  )
})

describe('memory', () => {
  const plainArray = globalThis.Float64Array
  let ringLength = 0

  beforeEach(() => {
    // A ring has one array of these.
    class CountedArray extends Float64Array {
      constructor(length: number) {
        super(length)
        ringLength = length
      }
    }
    globalThis.Float64Array = CountedArray as Float64ArrayConstructor
  })

  afterEach(() => {
    globalThis.Float64Array = plainArray
  })

  test('shrinks again once a flood is old', () => {
    const events = new RecentEvents(1000, 100_000)
    for (let key = 0; key < 50_000; key++) events.add(`flood ${key}`, 0)
    expect(ringLength).toBe(65_536)
    for (let key = 0; key < 20; key++) events.add(`later ${key}`, 1000)
    expect(events.size).toBe(20)
    expect(ringLength).toBe(1024)
  })

  test('is bounded, and lets the oldest events go first', () => {
    const events = new RecentEvents(1000, 5000)
    for (let number = 0; number < 20_000; number++) events.add(`key ${number}`, 0)
    expect(events.size).toBe(5000)
    expect([events.has('key 14999', 0), events.has('key 15000', 0)]).toEqual([false, true])
  })

  test('is not filled by what one key has had taken back', () => {
    const events = new RecentEvents(1000, 5000)
    for (let number = 0; number < 4000; number++) events.add(`key ${number}`, 0)
    for (let number = 0; number < 50_000; number++) events.add('flood', 0, 10)
    for (let number = 0; number < 50_000; number++) {
      events.add('given back', 0)
      events.remove('given back', 0)
    }
    expect(events.size).toBe(4010)
    expect(events.has('key 0', 0)).toBe(true)
    expect(ringLength).toBe(8192)
  })
})
