import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { HistorySegment } from '../../lib/structures/history-segment.js'

describe('a segment of the history', () => {
  test('finds nothing at first', () => {
    const segment = new HistorySegment(4)
    expect([segment.find(1, 2), segment.find(0, 0), segment.size]).toEqual([-1, -1, 0])
  })

  test('keeps second and weight of a hash, the second 0 included', () => {
    const segment = new HistorySegment(4)
    segment.add(1, 2, 0, 1.5, -1)
    const at = segment.find(1, 2)
    expect([segment.second(at), segment.weight(at)]).toEqual([0, 1.5])
    segment.update(at, 90, 2.25)
    expect([segment.second(at), segment.weight(at), segment.size]).toEqual([90, 2.25, 1])
  })

  test('keeps hashes apart that share one half', () => {
    const segment = new HistorySegment(4)
    segment.add(1, 2, 10, 1, 0)
    expect([segment.find(1, 3), segment.find(2, 2)]).toEqual([-1, -1])
  })

  test('at its largest drops the oldest of a full set', () => {
    const segment = new HistorySegment(1)
    for (let second = 1; second <= 17; second++) segment.add(second, 7, 100 + second, 1, 0)
    expect(segment.size).toBe(16)
    expect(segment.find(1, 7)).toBe(-1)
    for (let second = 2; second <= 17; second++) expect(segment.find(second, 7)).not.toBe(-1)
  })

  test('makes room by dropping what is too old, before it grows', () => {
    const segment = new HistorySegment(4)
    for (let hash = 0; hash < 8; hash++) segment.add(hash, 7, 10, 1, 0)
    segment.add(100, 7, 1000, 1, 500)
    expect(segment.size).toBe(1)
    expect(segment.find(0, 7)).toBe(-1)
    expect(segment.find(100, 7)).not.toBe(-1)
  })

  test('holds as a map would, as long as no set is full', () => {
    const entry = fc.record({
      hash: fc.integer({ min: 0, max: 400 }),
      gapSeconds: fc.nat(3),
      weight: fc.integer({ min: 0, max: 1000 }),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 400 }), (entries) => {
        const segment = new HistorySegment(1024)
        const model = new Map<number, { second: number; weight: number }>()
        let second = 0
        for (const { hash, gapSeconds, weight } of entries) {
          second += gapSeconds
          const at = segment.find(hash, ~hash >>> 0)
          expect(at >= 0).toBe(model.has(hash))
          if (at < 0) segment.add(hash, ~hash >>> 0, second, weight, -1)
          else segment.update(at, second, weight)
          model.set(hash, { second, weight })
        }
        expect(segment.size).toBe(model.size)
        for (const [hash, expected] of model) {
          const at = segment.find(hash, ~hash >>> 0)
          expect({ second: segment.second(at), weight: segment.weight(at) }).toEqual(expected)
        }
      }),
    )
  })
})
