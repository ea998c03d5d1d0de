import { childProcesses } from '../http/children.js'
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

/** The bundle is one file: its child processes are told by their first argument what they are. */
const [role, ...args] = process.argv.slice(2)
process.once('disconnect', () => process.exit())
switch (role) {
  case 'application':
    serveApplication(args)
    break
  case 'site':
    serveSite(args)
    break
  case 'tencent':
    standInForTencent()
    break
  case 'load':
    sendAtFixedRate()
    break
  default:
    process.exitCode = await main(process.argv)
}
