import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const run = promisify(execFile)
export const root = fileURLToPath(new URL('../..', import.meta.url))
export const modules = join(root, 'node_modules')
export const packageName = 'tencent-captcha-guard'

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | object>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly repository: { readonly type: string; readonly url: string }
  readonly homepage: string
  readonly bugs: { readonly url: string }
}

/** The package as `npm pack` makes it of the built `dist`. */
export interface PackedPackage {
  /** A folder of its own, for the tarball and for projects. */
  readonly folder: string
  readonly tarball: string
  /** Bytes of the tarball. */
  readonly size: number
  /** As npm and the registry write it: `sha512-…`. */
  readonly integrity: string
  readonly files: readonly { readonly path: string }[]
  readonly manifest: Manifest
}

export async function packPackage(): Promise<PackedPackage> {
  if (!existsSync(join(root, 'dist', 'cjs', 'index.js')))
    throw new Error('There is no dist: run `npm run build` first.')
  const folder = await mkdtemp(join(tmpdir(), 'captcha-guard-packed-'))
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  })
  const [{ filename, size, integrity, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return { folder, tarball: join(folder, filename), size, integrity, files, manifest }
}

/** What can be imported: the entry points but the page's script, which is for a `<script>` element, and package.json. */
export function importable({ exports }: Manifest): readonly string[] {
  const entries = Object.keys(exports).filter((entry) => !/\.iife\.js$|\.json$/.test(entry))
  return entries.map((entry) => `${packageName}${entry.slice(1)}`)
}

/**
 * Makes a project that has the packed package and, by links, what it depends on; no registry is asked.
 * @param links module in the project to module among the development dependencies
 */
export async function makeProject(
  { folder, tarball, manifest }: PackedPackage,
  name: string,
  links: Readonly<Record<string, string>> = {},
): Promise<string> {
  const project = join(folder, name)
  // A test that is tried again finds no traces of its first try.
  await rm(project, { recursive: true, force: true })
  const installed = join(project, 'node_modules', packageName)
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const dependencies = Object.keys(manifest.dependencies).map((dependency) => [dependency, dependency])
  for (const [wanted = '', present = ''] of [...dependencies, ...Object.entries(links)]) {
    const link = join(project, 'node_modules', wanted)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(modules, present), link)
  }
  await cp(join(root, 'test', 'consumers'), project, { recursive: true })
  return project
}
