import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from '@jest/globals'

/** Whether a library can be compiled and preloaded here. */
export function mayCompile(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return process.platform === 'linux'
  } catch {
    return false
  }
}

/** `describe` on Linux with a C compiler, `describe.skip` elsewhere; throws where there has to be one (`CI=true`). */
export function describeWithPreload(): typeof describe | typeof describe.skip {
  if (mayCompile()) return describe
  if (process.env.CI === 'true') throw new Error('cc is missing; get it with `apt-get install gcc libc6-dev`')
  return describe.skip
}

/** A library that makes a process's resolver slow and its local ports few; see `preload.c`. */
export interface Preload {
  readonly path: string
  /** The resolver hangs while this file exists. */
  readonly hangFile: string
  remove(): void
}

export function compilePreload(): Preload {
  const folder = mkdtempSync(join(tmpdir(), 'captcha-guard-'))
  const path = join(folder, 'preload.so')
  execFileSync('cc', ['-shared', '-fPIC', '-o', path, 'test/attacks/preload.c', '-ldl'])
  return {
    path,
    hangFile: join(folder, 'hang'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
