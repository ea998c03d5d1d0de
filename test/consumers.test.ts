import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const expressVersions = [
  ['Express 5', 'express'],
  ['Express 4', 'express4'],
] as const
/** Types of Express 4 are an alias of the development dependencies, where it is installed. */
const expressTypes = [
  ['Express 5', 'express'],
  ['Express 4', 'express4'],
].filter(([, types]) => existsSync(join(modules, '@types', types as string))) as [string, string][]

let folder: string
let tarball: string

beforeAll(async () => {
  if (!existsSync(join(root, 'dist', 'cjs', 'index.js')))
    throw new Error('There is no dist: run `npm run build` first.')
  folder = await mkdtemp(join(tmpdir(), 'captcha-guard-consumers-'))
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const { stdout } = await run('npm', pack, { cwd: root })
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }]
  tarball = join(folder, filename)
}, 60_000)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A project that has the packed package and, by links, what it depends on; no registry is asked. */
async function makeProject(name: string, links: Readonly<Record<string, string>> = {}): Promise<string> {
  const project = join(folder, name)
  const installed = join(project, 'node_modules', 'tencent-captcha-guard')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const all: Record<string, string> = { ...links }
  for (const dependency of Object.keys(dependencies)) all[dependency] = dependency
  for (const [wanted, present] of Object.entries(all)) {
    const link = join(project, 'node_modules', wanted)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(modules, present), link)
  }
  await cp(join(root, 'test', 'consumers'), project, { recursive: true })
  return project
}

describe.each(expressVersions)('on %s', (_name, express) => {
  test.each(['consumer.cjs', 'consumer.mjs'])(
    '%s runs',
    async (file) => {
      const project = await makeProject(`${express}-${file}`, { express })
      const { stdout } = await run(process.execPath, [file], { cwd: project, env: { PATH: process.env.PATH } })
      expect(JSON.parse(stdout)).toEqual({
        login: { status: 200, name: 'ann', reason: 'verified' },
        nothing: expect.objectContaining({ status: 400, code: 'captcha_required' }),
        degraded: expect.objectContaining({ status: 503, code: 'captcha_unavailable' }),
        paid: { status: 200, paid: true },
        error: true,
        snapshot: 2,
      })
    },
    30_000,
  )
})

test('the ESM and the CommonJS build share one site in one process', async () => {
  const project = await makeProject('both-builds')
  const { stdout } = await run(process.execPath, ['both-builds.mjs'], { cwd: project, timeout: 20_000 })
  expect(JSON.parse(stdout)).toEqual(['client_fallback', 'fallback_replayed', 'verify_only', 'maxInFlight'])
}, 30_000)

test('every entry point loads both ways', async () => {
  const project = await makeProject('entries', { 'prom-client': 'prom-client' })
  const manifest = join(project, 'node_modules', 'tencent-captcha-guard', 'package.json')
  const { exports } = JSON.parse(await readFile(manifest, 'utf8')) as { exports: Record<string, unknown> }
  // The page's script is for a <script> element, and needs a window.
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.iife.js') && !entry.endsWith('.json'))
  const names = entries.map((entry) => `tencent-captcha-guard${entry.slice(1)}`)
  const code = (load: string) => `(async () => { for (const name of ${JSON.stringify(names)}) {
    if (Object.keys(await ${load}(name)).length === 0) throw new Error(name + ' exports nothing')
  } console.log('loaded') })()`
  await writeFile(join(project, 'all.cjs'), code('require'))
  await writeFile(join(project, 'all.mjs'), code('import'))
  for (const file of ['all.cjs', 'all.mjs']) {
    const { stdout } = await run(process.execPath, [file], { cwd: project })
    expect(stdout).toBe('loaded\n')
  }
}, 30_000)

describe.each(expressTypes)('a strict TypeScript application with the types of %s', (_name, types) => {
  test.each([
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }, ['strict.ts', 'strict.cts']],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }, ['strict.ts']],
  ])(
    'compiles with moduleResolution %s',
    async (resolution, moduleOptions, files) => {
      const project = await makeProject(`${types}-${resolution}`, {
        '@types/express': `@types/${types}`,
        '@types/node': '@types/node',
        'prom-client': 'prom-client',
      })
      expect(await compile(project, moduleOptions, files)).toBe('')
    },
    90_000,
  )
})

/** What the compiler has to say; nothing, if all is well. */
async function compile(project: string, options: object, files: readonly string[]): Promise<string> {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitReturns: false,
    skipLibCheck: false,
    esModuleInterop: true,
    noEmit: true,
    ...options,
  }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  try {
    await run(process.execPath, [join(modules, 'typescript', 'bin', 'tsc'), '-p', project], { cwd: project })
    return ''
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error)
  }
}

test('publint has nothing to say', async () => {
  const file = await readFile(tarball)
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes } })
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
}, 30_000)

test('are-the-types-wrong has nothing to say', async () => {
  const attw = join(modules, '.bin', 'attw')
  const options = [
    '--format=ascii',
    '--no-color',
    // Without node10, the resolution of before 2022, which does not read `exports`: it never finds any subpath, and the
    // package needs Node 20.
    '--profile=node16',
    // For a <script> element; it is not imported from CommonJS.
    '--exclude-entrypoints=./browser.iife.js',
  ]
  const said = await run(attw, [tarball, ...options], { cwd: folder }).then(
    () => 'nothing',
    (error: { stdout?: string }) => error.stdout ?? String(error),
  )
  expect(said).toBe('nothing')
}, 60_000)
