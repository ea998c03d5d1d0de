import { expect, test } from '@jest/globals'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'

const key = Buffer.from('0011223344556677', 'hex')

function hashOf(hash: KeyedHash, text: string): string {
  hash.hash(text)
  return `${hash.high.toString(16).padStart(8, '0')}${hash.low.toString(16).padStart(8, '0')}`
}

test('the same text has the same hash under the same key, and another under another', () => {
  expect(hashOf(new KeyedHash(key), '192.0.2.1')).toBe(hashOf(new KeyedHash(key), '192.0.2.1'))
  expect(hashOf(new KeyedHash(key), '192.0.2.1')).not.toBe(hashOf(new KeyedHash(), '192.0.2.1'))
})

test('texts that differ in anything have different hashes', () => {
  const hash = new KeyedHash(key)
  const texts = ['', '\0', '\0\0', 'a', 'a\0', 'ab', 'ba', 'aa', 'aaa', '\u0100', '\u0001', '192.0.2.1', '192.0.2.2']
  expect(new Set(texts.map((text) => hashOf(hash, text))).size).toBe(texts.length)
})

test('a hundred thousand addresses meet nowhere, and fill every part of the range alike', () => {
  const hash = new KeyedHash(key)
  const seen = new Set<string>()
  const byTopByte = new Uint32Array(256)
  const byLowByte = new Uint32Array(256)
  for (let index = 0; index < 100_000; index++) {
    seen.add(hashOf(hash, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`))
    for (const [counts, byte] of [
      [byTopByte, hash.high >>> 24],
      [byLowByte, hash.low & 255],
    ] as const) {
      counts[byte] = (counts[byte] ?? 0) + 1
    }
  }
  expect(seen.size).toBe(100_000)
  for (const counts of [byTopByte, byLowByte]) {
    expect(Math.min(...counts)).toBeGreaterThan(290)
    expect(Math.max(...counts)).toBeLessThan(500)
  }
})
