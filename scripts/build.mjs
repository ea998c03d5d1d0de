// Builds the package: the kit for pages, then the server, which holds its text, then the types of both. Builds beside dist and
// swaps at the end, so that no reader finds half a package.
import { readFile, rename, rm } from 'node:fs/promises'
import { buildBrowser } from './build-browser.mjs'
import { buildPageScript } from './build-page-script.mjs'
import { buildServer } from './build-server.mjs'
import { buildStatusPage } from './build-status-page.mjs'
import { buildTypes } from './build-types.mjs'
import { serverEntryPoints } from './entry-points.mjs'

const out = `.dist-${process.pid}`

// The tarball keeps the files' modes.
process.umask(0o022)

try {
  const entryPoints = await serverEntryPoints()
  await Promise.all([buildBrowser(out), buildPageScript(), buildStatusPage()])
  await buildServer(out, entryPoints)
  await buildTypes(out, entryPoints)
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
