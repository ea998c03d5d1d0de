// Bundles a TypeScript entry of this folder to a temporary file and runs it: nothing is built, nothing is left behind.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Resolves to the exit code. */
export async function runBundled(entry, { nodeFlags = [], args = process.argv.slice(2) } = {}) {
  // Inside the package, so that its dependencies are found.
  const directory = await mkdtemp(join(root, 'node_modules', '.bench-'))
  const outfile = join(directory, 'main.mjs')
  try {
    await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile,
      bundle: true,
      loader: { '.lua': 'text' },
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
    })
    return await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [...nodeFlags, outfile, ...args], { cwd: root, stdio: 'inherit' })
      child.once('error', reject)
      child.once('exit', (code) => resolve(code ?? 1))
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
