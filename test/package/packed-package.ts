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

/** The package as `npm pack` makes it of the built `dist`, in a folder of its own. */
export class PackedPackage {
  private constructor(
    readonly folder: string,
    readonly tarball: string,
    /** Bytes of the tarball. */
    readonly size: number,
    /** As npm and the registry write it: `sha512-…`. */
    readonly integrity: string,
    readonly files: readonly { readonly path: string; readonly mode: number }[],
    readonly manifest: Manifest,
  ) {}

  static async pack(): Promise<PackedPackage> {
    if (!existsSync(join(root, 'dist', 'cjs', 'index.js')))
      throw new Error('There is no dist: run `npm run build` first.')
    const folder = await mkdtemp(join(tmpdir(), 'captcha-guard-packed-'))
    const arguments_ = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', arguments_, { cwd: root })
    const [{ filename, size, integrity, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    return new PackedPackage(folder, join(folder, filename), size, integrity, files, manifest)
  }

  /** What can be imported: the entry points but the page's script, which is for a `<script>` element, and package.json. */
  get importable(): readonly string[] {
    const entries = Object.keys(this.manifest.exports).filter((entry) => !/\.iife\.js$|\.json$/.test(entry))
    return entries.map((entry) => `${packageName}${entry.slice(1)}`)
  }

  /**
   * A project that has the packed package and, by links, what it depends on; no registry is asked.
   * @param links module in the project to module among the development dependencies
   */
  async project(name: string, links: Readonly<Record<string, string>> = {}): Promise<string> {
    const project = join(this.folder, name)
    const installed = join(project, 'node_modules', packageName)
    // A test that is tried again finds no traces of its first try.
    await rm(project, { recursive: true, force: true })
    await mkdir(installed, { recursive: true })
    await run('tar', ['-xzf', this.tarball, '-C', installed, '--strip-components=1'])
    await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
    const dependencies = Object.keys(this.manifest.dependencies).map((dependency) => [dependency, dependency])
    for (const [wanted = '', present = ''] of [...dependencies, ...Object.entries(links)]) {
      const link = join(project, 'node_modules', wanted)
      await mkdir(dirname(link), { recursive: true })
      await symlink(join(modules, present), link)
    }
    await cp(join(root, 'test', 'consumers'), project, { recursive: true })
    return project
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
