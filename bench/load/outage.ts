import type { ChildProcess } from 'node:child_process'
import { answerOf, ask } from '../http/children.js'
import type { Condition } from '../http/tencent.js'
import type { Answers, FixedRate } from './open-loop.js'
import { percentile, target } from './report.js'

const perSecond = 300
const waitMs = 100
const maxWaited = 400

/** An outage in real time: every call hangs. Each request is the login of a user of its own. */
export async function measureOutage(start: (...args: string[]) => ChildProcess, isQuick: boolean): Promise<boolean> {
  const [tencent, load] = [start('tencent'), start('load')]
  const { healthy } = await answerOf<{ healthy: number }>(tencent)
  const port = await answerOf<number>(start('site', `http://127.0.0.1:${healthy}`, `${60 * perSecond}`))
  const phase = async (condition: Condition, seconds: number) => {
    await ask(tencent, condition)
    const order: FixedRate = { port, perSecond, seconds, requests: 'logins' }
    return { condition, seconds, ...(await ask<Answers>(load, order)) }
  }
  const phases = [await phase('healthy', 10), await phase('hang', isQuick ? 10 : 60), await phase('healthy', 15)]
  console.log(`\nAn outage at ${perSecond} requests a second`)
  console.table(
    phases.map(({ condition, seconds, milliseconds, outcomes }) => ({
      Tencent: condition,
      seconds,
      requests: perSecond * seconds,
      [`over ${waitMs} ms`]: waited(milliseconds),
      'slowest, ms': Math.round(percentile(milliseconds, 1)),
      'p99, ms': Number(percentile(milliseconds, 0.99).toFixed(1)),
      outcomes: JSON.stringify(outcomes),
    })),
  )
  const [before, outage] = phases
  if (before?.outcomes.verified !== before?.milliseconds.length) throw new Error('not verified before the outage')
  const unanswered = phases.map(({ seconds, milliseconds }) => perSecond * seconds - milliseconds.length)
  return [
    target(`requests that waited over ${waitMs} ms`, waited(outage?.milliseconds ?? []), maxWaited),
    target('requests without an answer', Math.max(...unanswered), 0),
  ].every((isMet) => isMet)
}

function waited(milliseconds: readonly number[]): number {
  return milliseconds.filter((figure) => figure > waitMs).length
}
