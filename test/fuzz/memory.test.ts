import { once } from 'node:events'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { BundledProcess } from '../support/bundled-process.js'
import { fuzzSeed, isWholeFuzz } from './fuzz-cases.js'
import { type RoundReport, requestsInRound } from './long-lived-guard.js'

const rounds = isWholeFuzz ? 60 : 24
/** What a request may leave behind: less than one text of any use. */
const bytesPerRequest = 40

let bundled: BundledProcess
beforeAll(async () => {
  bundled = await BundledProcess.bundle(`${import.meta.dirname}/long-lived-guard.ts`)
})
afterAll(() => bundled.close())
jest.retryTimes(0)

test('a guard that lives long keeps no request that is over, and its memory stays flat', async () => {
  const child = bundled.start({ seed: fuzzSeed, rounds })
  const reports: RoundReport[] = []
  child.on('message', (report) => reports.push(report as RoundReport))
  await once(child, 'exit')
  expect(reports).toHaveLength(rounds)
  const third = rounds / 3
  // A register of the machine may still hold the last one, and on Node 26 the last two of some rounds. A guard that keeps requests keeps
  // some in every round.
  expect(Math.min(...reports.slice(-third).map(({ heldRequests }) => heldRequests))).toBeLessThanOrEqual(1)
  // The first third warms up: caches fill, code is compiled. A collection may come late, so that the least of each third counts.
  const least = (from: number) => Math.min(...reports.slice(from, from + third).map(({ heapBytes }) => heapBytes))
  const bytes = (least(2 * third) - least(third)) / (third * requestsInRound)
  process.stderr.write(`fuzz memory: ${rounds * requestsInRound} requests, ${bytes.toFixed(1)} bytes a request\n`)
  expect(bytes).toBeLessThan(bytesPerRequest)
}, 600_000)
