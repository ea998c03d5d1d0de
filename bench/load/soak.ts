import type { ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { answerOf, ask } from '../http/children.js'
import type { Condition } from '../http/tencent.js'
import { countsGrown, type Held, maxGrowthMegabytes, whatGrew } from './growth.js'
import type { Answers, FixedRate } from './open-loop.js'
import { RedisProcess } from './redis-process.js'
import { target } from './report.js'

const perSecond = 200
const full = { rounds: 8, faultSeconds: 5, healthySeconds: 10 }
const quick = { rounds: 2, faultSeconds: 2, healthySeconds: 3 }
/** Purses so small that they run empty, and that the late verification of what they pass, twenty a second, has an end in each round. */
const expectedPerMinute = '100'
const faults = ['hang', 'http 503', 'reset', 'junk', 'redis off'] as const

/** The guard keeps idle connections to Tencent for 10 s, and pauses late verification for up to 30 s after failures. */
const maxQuietMs = 60_000

/** Mixed load and one fault after the other, each followed by health, round after round; growth is what is left when all is quiet. */
export async function soak(start: (...args: string[]) => ChildProcess, isQuick: boolean): Promise<boolean> {
  const { rounds, faultSeconds, healthySeconds } = isQuick ? quick : full
  const [tencent, load, redis] = [start('tencent'), start('load'), await RedisProcess.start()]
  try {
    const { healthy } = await answerOf<{ healthy: number }>(tencent)
    const site = start('site', `http://127.0.0.1:${healthy}`, expectedPerMinute, redis.url)
    const port = await answerOf<number>(site)
    const before = await ask<Held>(site, 'held')
    const outcomes: Record<string, number> = {}
    const run = async (condition: Condition, seconds: number) => {
      await ask(tencent, condition)
      const order: FixedRate = { port, perSecond, seconds, requests: 'mixed' }
      for (const [outcome, count] of Object.entries((await ask<Answers>(load, order)).outcomes))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + count
    }
    const startMs = performance.now()
    const rows = [row(startMs, outcomes, before)]
    const afterRounds: Held[] = []
    for (let round = 0; round < rounds; round++) {
      for (const fault of faults) {
        if (fault === 'redis off') await redis.kill()
        await run(fault === 'redis off' ? 'healthy' : fault, faultSeconds)
        if (fault === 'redis off') await redis.listen()
        await run('healthy', healthySeconds)
      }
      const held = await heldWhenQuiet(site, before)
      afterRounds.push(held)
      rows.push(row(startMs, outcomes, held))
    }
    console.log(`\nMixed load and faults at ${perSecond} requests a second: what is held when all is quiet`)
    console.table(rows)
    console.log(outcomes)
    const grew = whatGrew(before, afterRounds)
    const failed = Object.entries(outcomes).filter(([outcome]) => outcome.startsWith('failed'))
    return [
      target(`what grew (memory in the second half by over ${maxGrowthMegabytes} MB): ${grew}`, grew.length, 0),
      target(
        'requests without an answer',
        failed.reduce((sum, [, count]) => sum + count, 0),
        0,
      ),
    ].every((isMet) => isMet)
  } finally {
    await redis.kill()
  }
}

function row(startMs: number, outcomes: Record<string, number>, { megabytes, ...counts }: Held) {
  return {
    seconds: Math.round((performance.now() - startMs) / 1000),
    requests: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
    verified: outcomes.verified ?? 0,
    MB: Number(megabytes.toFixed(2)),
    ...counts,
  }
}

/** Waits for idle connections to be closed and late verification to end, for as long as that may take. */
async function heldWhenQuiet(site: ChildProcess, before: Held): Promise<Held> {
  const dueMs = performance.now() + maxQuietMs
  for (;;) {
    const held = await ask<Held>(site, 'held')
    if (countsGrown(before, held).length === 0 || performance.now() > dueMs) return held
    await wait(500)
  }
}
