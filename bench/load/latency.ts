import type { ChildProcess } from 'node:child_process'
import { answerOf, ask } from '../http/children.js'
import type { Variant } from '../http/server.js'
import type { Answers, FixedRate } from './open-loop.js'
import { percentile, round, target } from './report.js'

const perSecond = 200
const secondsInSlice = 2
const maxAddedMs = 1

const variants = { 'pass-through': 'none', 'raw undici': 'none', guard: 'verified' } satisfies Partial<
  Record<Variant, string>
>

interface Application {
  readonly variant: string
  /** The verdict that every answer must show. */
  readonly expected: string
  readonly port: number
  readonly milliseconds: number[]
  readonly p99OfSlices: number[]
}

/** Latency at a fixed rate while Tencent is well. What the guard adds holds Tencent's own latency, a round trip on loopback. */
export async function measureLatency(start: (...args: string[]) => ChildProcess, isQuick: boolean): Promise<boolean> {
  const [tencent, load] = [start('tencent'), start('load')]
  const { healthy } = await answerOf<{ healthy: number }>(tencent)
  const applications: Application[] = []
  for (const [variant, expected] of Object.entries(variants)) {
    const port = await answerOf<number>(start('application', variant, '5', `http://127.0.0.1:${healthy}`))
    applications.push({ variant, expected, port, milliseconds: [], p99OfSlices: [] })
  }
  for (let slice = 0; slice < (isQuick ? 6 : 31); slice++) {
    for (const { port, expected, variant, milliseconds, p99OfSlices } of applications) {
      const order: FixedRate = { port, perSecond, seconds: secondsInSlice, requests: 'logins' }
      const answers = await ask<Answers>(load, order)
      if (answers.outcomes[expected] !== perSecond * secondsInSlice) {
        throw new Error(`${variant}: ${JSON.stringify(answers.outcomes)}`)
      }
      // The first slice warms up.
      if (slice === 0) continue
      milliseconds.push(...answers.milliseconds)
      p99OfSlices.push(percentile(answers.milliseconds, 0.99))
    }
  }
  const [alone] = applications
  const addedMs = ({ milliseconds }: Application, share: number) =>
    percentile(milliseconds, share) - percentile(alone?.milliseconds ?? [], share)
  console.log(`\nLatency in ms at ${perSecond} requests a second, by turns in slices of ${secondsInSlice} s`)
  console.table(
    Object.fromEntries(
      applications.map((application) => [
        application.variant,
        {
          p50: round(percentile(application.milliseconds, 0.5)),
          p99: round(percentile(application.milliseconds, 0.99)),
          'p99, median of slices': round(percentile(application.p99OfSlices, 0.5)),
          'p50 added': round(addedMs(application, 0.5)),
          'p99 added': round(addedMs(application, 0.99)),
        },
      ]),
    ),
  )
  const guard = applications.find(({ variant }) => variant === 'guard')
  return target('p99 added by the guard, in ms', guard ? addedMs(guard, 0.99) : Number.NaN, maxAddedMs)
}
