import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { BundledProcess } from '../support/bundled-process.js'
import { type Scenario, scenarios } from './misbehaviours.js'
import type { SurvivalOrder, SurvivalReport } from './surviving-process.js'

interface Life {
  readonly reports: readonly SurvivalReport[]
  readonly exitCode: number | null
}

describe('the process', () => {
  let bundled: BundledProcess

  beforeAll(async () => {
    bundled = await BundledProcess.bundle(join(import.meta.dirname, 'surviving-process.ts'))
  }, 30_000)

  afterAll(() => bundled.close())

  async function live(order: SurvivalOrder): Promise<Life> {
    const child = bundled.start(order, { silent: true })
    const reports: SurvivalReport[] = []
    child.on('message', (report) => reports.push(report as SurvivalReport))
    const [exitCode] = await once(child, 'exit')
    return { reports, exitCode }
  }

  describe.each(['Express 5', 'Express 4'])('on %s', (express) => {
    test('ends when a hook throws in the answer of a handler that waits for Tencent by itself', async () => {
      expect((await live({ express, unguarded: 'nothing misbehaves' })).exitCode).toBe(0)
      expect(await live({ express, unguarded: 'a writeHead hook throws' })).toEqual({ reports: [], exitCode: 1 })
    })

    test('lives whatever the application gives to the guard', async () => {
      const { reports, exitCode } = await live({ express })
      expect(reports.map(({ scenario, statuses, errors }) => [scenario, statuses, errors.length])).toEqual(
        scenarios.map((scenario) => [scenario.name, ...expectedOf(scenario)]),
      )
      expect(exitCode).toBe(0)
    }, 60_000)
  })
})

const usual = [400, 200, 200, 403, 200]

/** The statuses, and how many errors reach the error handler: one for each request that does not end as usual. */
function expectedOf({ ends }: Scenario): readonly [readonly number[], number] {
  const spoilt: Readonly<Record<Scenario['ends'], readonly boolean[]>> = {
    nothing: [false, false, false, false, false],
    'every request': [true, true, true, true, true],
    'every refusal': [true, false, false, true, false],
    'every degraded request': [false, true, false, false, true],
    'every answer': [true, true, true, true, true],
  }
  const statuses = usual.map((status, index) => (spoilt[ends][index] ? 500 : status))
  return [statuses, spoilt[ends].filter(Boolean).length]
}
