// Compiles script and style of the status page and writes both as a module: the router reads no file when it runs.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeGeneratedModule } from './write-generated-module.mjs'

const folder = fileURLToPath(new URL('../lib/status', import.meta.url))

/** Needed before the server's own build and before tests, which import the generated module. */
export async function buildStatusPage() {
  const shared = { bundle: true, write: false, minify: true, charset: 'utf8', logLevel: 'warning', target: 'es2022' }
  const [script, style] = await Promise.all([
    build({ ...shared, entryPoints: [join(folder, 'page-client/main.ts')], format: 'iife' }),
    build({ ...shared, entryPoints: [join(folder, 'page-client/style.css')] }),
  ])
  await writeGeneratedModule(join(folder, 'page/page-assets.generated.ts'), 'pageAssets', {
    script: script.outputFiles[0].text.trim(),
    style: style.outputFiles[0].text.trim(),
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildStatusPage()
