import { describe, expect, test } from '@jest/globals'
import { ClientHistory } from '../../lib/store/client-history.js'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'

/** Under a fixed key: which keys meet in a set is chance otherwise. */
function repeatable(): ClientHistory {
  return new ClientHistory(new KeyedHash(Buffer.from('8 bytes.')))
}

const isKnown = (history: ClientHistory, key: string, nowMs: number) => history.verifiedPerMinute(key, nowMs) > 0

describe('many keys', () => {
  test('are held, all but one in a thousand or so, below the bound', () => {
    const history = repeatable()
    for (let key = 0; key < 300_000; key++) history.noteVerified(`key ${key}`, key)
    let lost = 0
    for (let key = 0; key < 300_000; key++) if (!isKnown(history, `key ${key}`, 300_000)) lost++
    expect(lost).toBeLessThan(600)
  })

  test('are bounded at about a million, the oldest going first', () => {
    const history = repeatable()
    const count = 2_000_000
    for (let key = 0; key < count; key++) history.noteVerified(`key ${key}`, key)
    expect(history.size).toBeLessThanOrEqual(1_048_576)
    expect(history.size).toBeGreaterThan(1_000_000)
    const known = (from: number) =>
      Array.from({ length: 1000 }, (_, key) => isKnown(history, `key ${from + key}`, count)).filter(Boolean).length
    expect(known(0)).toBeLessThan(20)
    expect(known(count - 1000)).toBe(1000)
    expect(known(count - 500_000)).toBeGreaterThan(990)
  })
})
