import { runBundled } from '../run-bundled.mjs'

process.exitCode = await runBundled('bench/report/main.ts')
