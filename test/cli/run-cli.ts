import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { build } from 'esbuild'

/** How a process of the command line ended, and what it wrote. */
export interface Finished {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Buffer
  /** Closes the command's output after so many bytes, as `head` does. */
  readonly closeOutAfter?: number
  readonly onOut?: (out: string, stop: (signal: NodeJS.Signals) => void) => void
}

/** Bundles the command line once for a test file. The folder is gone with the last test. */
export function bundledCli() {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'captcha-cli-'))
    const outfile = join(folder, 'main.mjs')
    await build({ entryPoints: ['lib/cli/main.ts'], bundle: true, platform: 'node', format: 'esm', outfile })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  return {
    /** A folder for the test's own files. */
    get folder() {
      return folder
    },
    run(
      args: readonly string[],
      { env = {}, stdin, closeOutAfter = Number.POSITIVE_INFINITY, onOut = () => {} }: RunOptions = {},
    ): Promise<Finished> {
      return new Promise((resolve) => {
        const child = spawn(process.execPath, [join(folder, 'main.mjs'), ...args], {
          env: { PATH: process.env.PATH, TZ: 'UTC', ...env },
        })
        let [out, err] = ['', '']
        child.stdout.on('data', (chunk) => {
          out += chunk
          if (out.length > closeOutAfter) child.stdout.destroy()
          onOut(out, (signal) => child.kill(signal))
        })
        child.stderr.on('data', (chunk) => {
          err += chunk
        })
        // The command may end before it has read all.
        child.stdin.on('error', () => {})
        child.stdin.end(stdin)
        child.on('close', (code, signal) => resolve({ code, signal, out, err }))
      })
    },
  }
}
