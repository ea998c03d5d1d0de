import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type BuildOptions, build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import ts from 'typescript'
import {
  importable,
  makeProject,
  modules,
  type PackedPackage,
  packageName,
  packPackage,
  run,
} from './packed-package.js'

const expressVersions = [
  ['Express 5', 'express'],
  ['Express 4', 'express4'],
] as const

/** What each application of `test/consumers` prints. */
const answers = {
  login: { status: 200, name: 'ann', reason: 'verified' },
  nothing: expect.objectContaining({ status: 400, code: 'captcha_required' }),
  degraded: expect.objectContaining({ status: 503, code: 'captcha_unavailable' }),
  paid: { status: 200, paid: true },
  error: true,
  snapshot: 2,
  status: { stranger: 403, isPage: true, verified: 2 },
}

let packed: PackedPackage

beforeAll(async () => {
  packed = await packPackage()
}, 60_000)

afterAll(() => rm(packed.folder, { recursive: true }))

async function output(project: string, file: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, [file], {
    cwd: project,
    env: { PATH: process.env.PATH },
    timeout: 30_000,
  })
  return JSON.parse(stdout)
}

describe.each(expressVersions)('on %s', (_name, express) => {
  test.each(['consumer.cjs', 'consumer.mjs'])(
    '%s runs',
    async (file) => {
      const project = await makeProject(packed, `${express}-${file}`, { express })
      expect(await output(project, file)).toEqual(answers)
    },
    60_000,
  )
})

test('import and require in one process share one site', async () => {
  const project = await makeProject(packed, 'both-builds')
  expect(await output(project, 'both-builds.mjs')).toEqual([
    'client_fallback',
    'fallback_replayed',
    'verify_only',
    'maxInFlight',
  ])
}, 60_000)

test('every entry point loads by import and by require, with the same exports', async () => {
  const project = await makeProject(packed, 'entries', linksToPeers())
  const print = (load: string) => `(async () => {
    const found = {}
    for (const name of ${JSON.stringify(importable(packed.manifest))})
      found[name] = Object.keys(await ${load}(name)).filter((key) => !['default', 'module.exports', '__esModule'].includes(key)).sort()
    console.log(JSON.stringify(found))
  })()`
  await writeFile(join(project, 'all.cjs'), print('require'))
  await writeFile(join(project, 'all.mjs'), print('import'))
  const required = (await output(project, 'all.cjs')) as Record<string, string[]>
  expect(await output(project, 'all.mjs')).toEqual(required)
  expect(Object.keys(required)).toEqual(importable(packed.manifest))
  for (const names of Object.values(required)) expect(names).not.toEqual([])
}, 60_000)

/** An application may have all the optional peers. */
function linksToPeers(): Record<string, string> {
  const peers = Object.keys(packed.manifest.peerDependencies).filter((peer) => existsSync(join(modules, peer)))
  return Object.fromEntries(peers.map((peer) => [peer, peer]))
}

describe.each(expressVersions)('a strict TypeScript application with the types of %s', (_name, types) => {
  test.each([
    // The types of libraries are the same files in each.
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }, ['ts', 'cts'], true],
    ['node16', { module: 'node16', moduleResolution: 'node16' }, ['ts', 'cts'], false],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }, ['ts'], false],
  ])(
    'compiles with moduleResolution %s, each entry point of the package included',
    async (resolution, moduleOptions, extensions, isWhole) => {
      const links = { ...linksToPeers(), '@types/express': `@types/${types}`, '@types/node': '@types/node' }
      const project = await makeProject(packed, `${types}-${resolution}`, links)
      for (const extension of extensions)
        await writeFile(join(project, `every-entry.${extension}`), everyEntry(extension))
      const files = extensions.flatMap((extension) => [`strict.${extension}`, `every-entry.${extension}`])
      expect(compile(project, moduleOptions, files, isWhole)).toBe('')
    },
    120_000,
  )
})

function everyEntry(extension: string): string {
  const lines = importable(packed.manifest).map((name, at) =>
    extension === 'cts' ? `import entry${at} = require('${name}')` : `import * as entry${at} from '${name}'`,
  )
  return [
    ...lines,
    `export const all = [${importable(packed.manifest)
      .map((_, at) => `entry${at}`)
      .join(', ')}]`,
    '',
  ].join('\n')
}

/** What the compiler has to say of an application, of the package and of the libraries beside it; nothing, if all is well. */
function compile(project: string, options: object, files: readonly string[], isWhole: boolean): string {
  const strict = {
    target: 'es2022',
    // The DOM for the kit's types.
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    typeRoots: [join(project, 'node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitReturns: false,
    skipLibCheck: false,
    skipDefaultLibCheck: true,
    esModuleInterop: true,
    noEmit: true,
    ...options,
  }
  const { options: compilerOptions, errors } = ts.convertCompilerOptionsFromJson(strict, project)
  const program = ts.createProgram(
    files.map((file) => join(project, file)),
    compilerOptions,
  )
  // Links lead to the libraries, so their real paths are not in the project.
  const checked = program.getSourceFiles().filter(({ fileName }) => isWhole || fileName.startsWith(project))
  expect(checked.map(({ fileName }) => fileName)).toEqual(expect.arrayContaining([typesOfThePackage(project)]))
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...checked.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ]
  return ts.formatDiagnostics(found, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => project,
    getNewLine: () => '\n',
  })
}

const typesOfThePackage = (project: string) => join(project, 'node_modules', packageName, 'dist/cjs/types.d.ts')

describe('bundlers', () => {
  const shared: BuildOptions = { bundle: true, platform: 'node', target: 'node20', logLevel: 'error' }

  test.each(['consumer.cjs', 'consumer.mjs'])(
    'esbuild makes one file of %s, and it runs without node_modules',
    async (file) => {
      const project = await makeProject(packed, `esbuild-${file}`, { express: 'express' })
      const outfile = join(packed.folder, `esbuild-${file}.cjs`)
      await build({ ...shared, absWorkingDir: project, entryPoints: [file], format: 'cjs', outfile })
      expect(await output(packed.folder, outfile)).toEqual(answers)
    },
    60_000,
  )

  test('Vite makes one file of a server, and it runs', async () => {
    const project = await makeProject(packed, 'vite-server', { express: 'express' })
    await vite(project, { ssr: 'consumer.mjs', outDir: 'out' }, { ssr: { noExternal: ['tencent-captcha-guard'] } })
    expect(await output(project, 'out/consumer.js')).toEqual(answers)
  }, 60_000)

  test('a page built by Vite or esbuild holds what it uses of the kit, and nothing of the server', async () => {
    const project = await makeProject(packed, 'page')
    await writeFile(
      join(project, 'page.js'),
      "import { requestTicket } from 'tencent-captcha-guard/browser'\nwindow.ticket = requestTicket\n",
    )
    const page = { format: 'esm', platform: 'browser', target: 'es2022' } as const
    await build({ ...shared, ...page, absWorkingDir: project, entryPoints: ['page.js'], outfile: 'esbuild/page.js' })
    await vite(project, { outDir: 'vite', rollupOptions: { input: join(project, 'page.js') } })
    const assets = join(project, 'vite/assets')
    const [built = ''] = await readdir(assets)
    for (const file of [join(project, 'esbuild/page.js'), join(assets, built)]) {
      const code = await readFile(file, 'utf8')
      expect(code).toContain('TJCaptcha.js')
      expect(code).not.toMatch(/data-captcha-status|node:|captchaAppSecret/i)
    }
  }, 60_000)
})

/** In a process of its own: Vite runs plugins and config in the process that calls it. */
async function vite(project: string, options: object, config: object = {}): Promise<void> {
  const whole = { root: project, configFile: false, logLevel: 'error', publicDir: false, ...config, build: options }
  const script = `import { build } from ${JSON.stringify(join(modules, 'vite/dist/node/index.js'))}
    await build(${JSON.stringify(whole)})`
  await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })
}

test('publint has nothing to say', async () => {
  const file = await readFile(packed.tarball)
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes } })
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
}, 30_000)

test('are-the-types-wrong has nothing to say of any entry point', async () => {
  // For a <script> element; it is not imported from CommonJS.
  const options = '--format=json --exclude-entrypoints=./browser.iife.js'
  // To a file, for the tool ends before a pipe has taken all; and it ends with an error for the problems that are left out below.
  const command = `"${join(modules, '.bin', 'attw')}" "${packed.tarball}" ${options} > found.json || true`
  await run('sh', ['-c', command], { cwd: packed.folder })
  const { analysis } = JSON.parse(await readFile(join(packed.folder, 'found.json'), 'utf8')) as {
    analysis: TypesAnalysis
  }
  const looked = Object.keys(analysis.entrypoints).map((entry) => `tencent-captcha-guard${entry.slice(1)}`)
  expect(looked).toEqual(expect.arrayContaining([...importable(packed.manifest)]))
  // node10 is the resolution of before 2022. It does not read `exports`, never finds a subpath, and the package needs Node 20.
  expect(analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node10')).toEqual([])
}, 60_000)

interface TypesAnalysis {
  readonly entrypoints: object
  readonly problems: readonly { readonly resolutionKind?: string }[]
}
