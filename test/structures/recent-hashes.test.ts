import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RecentHashes } from '../../lib/structures/recent-hashes.js'

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'delete', 'has' as const),
    key: fc.integer({ min: 0, max: 5000 }),
    burst: fc.integer({ min: 1, max: 3000 }),
    gapMs: fc.integer({ min: 0, max: 700 }),
  }),
  { maxLength: 40 },
)

test('recent hashes hold and forget what a plain map would, through growth, shrinking and deletion', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const recent = new RecentHashes(1000, 100_000)
      const model = new Map<string, number>()
      let nowMs = 0
      const isInModel = (key: string) => nowMs - (model.get(key) ?? Number.NEGATIVE_INFINITY) < 1000
      const wrong: string[] = []
      const compare = (what: string, text: string, found: boolean, expected: boolean) => {
        if (found !== expected) wrong.push(`${what} ${text} at ${nowMs}: ${found}`)
      }
      for (const { what, key, burst, gapMs } of all) {
        nowMs += gapMs
        for (let number = key; number < key + burst; number++) {
          const text = `ticket ${number}`
          if (what === 'add') {
            compare('add', text, recent.add(text, nowMs), !isInModel(text))
            if (!isInModel(text)) model.set(text, nowMs)
          } else if (what === 'delete') {
            recent.delete(text)
            model.delete(text)
          }
          compare('has', text, recent.has(text, nowMs), isInModel(text))
        }
      }
      for (let number = 0; number <= 8000; number++) {
        compare('has', `ticket ${number}`, recent.has(`ticket ${number}`, nowMs), isInModel(`ticket ${number}`))
      }
      expect(wrong).toEqual([])
    }),
    { numRuns: 30 },
  )
})

test('recent hashes are bounded, and drop the oldest first', () => {
  const recent = new RecentHashes(1000, 5000)
  for (let number = 0; number < 20_000; number++) recent.add(`ticket ${number}`, 0)
  expect(recent.size).toBe(5000)
  expect(recent.has('ticket 14999', 0)).toBe(false)
  expect(recent.has('ticket 15000', 0)).toBe(true)
})
