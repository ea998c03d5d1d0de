import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ClientPasses } from '../../../lib/cli/outage-report/client-passes.js'

test('a count is right within what it says is missing, however often clients were dropped and joined', () => {
  const clients = fc.array(
    fc.integer({ min: 0, max: 40 }).map((id) => `client-${Math.floor(id * id * 0.05)}`),
    { maxLength: 300 },
  )
  fc.assert(
    fc.property(clients, clients, fc.integer({ min: 1, max: 10 }), (first, second, capacity) => {
      const [a, b] = [new ClientPasses(), new ClientPasses()]
      for (const [passes, names] of [
        [a, first],
        [b, second],
      ] as const) {
        for (const name of names) {
          passes.add(name)
          if (passes.size > 2 * capacity) passes.prune(capacity)
        }
      }
      a.join(b)
      const joined = b.current
      expect(a.current).toBe(joined)
      const found = new Map(joined.top(1000).map(({ client, passes }) => [client, passes]))
      for (const client of new Set([...first, ...second])) {
        const exact = [...first, ...second].filter((name) => name === client).length
        const passes = found.get(client) ?? 0
        expect(passes).toBeLessThanOrEqual(exact)
        expect(passes).toBeGreaterThanOrEqual(exact - joined.missed)
      }
    }),
  )
})

test('those with most passes come first, and by name where they have as many', () => {
  const passes = new ClientPasses()
  for (const client of ['b', 'a', 'c', 'c']) passes.add(client)
  expect(passes.top(2)).toEqual([
    { client: 'c', passes: 2 },
    { client: 'a', passes: 1 },
  ])
})
