import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import vm from 'node:vm'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import express from 'express'
import { type CaptchaGuard, captchaGuard } from '../../lib/index.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { codeBlock } from './document-snippets.js'

type PageCode = { data: { busy: boolean; message: string } } & Record<string, (event?: unknown) => void>

const miniCaptchaAppId = 190000002
let simulator: Simulator
let guard: CaptchaGuard
let server: ReturnType<typeof createServer>
let page: PageCode
let answered: Promise<unknown>
const plugin = { show: jest.fn(), refresh: jest.fn() }
const decisions: unknown[] = []

beforeAll(async () => {
  simulator = await startSimulator({ miniCaptchaAppId })
  guard = captchaGuard({
    channel: 'mini_program',
    captchaAppId: miniCaptchaAppId,
    appSecretKey: simulator.appSecretKey,
    credential: simulator.credential,
    endpoint: simulator.url,
    userIp: () => '203.0.113.7',
    logger: false,
  })
  const app = express()
  app.post('/mini/login', express.json(), guard, (req, res) => {
    decisions.push(req.captcha)
    res.json({})
  })
  server = createServer(app as unknown as (req: IncomingMessage, res: ServerResponse) => void)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await guard.close()
  await simulator.close()
})

beforeEach(async () => {
  jest.clearAllMocks()
  decisions.length = 0
  vm.runInNewContext(await codeBlock('mini-program.md', 'js'), { Page: mount, wx: { request } })
})

function mount(code: PageCode): void {
  page = Object.assign(code, {
    setData: (data: object) => Object.assign(code.data, data),
    selectComponent: (selector: string) => (selector === '#captcha' ? plugin : undefined),
  }) as unknown as PageCode
}

type RequestOptions = {
  url: string
  method: string
  data: unknown
  success(answer: { statusCode: number; data: unknown }): void
  fail(): void
}

function request({ url, method, data, success, fail }: RequestOptions): void {
  const { port } = server.address() as AddressInfo
  const here = `http://127.0.0.1:${port}${new URL(url).pathname}`
  const headers = { 'content-type': 'application/json' }
  answered = fetch(here, { method, headers, body: JSON.stringify(data) }).then(
    async (response) => success({ statusCode: response.status, data: await response.json() }),
    fail,
  )
}

async function verify(detail: object): Promise<void> {
  page.login?.()
  expect(page.data.busy).toBe(true)
  expect(plugin.show).toHaveBeenCalledTimes(1)
  page.onVerify?.({ detail })
  // The plugin removes its popup before the server has answered.
  page.onClose?.({ detail: { ret: 0 } })
  expect(page.data.busy).toBe(true)
  await answered
  expect(page.data.busy).toBe(false)
  expect(plugin.refresh).toHaveBeenCalledTimes(1)
}

test('the page gets a solved challenge verified without a randstr', async () => {
  const { ticket } = simulator.mintTicket({ channel: 'mini_program' })
  await verify({ ret: 0, ticket, randstr: '@x' })
  expect(decisions).toMatchObject([{ passed: true, degraded: false, reason: 'verified' }])
  expect(page.data.message).toBe('')
})

test('the page gets a fallback ticket of the plugin passed degraded', async () => {
  const ticket = `trerror_1006_${miniCaptchaAppId}_${Math.floor(Date.now() / 1000)}`
  await verify({ ret: 0, ticket, randstr: '@x' })
  expect(decisions).toMatchObject([{ passed: true, degraded: true, cause: 'client_fallback', clientErrorCode: 1006 }])
})

test('the page shows a refusal, and the next try is a new challenge', async () => {
  await verify({ ret: 0, ticket: 'tr03forged*' })
  expect(decisions).toEqual([])
  expect(page.data.message).toBe('验证未通过，请重试')
})

test('the page sends nothing after a refusal of the vendor or a closed challenge', async () => {
  page.login?.()
  page.onVerify?.({ detail: { ret: '9' } })
  expect(page.data).toEqual({ busy: false, message: '验证未通过，请重试' })
  page.login?.()
  page.onClose?.({ detail: { ret: 2 } })
  expect(page.data).toEqual({ busy: false, message: '' })
  expect(plugin.refresh).not.toHaveBeenCalled()
  expect(decisions).toEqual([])
})

test('the page sends a try that the plugin accepts after one that it refused', async () => {
  page.login?.()
  page.onVerify?.({ detail: { ret: '9' } })
  const { ticket } = simulator.mintTicket({ channel: 'mini_program' })
  page.onVerify?.({ detail: { ret: 0, ticket } })
  expect(page.data).toEqual({ busy: true, message: '' })
  await answered
  expect(decisions).toMatchObject([{ reason: 'verified' }])
  expect(page.data.busy).toBe(false)
})

test('the page has a fresh encrypted app id in the component before each challenge', async () => {
  const snippet = await codeBlock('mini-program.md', 'js', 1)
  const requested: string[] = []
  let minted = 0
  const wx = {
    request({ url, success }: RequestOptions) {
      requested.push(url)
      success({ statusCode: 200, data: { aidEncrypted: `cipher${minted++}` } })
    },
  }
  const seen: unknown[] = []
  const setData = (data: object, done?: () => void) => {
    Object.assign(page.data, data)
    done?.()
  }
  const replaced = vm.runInNewContext(`${snippet}; loginWithEncryptedAppId`, { wx }) as Pick<PageCode, string>
  Object.assign(page, replaced, { setData })
  plugin.show.mockImplementation(() => seen.push((page.data as { aidEncrypted?: string }).aidEncrypted))
  for (let tries = 0; tries < 2; tries++) {
    page.login?.()
    expect(page.data.busy).toBe(true)
    page.onClose?.({ detail: { ret: 2 } })
  }
  expect(seen).toEqual(['cipher0', 'cipher1'])
  expect(requested).toEqual(Array(2).fill('https://example.com/mini/captcha/config.json'))
})

test.each([...['app.json', 'login.json', 'a subpackage'].entries()])(
  'the document has valid JSON, block %i: %s',
  async (index) => {
    expect(JSON.parse(await codeBlock('mini-program.md', 'json', index))).toBeInstanceOf(Object)
  },
)
