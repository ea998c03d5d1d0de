// Runs every benchmark of the request path one after the other, also after one that misses a target.
import { runBundled } from './run-bundled.mjs'

const entries = ['bench/cost/main.ts', 'bench/http/main.ts', 'bench/load/main.ts']
for (const entry of entries) {
  const exitCode = await runBundled(entry, { nodeFlags: ['--expose-gc'] })
  process.exitCode ||= exitCode
}
