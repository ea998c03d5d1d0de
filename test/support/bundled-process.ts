import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** The Redis clients that the matrix puts in the place of the installed ones; see jest.config.ts. */
const clientsOfTheMatrix: Plugin = {
  name: 'clients-of-the-matrix',
  setup({ onResolve }) {
    const { REDIS_CLIENTS: modules } = process.env
    if (modules === undefined) return
    const { resolve } = createRequire(join(modules, 'none.js'))
    onResolve({ filter: /^(redis|ioredis)$/ }, ({ path }) => ({ path: resolve(path), external: true }))
  },
}

/** Child processes that run one TypeScript file, bundled beside it for as long as the tests need it. */
export class BundledProcess {
  readonly #dir: string
  readonly #file: string
  readonly #running = new Set<ChildProcess>()

  private constructor(dir: string, file: string) {
    this.#dir = dir
    this.#file = file
  }

  /** @param entry path of the file */
  static async bundle(entry: string): Promise<BundledProcess> {
    const name = basename(entry, '.ts')
    const dir = mkdtempSync(join(dirname(entry), `.${name}-`))
    const outfile = join(dir, `${name}.mjs`)
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      loader: { '.lua': 'text' },
      packages: 'external',
      plugins: [clientsOfTheMatrix],
      platform: 'node',
      format: 'esm',
      target: 'node20',
    })
    return new BundledProcess(dir, outfile)
  }

  /** Starts a process and sends it its first message. */
  start(order: object, options: ForkOptions = {}): ChildProcess {
    const child = fork(this.#file, { execArgv: [], ...options })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    child.send(order)
    return child
  }

  /** Ends what still runs and removes the bundle. */
  close(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
