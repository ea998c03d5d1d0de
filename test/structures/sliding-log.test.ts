import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SlidingLog } from '../../lib/structures/sliding-log.js'

describe('a key', () => {
  test('has no events before the first', () => {
    expect(new SlidingLog(1000, 10).count('a', 0)).toBe(0)
  })

  test('keeps an event for the whole window and not a millisecond longer', () => {
    const log = new SlidingLog(1000, 10)
    log.add('a', 5)
    expect(log.count('a', 1004)).toBe(1)
    expect(log.count('a', 1005)).toBe(0)
  })

  test('keeps its events apart from those of others', () => {
    const log = new SlidingLog(1000, 10)
    log.add('a', 0)
    log.add('a', 0)
    log.add('b', 0)
    expect([log.count('a', 0), log.count('b', 0), log.count('c', 0)]).toEqual([2, 1, 0])
  })

  test('may be called anything an object has already', () => {
    const log = new SlidingLog(1000, 10)
    log.add('__proto__', 0)
    expect([log.count('__proto__', 0), log.count('constructor', 0)]).toEqual([1, 0])
  })

  test('loses exactly the event that is taken back', () => {
    const log = new SlidingLog(1000, 10)
    for (const atMs of [0, 400, 800]) log.add('a', atMs)
    log.remove('a', 400)
    expect(log.count('a', 900)).toBe(2)
    expect(log.count('a', 1000)).toBe(1)
    expect(log.count('a', 1800)).toBe(0)
  })

  test('loses nothing when an event is taken back that it does not have', () => {
    const log = new SlidingLog(1000, 10)
    log.add('a', 0)
    log.remove('a', 1)
    log.remove('b', 0)
    expect(log.count('a', 0)).toBe(1)
  })

  test('is gone with its last event', () => {
    const log = new SlidingLog(1000, 10)
    log.add('a', 0)
    log.remove('a', 0)
    expect(log.keys).toBe(0)
  })
})

describe('a new window', () => {
  test('that is shorter forgets at once what is older', () => {
    const log = new SlidingLog(1000, 10)
    for (const atMs of [0, 400, 800]) log.add('a', atMs)
    log.setWindow(500)
    expect(log.count('a', 850)).toBe(2)
    log.setWindow(1000)
    expect(log.count('a', 850)).toBe(2)
  })

  test('that is longer sees what is still held', () => {
    const log = new SlidingLog(1000, 10)
    log.add('a', 0)
    log.setWindow(5000)
    expect(log.count('a', 4999)).toBe(1)
    expect(log.count('a', 5000)).toBe(0)
  })
})

describe('a limit enforced with the log', () => {
  const attempts = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), gapMs: fc.nat(400) }), { maxLength: 150 })

  test('is never exceeded in any window, and nothing below it is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), attempts, (limit, tries) => {
        const log = new SlidingLog(1000, 100)
        const passes: { key: string; atMs: number }[] = []
        let nowMs = 0
        for (const { key, gapMs } of tries) {
          nowMs += gapMs
          const inWindow = passes.filter((pass) => pass.key === key && nowMs - pass.atMs < 1000).length
          const isAllowed = log.count(key, nowMs) < limit
          expect(isAllowed).toBe(inWindow < limit)
          if (!isAllowed) continue
          log.add(key, nowMs)
          passes.push({ key, atMs: nowMs })
        }
      }),
    )
  })
})

describe('memory', () => {
  test('shrinks again as new keys come after a flood', () => {
    const log = new SlidingLog(1000, 100_000)
    for (let key = 0; key < 1000; key++) log.add(`flood ${key}`, 0)
    for (let key = 0; key < 1000; key++) log.add(`later ${key}`, 1000)
    expect(log.keys).toBeLessThan(1050)
  })

  test('holds no more keys than allowed, and lets go of the one that was quiet longest', () => {
    const log = new SlidingLog(1000, 3)
    for (const key of ['a', 'b', 'c', 'a', 'd']) log.add(key, 0)
    expect(log.keys).toBe(3)
    expect(['a', 'b', 'c', 'd'].map((key) => log.count(key, 0))).toEqual([2, 0, 1, 1])
  })

  test('stays within bounds whatever comes', () => {
    const log = new SlidingLog(60_000, 50)
    for (let event = 0; event < 5000; event++) {
      log.add(`key ${(event * 7919) % 997}`, event)
      expect(log.keys).toBeLessThanOrEqual(50)
    }
  })
})
