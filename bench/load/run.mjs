import { runBundled } from '../run-bundled.mjs'

process.exitCode = await runBundled('bench/load/main.ts', { nodeFlags: ['--expose-gc'] })
