import { describe, expect, test } from '@jest/globals'
import { AgingMap } from '../../lib/structures/aging-map.js'

const never = () => false
const isNegative = (value: number) => value < 0

describe('a map that ages', () => {
  test('gives back what was set last', () => {
    const map = new AgingMap<number>(10)
    map.set('a', 1, never)
    map.set('a', 2, never)
    expect(map.get('a')).toBe(2)
    expect(map.get('b')).toBeUndefined()
    expect(map.size).toBe(1)
  })

  test('drops old keys as new ones come', () => {
    const map = new AgingMap<number>(1000)
    for (let key = 0; key < 100; key++) map.set(`old ${key}`, -1, never)
    for (let key = 0; key < 100; key++) map.set(`new ${key}`, key, isNegative)
    expect(map.size).toBeLessThan(105)
    expect(map.get('new 0')).toBe(0)
  })

  test('keeps what is old behind a key that is not, until that one leaves', () => {
    const map = new AgingMap<number>(1000)
    map.set('young', 1, never)
    map.set('old', -1, never)
    map.set('next', 1, isNegative)
    expect(map.size).toBe(3)
  })

  test('lets go of the key set longest ago when there is no room', () => {
    const map = new AgingMap<number>(3)
    for (const key of ['a', 'b', 'c', 'a', 'd']) map.set(key, 1, never)
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([1, undefined, 1, 1])
  })

  test('never holds more than allowed, nor much less', () => {
    const map = new AgingMap<number>(640)
    for (let key = 0; key < 5000; key++) {
      map.set(String(key), key, never)
      expect(map.size).toBeLessThanOrEqual(640)
    }
    expect(map.size).toBeGreaterThanOrEqual(630)
    expect(map.get('4999')).toBe(4999)
  })

  // A Map walks over the holes of deleted keys to find its oldest: one deletion per addition is quadratic, here for minutes.
  test('takes no longer for a key when it holds many', () => {
    const map = new AgingMap<number>(100_000)
    for (let key = 0; key < 300_000; key++) map.set(String(key), key, never)
    expect(map.size).toBeLessThanOrEqual(100_000)
  }, 5000)
})
