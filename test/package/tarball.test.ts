import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeProject, modules, type PackedPackage, packageName, packPackage, root, run } from './packed-package.js'

let packed: PackedPackage

beforeAll(async () => {
  packed = await packPackage()
}, 60_000)

afterAll(() => rm(packed.folder, { recursive: true }))

/** Every kind of file that may be in the tarball; a new kind is decided here. */
const kinds: Readonly<Record<string, RegExp>> = {
  'the manifest and the documents of the package': /^(package\.json|LICENSE|README\.md|README\.zh-CN\.md)$/,
  'an implementation in CommonJS': /^dist\/cjs\/([a-z]+\/)*(index|main)\.js$/,
  'a chunk that entry points share': /^dist\/cjs\/(chunks\/chunk-[A-Z0-9]{8}|captcha-guard\.texts)\.js$/,
  'a module that exports the same': /^dist\/esm\/([a-z]+\/)*index\.js$/,
  'types of the entry points': /^dist\/(cjs\/types|(cjs|esm)\/([a-z]+\/)*index)\.d\.ts$/,
  'the kit for pages': /^dist\/browser\/(index|cjs\/index|captcha-guard\.iife)\.(js|d\.ts)$/,
  'a mark of CommonJS': /^dist\/(cjs|browser\/cjs)\/package\.json$/,
}

describe('the tarball', () => {
  test('holds these kinds of files and no others, each kind at least once', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths.filter((path) => !Object.values(kinds).some((kind) => kind.test(path)))).toEqual([])
    for (const kind of Object.values(kinds)) expect(paths.some((path) => kind.test(path))).toBe(true)
  })

  test('holds every file that the manifest names', () => {
    const { exports, bin } = packed.manifest
    const named = JSON.stringify({ exports, bin }).match(/\.\/[^"]+\.[a-z]+/g) ?? []
    const targets = named.filter((name) => name.startsWith('./dist/')).map((name) => name.slice(2))
    expect(targets.length).toBeGreaterThan(10)
    expect(packed.files.map(({ path }) => path)).toEqual(expect.arrayContaining(targets))
  })

  test('is of 200 kB at most', () => {
    console.log(`tarball: ${packed.size} bytes, ${packed.files.length} files`)
    expect(packed.size).toBeLessThanOrEqual(200_000)
  })

  test('keeps the names of functions in the stack of an error, and lines that a terminal can show', async () => {
    const project = await makeProject(packed, 'stack')
    const code = `try { require('${packageName}').captchaGuard({}) } catch (error) { console.log(error.stack) }`
    const { stdout } = await run(process.execPath, ['-e', code], { cwd: project })
    const frames = [...stdout.matchAll(/at (?:Object\.)?(\w+) \((.+\/dist\/cjs\/.+\.js):(\d+):\d+\)/g)]
    expect(frames.map(([, name]) => name)).toEqual(['optionError', 'parseOptions', 'captchaGuard'])
    for (const [, , file = '', line] of frames) {
      const lines = (await readFile(file, 'utf8')).split('\n')
      expect(lines[Number(line) - 1]?.length).toBeLessThan(200)
    }
  })

  test('names one repository, with its homepage and its list of issues', () => {
    const { repository, homepage, bugs } = packed.manifest
    const [, address] = /^git\+(https:\/\/.+)\.git$/.exec(repository.url) ?? []
    expect(repository.type).toBe('git')
    expect(address).toBeDefined()
    expect([homepage, bugs.url]).toEqual([`${address}#readme`, `${address}/issues`])
  })

  test('is the same from a second build, in another folder, time zone, language and umask', async () => {
    const { stdout } = await run(process.execPath, ['scripts/two-builds.mjs', '--once'], { cwd: root })
    expect(stdout.trim()).toBe(`${packed.integrity} ${packed.size}`)
  }, 180_000)
})

describe('an installation without peers', () => {
  test('takes 14 MB at most, in blocks of a disk', async () => {
    const project = await makeProject(packed, 'installation')
    const own = await diskBytes(join(project, 'node_modules', packageName))
    const dependencies = await dependencyFolders(Object.keys(packed.manifest.dependencies))
    let total = own
    for (const folder of dependencies) total += await diskBytes(folder)
    console.log(`installation: ${(total / 1e6).toFixed(1)} MB, ${(own / 1e6).toFixed(1)} MB of them the package`)
    expect(dependencies.length).toBeGreaterThan(10)
    expect(total).toBeLessThanOrEqual(14e6)
  })

  test('loads within 1.5 times what the core of the SDK alone takes', async () => {
    const project = await makeProject(packed, 'loading')
    const guard: number[] = []
    const sdk: number[] = []
    // In turns, so that a busy moment of the machine meets both; what the processor spent, not the time that went by.
    for (let turn = 0; turn < 9; turn++) {
      guard.push(await loadingMs(project, packageName))
      sdk.push(await loadingMs(root, 'tencentcloud-sdk-nodejs-common'))
    }
    console.log(`loading: ${median(guard).toFixed(0)} ms, the core of the SDK ${median(sdk).toFixed(0)} ms`)
    expect(median(guard)).toBeLessThanOrEqual(1.5 * median(sdk))
  }, 120_000)
})

/** Sizes as `du` tells them: whole blocks. */
async function diskBytes(folder: string): Promise<number> {
  const { stdout } = await run('du', ['-sk', folder])
  return Number.parseInt(stdout, 10) * 1024
}

/** Folders of the dependencies and of theirs, but not of peers. */
async function dependencyFolders(names: readonly string[], found = new Set<string>()): Promise<readonly string[]> {
  for (const name of names) {
    const folder = join(modules, name)
    if (found.has(folder)) continue
    found.add(folder)
    const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    await dependencyFolders(Object.keys(dependencies), found)
  }
  return [...found]
}

async function loadingMs(cwd: string, name: string): Promise<number> {
  const code = `const before = process.cpuUsage(); require(${JSON.stringify(name)})
    const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)`
  const { stdout } = await run(process.execPath, ['-e', code], { cwd })
  return Number(stdout)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

test('the bill of materials is valid CycloneDX 1.6 and names what is installed, and the tarball by its hash', async () => {
  const file = join(packed.folder, 'sbom.cdx.json')
  await run(process.execPath, ['scripts/sbom.mjs', packed.tarball, file], { cwd: root })
  const text = await readFile(file, 'utf8')
  const bom = JSON.parse(text)
  expect(await cycloneDxProblems(text)).toBe('null')
  expect(await cycloneDxProblems(text.replace('"library"', '"libary"'))).not.toBe('null')

  const installed = (await dependencyFolders(Object.keys(packed.manifest.dependencies))).map((folder) =>
    folder.slice(modules.length + 1),
  )
  const named = bom.components.map(({ group, name }: { group?: string; name: string }) =>
    [group, name].filter(Boolean).join('/'),
  )
  expect(named.sort()).toEqual([...installed].sort())
  const { name, version, hashes } = bom.metadata.component
  const content = createHash('sha512')
    .update(await readFile(packed.tarball))
    .digest('hex')
  expect([name, version, hashes]).toEqual([packageName, packed.manifest.version, [{ alg: 'SHA-512', content }]])
}, 60_000)

/** In a process of its own, for the validator loads its optional parts with `require`. */
async function cycloneDxProblems(text: string): Promise<string> {
  const file = join(packed.folder, 'validated.json')
  await writeFile(file, text)
  const code = `const { Validation, Spec } = require('@cyclonedx/cyclonedx-library')
    const text = require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8')
    new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text).then((problems) => console.log(JSON.stringify(problems)))`
  const { stdout } = await run(process.execPath, ['-e', code], { cwd: root })
  return stdout.trim()
}
