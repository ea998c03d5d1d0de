import { expect, test } from '@jest/globals'
import { type Held, whatGrew } from '../../bench/load/growth.js'

const quiet: Held = { megabytes: 36, resources: 4, descriptors: 23, lateTickets: 0 }

function rounds(change: (round: number) => Partial<Held>): Held[] {
  return Array.from({ length: 8 }, (_, round) => ({ ...quiet, megabytes: 41, ...change(round) }))
}

test('A process that fills its bounded memories in the first half of a soak has not grown', () => {
  expect(
    whatGrew(
      quiet,
      rounds((round) => ({ megabytes: 36 + Math.min(round, 3) * 2, resources: 3 })),
    ),
  ).toEqual([])
})

test('Memory that goes on growing by 300 kB a round is growth', () => {
  expect(
    whatGrew(
      quiet,
      rounds((round) => ({ megabytes: 36 + round * 0.3 })),
    ),
  ).toEqual(['megabytes'])
})

test.each(['resources', 'descriptors', 'lateTickets'] as const)(
  'One more of the %s after a single round is growth',
  (key) => {
    expect(
      whatGrew(
        quiet,
        rounds((round) => (round === 2 ? { [key]: quiet[key] + 1 } : {})),
      ),
    ).toEqual([key])
  },
)

test('A soak without rounds proves nothing', () => {
  expect(whatGrew(quiet, [])).toEqual(['megabytes'])
})
