import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { transformSync } from 'esbuild'
import ts from 'typescript'
import * as entryPoint from '../../lib/index.js'
import { ManualClock } from '../support/manual-clock.js'
import { testConformance } from './conformance.js'

const root = join(import.meta.dirname, '../..')
const source = /```ts\n(import .*?)```/s.exec(readFileSync(join(root, 'docs/store.md'), 'utf8'))?.[1] ?? ''

/** Runs the documented module, with this package under its own name. */
function runDocumented(): { mapStore(nowMs: () => number): entryPoint.CaptchaStore } {
  const { code } = transformSync(source, { loader: 'ts', format: 'cjs' })
  const module = { exports: {} }
  const require = (name: string) => {
    if (name !== 'tencent-captcha-guard') throw new Error(`the documented store imports ${name}`)
    return entryPoint
  }
  new Function('module', 'exports', 'require', code)(module, module.exports, require)
  return module.exports as ReturnType<typeof runDocumented>
}

/** What the compiler says about the documented module, under this repository's strict options. */
function diagnose(): readonly string[] {
  const path = join(root, 'documented-store.ts')
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const paths = { 'tencent-captcha-guard': [join(root, 'lib/index.ts')] }
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists } = host
  host.readFile = (name) => (name === path ? source : readFile(name))
  host.fileExists = (name) => name === path || fileExists(name)
  const program = ts.createProgram([path], { ...options, paths }, host)
  const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(path))
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('the store in docs/store.md', () => {
  testConformance(() => {
    const clock = new ManualClock()
    return { store: runDocumented().mapStore(() => clock.nowMs()), elapse: (ms) => clock.advance(ms) }
  })

  test('is a short module without a type error', () => {
    expect(source.split('\n').length).toBeLessThan(110)
    expect(diagnose()).toEqual([])
  }, 60_000)
})
