// Builds the package in fresh folders and packs it: the tarballs must be the same to the byte. Time zone, language and umask differ,
// as they do between machines. `--once` makes one, for a comparison with what was built here.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = ['lib', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.types.json']
const documents = ['README.md', 'README.zh-CN.md', 'CHANGELOG.md', 'LICENSE']

const builds = [
  { umask: '022', env: { TZ: 'UTC', LANG: 'C' } },
  { umask: '077', env: { TZ: 'Asia/Shanghai', LANG: 'zh_CN.UTF-8' } },
]

function packFresh({ umask, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'captcha-guard-build-'))
  try {
    // What an earlier build generated is left out.
    const filter = (path) => !/\.generated\.ts$/.test(path)
    for (const name of [...sources, ...documents])
      cpSync(join(root, name), join(folder, name), { recursive: true, filter })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const command = `umask ${umask} && node scripts/build.mjs >&2 && npm pack --ignore-scripts --json`
    const options = { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] }
    const [{ integrity, size }] = JSON.parse(execFileSync('sh', ['-c', command], options))
    return `${integrity} ${size}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const once = process.argv.includes('--once')
const made = builds.slice(once ? 1 : 0).map(packFresh)
console.log(made.join('\n'))
if (new Set(made).size > 1) throw new Error('Two builds of the same sources differ')
