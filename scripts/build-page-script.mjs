// Compiles the simulator's page script and writes its text as a module, which the simulator serves. The text is an expression: a
// function of `parameters`, so that what a request adds is data and never code.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeGeneratedModule } from './write-generated-module.mjs'

const folder = fileURLToPath(new URL('../lib/simulator', import.meta.url))

/** Needed before the server's own build and before tests, which import the generated module. */
export async function buildPageScript() {
  const bundled = await build({
    entryPoints: [join(folder, 'page/main.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    loader: { '.css': 'text' },
    banner: { js: '(function (parameters) {' },
    footer: { js: '})' },
    logLevel: 'warning',
  })
  await writeGeneratedModule(join(folder, 'page-script.generated.ts'), 'pageScript', bundled.outputFiles[0].text.trim())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPageScript()
