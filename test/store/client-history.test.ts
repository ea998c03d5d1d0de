import { describe, expect, test } from '@jest/globals'
import { ClientHistory } from '../../lib/store/client-history.js'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'

const minute = 60_000
const day = 24 * 60 * minute

const isKnown = (history: ClientHistory, key: string, nowMs: number) => history.verifiedPerMinute(key, nowMs) > 0

describe('a client key', () => {
  test('is known from its first verified pass on, for 24 hours', () => {
    const history = new ClientHistory()
    expect(isKnown(history, 'a', 0)).toBe(false)
    expect(history.noteVerified('a', 0)).toBe(true)
    expect(isKnown(history, 'a', 0)).toBe(true)
    expect(isKnown(history, 'a', day - 1000)).toBe(true)
    expect(isKnown(history, 'a', day)).toBe(false)
    expect(isKnown(history, 'b', 0)).toBe(false)
  })

  test('stays known as it comes back', () => {
    const history = new ClientHistory()
    history.noteVerified('a', 0)
    history.noteVerified('a', day - minute)
    expect(isKnown(history, 'a', day + minute)).toBe(true)
  })

  test('counts once a minute', () => {
    const history = new ClientHistory()
    const isFirst = [0, 30_000, 59_999, 60_000, 119_999, 240_000].map((nowMs) => history.noteVerified('a', nowMs))
    expect(isFirst).toEqual([true, false, false, true, false, true])
  })

  test('may be any text, an empty one and one that an object has already included', () => {
    const history = new ClientHistory()
    const keys = ['', '__proto__', 'a', 'ab', 'ba', 'a\0', '你好', '192.0.2.1', '192.0.2.10', 'x'.repeat(128)]
    for (const key of keys) expect(history.noteVerified(key, 0)).toBe(true)
    expect(history.size).toBe(keys.length)
    for (const key of keys) expect(isKnown(history, key, 0)).toBe(true)
  })
})

describe('the own rate of a key', () => {
  test('follows its verified passes', () => {
    const history = new ClientHistory()
    for (let pass = 0; pass < 20 * 60; pass++) history.noteVerified('carrier', pass * 3000)
    expect(history.verifiedPerMinute('carrier', 60 * minute)).toBeCloseTo(20, 0)
    expect(history.verifiedPerMinute('unseen', 60 * minute)).toBe(0)
  })

  test('does not fall in an outage, when no key is verified', () => {
    const history = new ClientHistory()
    for (let pass = 0; pass < 20 * 30; pass++) history.noteVerified('carrier', pass * 3000)
    const before = history.verifiedPerMinute('carrier', 30 * minute)
    expect(history.verifiedPerMinute('carrier', 120 * minute)).toBe(before)
    expect(history.verifiedPerMinute('carrier', 30 * minute + day)).toBe(0)
  })

  test('falls when the key comes back more rarely', () => {
    const history = new ClientHistory()
    for (let pass = 0; pass < 600; pass++) history.noteVerified('a', pass * 1000)
    for (let pass = 0; pass < 10; pass++) history.noteVerified('a', 10 * minute + pass * 10 * minute)
    expect(history.verifiedPerMinute('a', 110 * minute)).toBeLessThan(0.3)
  })

  test('does not rise with passes of users that the application vouches for, which keep the key known', () => {
    const history = new ClientHistory()
    for (let pass = 0; pass < 600; pass++) history.noteVerified('carrier', pass * 1000, pass % 10 > 0)
    expect(history.verifiedPerMinute('carrier', 10 * minute)).toBeCloseTo(6 * (1 - 1 / Math.E), 0)
    expect(history.noteVerified('office', 0, true)).toBe(true)
    for (let hour = 1; hour <= 30; hour++) history.noteVerified('office', hour * 60 * minute, true)
    expect(history.verifiedPerMinute('office', 31 * 60 * minute)).toBeCloseTo(0.1)
  })

  test('is taken over from another process where it is higher', () => {
    const history = new ClientHistory()
    history.adopt('a', 5, 0)
    expect(isKnown(history, 'a', 0)).toBe(true)
    expect(history.verifiedPerMinute('a', 0)).toBeCloseTo(5)
    history.adopt('a', 2, 0)
    expect(history.verifiedPerMinute('a', 0)).toBeCloseTo(5)
    history.adopt('a', 8, 0)
    expect(history.verifiedPerMinute('a', 0)).toBeCloseTo(8)
  })

  test.each([4, 5.1, 5.3, 1 / 3])('that another process repeats renews nothing: %d', (perMinute) => {
    const history = new ClientHistory()
    history.adopt('a', perMinute, 0)
    history.adopt('a', perMinute, day / 2)
    expect(isKnown(history, 'a', day - 1000)).toBe(true)
    expect(isKnown(history, 'a', day)).toBe(false)
  })
})

/** Under a fixed key: which keys meet in a set is chance otherwise. */
function repeatable(): ClientHistory {
  return new ClientHistory(new KeyedHash(Buffer.from('8 bytes.')))
}

describe('many keys', () => {
  test('that other processes know are held', () => {
    const history = repeatable()
    for (let key = 0; key < 10_000; key++) history.adopt(`key ${key}`, 1, key)
    expect(history.size).toBe(10_000)
  })

  test('make no other key known', () => {
    const history = repeatable()
    for (let key = 0; key < 2000; key++) history.noteVerified(`key ${key}`, 0)
    const others = Array.from({ length: 2000 }, (_, key) => history.verifiedPerMinute(`other ${key}`, 0))
    expect(new Set(others)).toEqual(new Set([0]))
  })

  test('make room for others when they are older than 24 hours', () => {
    const history = repeatable()
    for (let key = 0; key < 20_000; key++) history.noteVerified(`old ${key}`, 0)
    for (let key = 0; key < 20_000; key++) history.noteVerified(`new ${key}`, day + 1000)
    expect(history.size).toBeLessThan(30_000)
    const young = Array.from({ length: 20_000 }, (_, key) => isKnown(history, `new ${key}`, day + 1000))
    expect(young).not.toContain(false)
  })
})
