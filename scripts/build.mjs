// Builds every entry point to ESM and CommonJS with esbuild, and the types of both with tsc. Builds beside dist and swaps
// at the end, so that no reader finds half a package.
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { buildBrowser } from './build-browser.mjs'
import { buildPageScript } from './build-page-script.mjs'
import { buildStatusPage } from './build-status-page.mjs'

const entryNames = ['index', 'simulator/index', 'store/redis/index', 'prometheus/index', 'status/index', 'cli/main']
const out = `.dist-${process.pid}`

const shared = {
  entryPoints: Object.fromEntries(entryNames.map((name) => [name, `lib/${name}.ts`])),
  bundle: true,
  loader: { '.lua': 'text' },
  packages: 'external',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
}

function emitTypes(outDir) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json', '--outDir', outDir], { stdio: 'inherit' })
}

try {
  await mkdir(`${out}/cjs`, { recursive: true })
  // The package is `type: module`; this file makes Node and TypeScript read dist/cjs as CommonJS.
  await writeFile(`${out}/cjs/package.json`, `${JSON.stringify({ type: 'commonjs' })}\n`)
  // First: the server's bundles hold the text of the scripts for pages.
  await Promise.all([buildBrowser(out), buildPageScript(), buildStatusPage()])
  await Promise.all([
    build({ ...shared, format: 'esm', splitting: true, outdir: `${out}/esm`, chunkNames: 'chunks/[name]-[hash]' }),
    build({ ...shared, format: 'cjs', outdir: `${out}/cjs` }),
  ])
  emitTypes(`${out}/esm`)
  emitTypes(`${out}/cjs`)
  await rm('dist', { recursive: true, force: true })
  await rename(out, 'dist')
} catch (error) {
  if (error.stderr === undefined) console.error(error)
  process.exitCode = 1
} finally {
  await rm(out, { recursive: true, force: true })
}
const { version } = JSON.parse(await readFile('package.json', 'utf8'))
if (!process.exitCode) console.log(`built tencent-captcha-guard ${version}`)
