import { once } from 'node:events'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { BundledProcess } from '../support/bundled-process.js'
import { fuzzSeed, isWholeFuzz } from './fuzz-cases.js'
import { type RoundReport, requestsInRound } from './long-lived-guard.js'

const rounds = isWholeFuzz ? 32 : 16
/** What a request may leave behind: less than one text of any use. */
const bytesPerRequest = 30

let bundled: BundledProcess
beforeAll(async () => {
  bundled = await BundledProcess.bundle(`${import.meta.dirname}/long-lived-guard.ts`)
})
afterAll(() => bundled.close())
jest.retryTimes(0)

/** The middle of several measurements: a collection or a compilation moves one. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

test('a guard that lives long keeps no request that is over, and its memory stays flat', async () => {
  const child = bundled.start({ seed: fuzzSeed, rounds })
  const reports: RoundReport[] = []
  child.on('message', (report) => reports.push(report as RoundReport))
  await once(child, 'exit')
  expect(reports).toHaveLength(rounds)
  // A register of the machine may still hold the last one.
  expect(Math.max(...reports.map(({ heldRequests }) => heldRequests))).toBeLessThanOrEqual(1)
  // The first half warms up: caches fill, code is compiled.
  const heap = reports.map(({ heapBytes }) => heapBytes).slice(rounds / 2)
  const quarter = heap.length / 2
  const grownBytes = median(heap.slice(quarter)) - median(heap.slice(0, quarter))
  process.stderr.write(
    `fuzz memory: ${rounds * requestsInRound} requests, ${(grownBytes / (quarter * requestsInRound)).toFixed(1)} bytes a request\n`,
  )
  expect(grownBytes / (quarter * requestsInRound)).toBeLessThan(bytesPerRequest)
}, 120_000)
