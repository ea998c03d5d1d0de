import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { type Scenario, scenarios } from './misbehaviours.js'
import type { SurvivalOrder, SurvivalReport } from './surviving-process.js'

interface Life {
  readonly reports: readonly SurvivalReport[]
  readonly exitCode: number | null
}

describe('the process', () => {
  let dir: string
  const children = new Set<ChildProcess>()

  beforeAll(async () => {
    dir = mkdtempSync(join(import.meta.dirname, '.surviving-process-'))
    await build({
      entryPoints: [join(import.meta.dirname, 'surviving-process.ts')],
      outfile: join(dir, 'surviving-process.mjs'),
      bundle: true,
      loader: { '.lua': 'text' },
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
    })
  }, 30_000)

  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  async function live(order: SurvivalOrder): Promise<Life> {
    const child = fork(join(dir, 'surviving-process.mjs'), { execArgv: [], silent: true })
    children.add(child)
    const reports: SurvivalReport[] = []
    child.on('message', (report) => reports.push(report as SurvivalReport))
    child.send(order)
    const [exitCode] = await once(child, 'exit')
    children.delete(child)
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
