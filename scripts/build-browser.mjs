// Builds the browser kit: an ES module and a CommonJS one for bundlers, their types, the IIFE for plain pages, and the IIFE's
// text as a module for the Express router that serves it. Fails when the IIFE outgrows its limit.
import { execFileSync } from 'node:child_process'
import { copyFile, cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { minify } from '@swc/core'
import { build } from 'esbuild'
import { writeGeneratedModule } from './write-generated-module.mjs'

const iifeLimitBytes = 3000
const root = fileURLToPath(new URL('..', import.meta.url))

const shared = { bundle: true, target: 'es2020', charset: 'utf8', logLevel: 'warning' }

/**
 * Builds into `browser/` of a folder. Runs before the server's own build, which includes the generated module.
 * @param {string} dist the folder of the package's build
 */
export async function buildBrowser(dist = join(root, 'dist')) {
  const outDir = resolve(dist, 'browser')
  await mkdir(join(outDir, 'cjs'), { recursive: true })
  await writeFile(join(outDir, 'cjs/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
  const library = { ...shared, entryPoints: [join(root, 'lib/browser/index.ts')], sourcemap: true }
  const [iife] = await Promise.all([
    buildIife(),
    build({ ...library, format: 'esm', outfile: join(outDir, 'index.js') }),
    build({ ...library, format: 'cjs', outfile: join(outDir, 'cjs/index.js') }),
  ])
  checkSize(iife)
  await writeFile(join(outDir, 'captcha-guard.iife.js'), iife)
  await copyFile(join(root, 'lib/browser/global.d.ts'), join(outDir, 'captcha-guard.iife.d.ts'))
  await emitTypes(outDir)
}

async function buildIife() {
  const bundled = await build({
    ...shared,
    entryPoints: [join(root, 'lib/browser/iife.ts')],
    format: 'iife',
    write: false,
  })
  // The output of esbuild's own minifier is larger than the limit.
  const { code } = await minify(bundled.outputFiles[0].text, {
    ecma: 2020,
    compress: { ecma: 2020, passes: 4, toplevel: true },
    mangle: { toplevel: true },
  })
  await writeGeneratedModule(join(root, 'lib/browser-assets/iife-source.generated.ts'), 'iifeSource', code)
  return code
}

/**
 * Emits the types for both module formats. `lib/browser` imports vendor data from `lib/tencent`, whose types stay behind: the
 * declarations of the kit must not name them.
 */
async function emitTypes(outDir) {
  const all = join(outDir, 'types')
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const flags = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', 'lib', '--outDir', all]
  execFileSync(process.execPath, [tsc, '-p', 'lib/browser/tsconfig.json', ...flags], { cwd: root, stdio: 'inherit' })
  for (const folder of [outDir, join(outDir, 'cjs')]) await cp(join(all, 'browser'), folder, { recursive: true })
  await rm(all, { recursive: true })
}

function checkSize(iife) {
  const sizeBytes = gzipSync(iife, { level: 9 }).length
  console.log(`captcha-guard.iife.js: ${sizeBytes} of ${iifeLimitBytes} bytes, minified and gzipped`)
  if (sizeBytes > iifeLimitBytes) throw new Error('captcha-guard.iife.js is too large')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBrowser()
