import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { frontierSvg } from './frontier-svg.js'
import { type Measured, measure, type Setting } from './measure.js'
import { resultsCsv } from './results-csv.js'
import { frontierScenarios, scenarios } from './scenarios.js'
import { strategies } from './strategies.js'
import { checkTargets } from './targets.js'
import { printScenarios, printTargets } from './terminal-tables.js'

interface Task {
  readonly settings: readonly Setting[]
  readonly index: number
  readonly seeds: number
}

const isQuick = process.argv.includes('--quick')
/** `--seeds=5` runs fewer. */
const asked = process.argv.find((argument) => argument.startsWith('--seeds='))?.slice('--seeds='.length)
const seeds = asked === undefined ? (isQuick ? 4 : 20) : Number(asked)
/** Part of a scenario's name: only those, and nothing is written. */
const only = process.argv.slice(2).find((argument) => !argument.startsWith('-'))

if (isMainThread) await main()
else
  parentPort?.on('message', async (task: Task) => {
    const setting = task.settings[task.index] as Setting
    parentPort?.postMessage({ index: task.index, measured: await measure(setting, task.seeds) })
  })

async function main(): Promise<void> {
  const startedMs = performance.now()
  const settings = allSettings()
  const rows = await measureAll(settings, seeds)
  const isFrontier = ({ scenario }: Setting) => scenario.name.startsWith('frontier/')
  const results = rows.filter((row) => !isFrontier(row))
  const reports = checkTargets(results)
  printScenarios(results)
  printTargets(reports)
  if (!isQuick && only === undefined) {
    await writeFile('bench/outage-simulation/results.csv', resultsCsv(results))
    await writeFile('docs/images/frontier.svg', frontierSvg(rows))
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`${settings.length} settings in ${seconds} s`)
}

function allSettings(): readonly Setting[] {
  const measured = [...scenarios, ...(isQuick ? [] : frontierScenarios)]
  return measured
    .filter(({ name }) => only === undefined || name.includes(only))
    .flatMap((scenario) =>
      scenario.sites
        .filter((site) => !(isQuick && site === 'bank'))
        .flatMap((site) =>
          strategies
            .filter((strategy) => strategy === 'captcha-guard' || isForAll(scenario.name))
            .map((strategy) => ({ site, scenario, strategy })),
        ),
    )
}

/** Who comes back, what was bought and how large a purse is means nothing to strategies that remember nothing. */
function isForAll(name: string): boolean {
  return /^(api-[^/]*|canary[^/]*|script[^/]*|(forged|throttled|ticket|bots)-[^/]*(\/\d+-addresses\/\d+x)?)$/.test(name)
}

/** The longest first, so that no worker ends alone. */
function costOf({ site, scenario, strategy }: Setting): number {
  if (strategy !== 'captcha-guard') return 0
  const size = { blog: 1, shop: 10, bank: 1000 }[site]
  return size * (1 + (scenario.bots?.rateFactor ?? 0)) * (scenario.store ? 20 : 1)
}

async function measureAll(settings: readonly Setting[], seeds: number): Promise<readonly Measured[]> {
  const order = settings.map((_, index) => index).sort((a, b) => cost(b) - cost(a))
  function cost(index: number): number {
    return costOf(settings[index] as Setting)
  }
  const measured: Measured[] = []
  let done = 0
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) })
      for (let index = order.shift(); index !== undefined; index = order.shift()) {
        measured[index] = await runTask(worker, { settings: settings as Setting[], index, seeds })
        if (process.stderr.isTTY) process.stderr.write(`\r${++done} of ${settings.length} `)
      }
      await worker.terminate()
    }),
  )
  return measured
}

function runTask(worker: Worker, task: Task): Promise<Measured> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', ({ measured }: { measured: Measured }) => {
      worker.off('error', reject)
      resolve(measured)
    })
    worker.postMessage({ ...task, settings: [task.settings[task.index]], index: 0 })
  })
}
