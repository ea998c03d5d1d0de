import { expect, test } from '@jest/globals'
import { KeyCounts } from '../../lib/structures/key-counts.js'

test('each key is counted apart', () => {
  const counts = new KeyCounts()
  for (const key of ['a', 'a', '__proto__', 'a']) counts.add(key)
  counts.remove('a')
  expect([counts.count('a'), counts.count('__proto__'), counts.count('b')]).toEqual([2, 1, 0])
})

test('a key takes memory as long as something of its is counted, and none for being asked about', () => {
  const counts = new KeyCounts()
  for (const key of ['a', 'a', 'b']) counts.add(key)
  counts.count('c')
  expect(counts.keys).toBe(2)
  counts.remove('a')
  expect(counts.keys).toBe(2)
  counts.remove('a')
  expect(counts.keys).toBe(1)
})
