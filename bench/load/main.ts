import { childProcesses, runInRole } from '../http/children.js'
import { serveApplication } from '../http/server.js'
import { standInForTencent } from '../http/tencent.js'
import { measureLatency } from './latency.js'
import { sendAtFixedRate } from './open-loop.js'
import { measureOutage } from './outage.js'
import { serveSite } from './site.js'
import { soak } from './soak.js'

const parts = { latency: measureLatency, outage: measureOutage, soak }

/** Runs the parts that the arguments name, or all of them; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const named = Object.entries(parts).filter(([name]) => args.includes(name))
  const exitCodes: number[] = []
  for (const [, measure] of named.length > 0 ? named : Object.entries(parts)) {
    const { start, end } = childProcesses()
    try {
      exitCodes.push((await measure(start, args.includes('--quick'))) ? 0 : 1)
    } finally {
      end()
    }
  }
  return Math.max(...exitCodes)
}

const roles = { application: serveApplication, site: serveSite, tencent: standInForTencent, load: sendAtFixedRate }
await runInRole(roles, () => main(process.argv))
