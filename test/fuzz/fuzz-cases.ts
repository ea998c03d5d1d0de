import { jest, test } from '@jest/globals'
import fc from 'fast-check'

/** How many cases each property runs in `npm run test:fuzz`; `npm test` runs a thirtieth of them. */
export const casesOf = {
  requests: 14_000,
  tokens: 24_000,
  addresses: 16_000,
  replies: 26_000,
  'SDK results': 8000,
  options: 10_000,
  'Redis values': 6000,
  'bytes over HTTP': 600,
  'replies over HTTP': 400,
} as const satisfies Record<string, number>

const shortShare = 1 / 30
/** Whether this is `npm run test:fuzz`. */
export const isWholeFuzz = process.env.FUZZ === 'whole'
/** The short form is a gate of every build, so it runs the same cases each time. */
const fixedSeed = 20_260_101

/** The seed of this run; `jest.config.ts` draws a new one for the whole form. */
export const fuzzSeed = readSeed(process.env.FUZZ_SEED) ?? fixedSeed

/** Cases of a property in this run. */
export function casesNow(name: keyof typeof casesOf): number {
  return isWholeFuzz ? casesOf[name] : Math.ceil(casesOf[name] * shortShare)
}

/**
 * Runs a property about arbitrary input on as many cases as its name stands for. A failure names the smallest case, and the
 * command that runs it again.
 */
export function fuzz<Case>(
  name: keyof typeof casesOf,
  title: string,
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => void | Promise<void>,
): void {
  // Another seed would hide what this one found.
  jest.retryTimes(0)
  test(title, async () => {
    const startedMs = performance.now()
    const numRuns = casesNow(name)
    // Writes to the terminal itself: jest prints a stack trace with every line of `console.log`.
    const tell = (text: string) => process.stderr.write(`fuzz ${name}: ${text}\n`)
    try {
      await fc.assert(
        fc.asyncProperty(cases, async (one) => void (await check(one))),
        { numRuns, seed: fuzzSeed },
      )
      tell(`${numRuns} cases, seed ${fuzzSeed}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    } catch (error) {
      tell(`failed; FUZZ_SEED=${fuzzSeed} npm run test:fuzz -- -t '${title}' runs it again`)
      throw error
    }
  }, 600_000)
}

function readSeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const seed = Number(text)
  if (Number.isInteger(seed)) return seed
  throw new TypeError(`FUZZ_SEED is ${JSON.stringify(text)}; it must be an integer.`)
}
