import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { transform } from '@swc/core'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { namedCodeBlocks } from './code-blocks.js'

const blocks = namedCodeBlocks('docs/frameworks.md')
const servers = ['fastify', 'koa', 'nest', 'hono'] as const

let directory: string

beforeAll(async () => {
  // Inside the package, so that its own name and the frameworks are found.
  directory = await mkdtemp(resolve('.recipes-'))
  for (const [name, code] of blocks) {
    await writeFile(join(directory, name), code)
    const { code: compiled } = await transform(code, {
      filename: name,
      jsc: {
        parser: { syntax: 'typescript', decorators: true },
        target: 'es2022',
        transform: { legacyDecorator: true },
      },
      module: { type: 'es6' },
    })
    await writeFile(join(directory, name.replace(/\.ts$/, '.js')), compiled)
  }
})

afterAll(() => rm(directory, { recursive: true, force: true }))

test('the document has a recipe for each framework', () => {
  expect([...blocks.keys()].sort()).toEqual([...servers, 'guard', 'socket'].map((name) => `${name}.ts`).sort())
})

test('the recipes compile under strict', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--experimentalDecorators', '--target', 'es2022']
  const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', 'node']
  const files = [...blocks.keys()].map((name) => join(directory, name))
  expect(execFileSync(process.execPath, [tsc, ...flags, ...modules, ...files], { encoding: 'utf8' })).toBe('')
}, 120_000)

describe.each(servers)('%s', (name) => {
  let simulator: Simulator
  let child: ChildProcess | undefined

  afterEach(async () => {
    if (child?.exitCode === null) {
      child.kill()
      await once(child, 'exit')
    }
    await simulator.close()
  })

  async function start(): Promise<(token?: object) => Promise<Response>> {
    simulator = await startSimulator()
    const env = {
      PATH: process.env.PATH,
      PORT: '0',
      CAPTCHA_APP_ID: String(simulator.captchaAppId),
      CAPTCHA_APP_SECRET_KEY: simulator.appSecretKey,
      TENCENTCLOUD_SECRET_ID: simulator.credential.secretId,
      TENCENTCLOUD_SECRET_KEY: simulator.credential.secretKey,
      CAPTCHA_ENDPOINT: simulator.url,
    }
    child = spawn(process.execPath, [join(directory, `${name}.js`)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const url = await new Promise<string>((found, fail) => {
      child?.once('exit', (code) => fail(new Error(`exited with ${code}`)))
      lines.on('line', (line) => {
        if (line.startsWith('http')) found(line)
      })
    })
    return (token) =>
      fetch(`${url}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(token ?? {}),
      })
  }

  test('passes a verified request, and refuses its ticket the second time', async () => {
    const send = await start()
    const token = simulator.mintTicket()
    const first = await send(token)
    expect([first.status, await first.json()]).toEqual([200, { degraded: false }])
    const again = await send(token)
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([403, 'captcha_expired'])
  })

  test('answers a refused request as the middleware does', async () => {
    const send = await start()
    for (const [token, status, code] of [
      [{}, 400, 'captcha_required'],
      [{ ticket: ['a', 'b'], randstr: '@a' }, 400, 'captcha_invalid'],
      [simulator.mintTicket({ code: 15 }), 403, 'captcha_invalid'],
      [simulator.mintTicket({ fault: 'auth_failure' }), 503, 'captcha_unavailable'],
    ] as const) {
      const response = await send(token)
      expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ status, code })])
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('passes degraded within the purse, and not beyond it', async () => {
    const send = await start()
    const statuses: number[] = []
    for (let index = 0; index < 4; index++) {
      const seconds = Math.floor(Date.now() / 1000)
      const ticket = `trerror_1001_${simulator.captchaAppId}_${seconds}`
      statuses.push((await send({ ticket, randstr: `@${index}` })).status)
    }
    expect(statuses).toEqual([200, 200, 200, 503])
  })
})
