// Builds the browser kit: an ES module and a CommonJS one for bundlers, the IIFE for plain pages, and the IIFE's
// text as a module for the Express router that serves it: one for each site. Fails when one outgrows its limit.
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { minify } from '@swc/core'
import { build } from 'esbuild'
import { writeGeneratedModule } from './write-generated-module.mjs'

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
  const library = { ...shared, entryPoints: [join(root, 'lib/browser/index.ts')] }
  const [international, mainland] = await Promise.all([
    buildIife('captcha-guard.iife.js', 4320),
    buildIife('captcha-guard.mainland.iife.js', 3610, [withoutInternational]),
    build({ ...library, format: 'esm', outfile: join(outDir, 'index.js') }),
    build({ ...library, format: 'cjs', outfile: join(outDir, 'cjs/index.js') }),
  ])
  await writeGeneratedModule(join(root, 'lib/browser-assets/iife-source.generated.ts'), 'iifeSources', {
    international,
    mainland,
  })
  await writeFile(join(outDir, 'captcha-guard.iife.js'), international)
  await copyFile(join(root, 'lib/browser/global.d.ts'), join(outDir, 'captcha-guard.iife.d.ts'))
}

/** In the mainland's copy the modules in `mainland/` take the place of those with the same name. */
const withoutInternational = {
  name: 'without-international',
  setup({ onResolve }) {
    onResolve({ filter: /\/(sites|form-tickets)\.js$/ }, ({ path }) => ({
      path: join(root, 'lib/browser/mainland', `${basename(path, '.js')}.ts`),
    }))
  },
}

// They hold for the kit: it has no `this` in functions, no getters, and converts to strings what has no `valueOf` of its own.
const assumptions = { unsafe: true, unsafe_arrows: true, unsafe_regexp: true, pure_getters: true }

async function buildIife(name, limitBytes, plugins = []) {
  const bundled = await build({
    ...shared,
    entryPoints: [join(root, 'lib/browser/iife.ts')],
    format: 'iife',
    write: false,
    plugins,
  })
  // The output of esbuild's own minifier is larger than the limit.
  const { code } = await minify(bundled.outputFiles[0].text, {
    ecma: 2020,
    compress: { ecma: 2020, passes: 4, toplevel: true, ...assumptions },
    mangle: { toplevel: true },
  })
  checkSize(name, code, limitBytes)
  return code
}

function checkSize(name, code, limitBytes) {
  const sizeBytes = gzipSync(code, { level: 9 }).length
  console.log(`${name}: ${sizeBytes} of ${limitBytes} bytes, minified and gzipped`)
  if (sizeBytes > limitBytes) throw new Error(`${name} is too large`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBrowser()
