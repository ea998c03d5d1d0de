import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { allDocuments } from './documents.js'
import { compileStrictly } from './recipe-process.js'

/** What the shorter blocks take for granted: an application, its handlers and what it was configured with. */
const givens = `
import type { Express, RequestHandler, Request, Response } from 'express'
import type { CaptchaGuard, CaptchaGuardOptions } from 'tencent-captcha-guard'
declare global {
  const app: Express
  const express: typeof import('express')
  const captchaGuard: typeof import('tencent-captcha-guard').captchaGuard
  const requireCaptcha: typeof import('tencent-captcha-guard').requireCaptcha
  const guard: CaptchaGuard
  const options: CaptchaGuardOptions
  const pay: RequestHandler, comment: RequestHandler, handler: RequestHandler
  const logIn: (req: Request, res: Response) => void
  const log: { warn(...about: unknown[]): void }
  const ticket: string, randstr: string, userIp: string
  const user: { id: string }
  const nameOfOperator: (req: object) => string | false
  const captchaAppId: number, appSecretKey: string, secretId: string, secretKey: string
  const identityThatYouVouchFor: (req: Request | object) => string | undefined
  const helmet: typeof import('helmet').default
}
`

/** Blocks that begin with the name of a file are whole modules, compiled and run by tests of their own. */
const isModule = (code: string) => /^\/\/ [\w-]+\.ts\n/.test(code)

test('every TypeScript block of the documents compiles under strict', async () => {
  const directory = await mkdtemp(resolve('.documents-'))
  try {
    const blocks = allDocuments().flatMap(({ path, codeBlocks }) =>
      codeBlocks
        .filter(({ language, code }) => language === 'ts' && !isModule(code))
        .map(({ code }, index) => ({ name: `${path.replace(/\W/g, '-')}-${index}.ts`, code })),
    )
    expect(blocks.length).toBeGreaterThan(15)
    for (const { name, code } of blocks) await writeFile(join(directory, name), `${code}\nexport {}\n`)
    await writeFile(join(directory, 'givens.ts'), givens)
    const files = [...blocks.map(({ name }) => name), 'givens.ts'].map((name) => join(directory, name))
    expect(compileStrictly({ directory, files, remove: async () => {} })).toBe('')
  } finally {
    await rm(directory, { recursive: true })
  }
}, 120_000)
