import { runBundled } from '../run-bundled.mjs'

process.exitCode = await runBundled('bench/cost/main.ts', { nodeFlags: ['--expose-gc'] })
