import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { BundledProcess } from '../../support/bundled-process.js'
import type { ClaimingOrder, ClaimingResult } from './claiming-process.js'
import { clientLibraries } from './client-libraries.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const processCount = 4

describeWithRedis()('four processes on one Redis', () => {
  let server: RedisServer
  let bundled: BundledProcess

  beforeAll(async () => {
    server = await RedisServer.start()
    bundled = await BundledProcess.bundle(join(import.meta.dirname, 'claiming-process.ts'))
  }, 30_000)

  afterAll(async () => {
    bundled.close()
    await server.close()
  })

  /** All of them start at the same moment. */
  async function claimTogether(order: ClaimingOrder): Promise<readonly ClaimingResult[]> {
    await server.command('FLUSHALL')
    const started = Array.from({ length: processCount }, () => bundled.start(order))
    await Promise.all(started.map((child) => messageOf(child)))
    const results = started.map((child) => messageOf(child) as Promise<ClaimingResult>)
    for (const child of started) child.send('go')
    return Promise.all(results)
  }

  describe.each(clientLibraries)('with $name', ({ name }) => {
    test('never exceed the limit of one client in 100 000 concurrent attempts', async () => {
      const order = { library: name, port: server.port, attempts: 25_000, inFlight: 64, limit: 20, windowMs: 600_000 }
      const results = await claimTogether(order)
      report(name, order, results)
      expect(results.flatMap(({ downs }) => downs)).toEqual([])
      expect(total(results, ({ passes }) => passes.length)).toBe(20)
      expect(total(results, ({ refused }) => refused)).toBe(99_980)
    }, 120_000)

    test('never exceed it in any window, while the window slides under them', async () => {
      const order = { library: name, port: server.port, attempts: 25_000, inFlight: 64, limit: 20, windowMs: 40 }
      const results = await claimTogether(order)
      report(name, order, results)
      expect(results.flatMap(({ downs }) => downs)).toEqual([])
      const passes = results.flatMap((result) => result.passes)
      expect(passes.length).toBeGreaterThan(40)
      expect(mostInOneWindow(passes, order.windowMs)).toBeLessThanOrEqual(20)
    }, 120_000)
  })
})

async function messageOf(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController()
  const { signal } = stop
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process ended with ${code}`)
  })
  ended.catch(() => {})
  const [message] = await Promise.race([once(child, 'message', { signal }), ended])
  stop.abort()
  return message
}

/**
 * The most passes that were surely less than a window apart: each happened between its question and its answer, and these
 * processes and the server are on one machine. A millisecond is for what the processes' clocks may drift apart.
 */
function mostInOneWindow(passes: ReadonlyArray<readonly [number, number]>, windowMs: number): number {
  const within = (asked: number) => passes.filter(([from, to]) => from >= asked && to < asked + windowMs - 1).length
  return Math.max(...passes.map(([asked]) => within(asked)))
}

function total(results: readonly ClaimingResult[], count: (result: ClaimingResult) => number): number {
  return results.reduce((sum, result) => sum + count(result), 0)
}

function report(
  library: string,
  { attempts, limit, windowMs }: ClaimingOrder,
  results: readonly ClaimingResult[],
): void {
  const ms = Math.max(...results.map((result) => result.ms))
  const passes = total(results, (result) => result.passes.length)
  const perSecond = Math.round((attempts * processCount * 1000) / ms)
  process.stdout.write(
    `${library}: ${processCount} processes, ${attempts * processCount} attempts of one client, limit ${limit} in ${windowMs} ms: ` +
      `${passes} passes (${results.map((result) => result.passes.length).join(' + ')}) in ${Math.round(ms)} ms, ${perSecond} attempts a second\n`,
  )
}
