// Builds every entry point to ESM and CommonJS with esbuild, and the types of both with tsc.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { build } from 'esbuild'

const serverEntries = ['index', 'simulator/index', 'redis/index', 'status/index', 'prometheus/index', 'cli/main']
  .map((name) => [name, `lib/${name}.ts`])
  .filter(([, file]) => existsSync(file))

const shared = {
  entryPoints: Object.fromEntries(serverEntries),
  bundle: true,
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

await rm('dist', { recursive: true, force: true })
await mkdir('dist/cjs', { recursive: true })
// The package is `type: module`; this file makes Node and TypeScript read dist/cjs as CommonJS.
await writeFile('dist/cjs/package.json', `${JSON.stringify({ type: 'commonjs' })}\n`)
await Promise.all([
  build({ ...shared, format: 'esm', splitting: true, outdir: 'dist/esm', chunkNames: 'chunks/[name]-[hash]' }),
  build({ ...shared, format: 'cjs', outdir: 'dist/cjs' }),
])
emitTypes('dist/esm')
emitTypes('dist/cjs')
const { version } = JSON.parse(await readFile('package.json', 'utf8'))
console.log(`built tencent-captcha-guard ${version}`)
