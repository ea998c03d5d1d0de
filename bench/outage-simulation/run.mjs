import { runBundled } from '../run-bundled.mjs'

process.exitCode = await runBundled('bench/outage-simulation/main.ts')
