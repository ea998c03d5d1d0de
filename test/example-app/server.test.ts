import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type ExampleProcess, openExample, spawnExample } from './example-process.js'

const credentials = {
  CAPTCHA_APP_ID: '199999164',
  CAPTCHA_APP_SECRET_KEY: 'a',
  TENCENTCLOUD_SECRET_ID: 'b',
  TENCENTCLOUD_SECRET_KEY: 'c',
}

describe('the example app', () => {
  const started: ExampleProcess[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map((example) => example.end('SIGKILL')))
  })

  function start(env: NodeJS.ProcessEnv = {}, args = ['--port', '0']): ExampleProcess {
    const example = spawnExample(args, env)
    started.push(example)
    return example
  }

  async function failure(env: NodeJS.ProcessEnv, args?: string[]): Promise<string> {
    const example = start(env, args)
    const [code] = await once(example.child, 'exit')
    expect(code).toBe(1)
    expect(example.output()).not.toMatch(/ {4}at /)
    return example.output()
  }

  it('says that Tencent is simulated when it has no credentials, and ends cleanly on SIGINT', async () => {
    const example = start()
    const url = await openExample(example)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(example.output()).toContain('simulated on this machine')
    expect(await (await fetch(url)).text()).toContain('simulated on this machine')
    const live = await fetch(`${url}/switchboard/events`)
    expect(await example.end('SIGINT')).toBe(0)
    await expect(live.text()).rejects.toThrow()
  })

  it('uses Tencent itself when it has credentials, then shows no faults, and sends no secret to the page', async () => {
    const url = await openExample(start({ ...credentials, CAPTCHA_APP_SECRET_KEY: 'appSecretKeyOfTheTest' }))
    const response = await fetch(`${url}/login`)
    expect(response.headers.get('content-security-policy')).toContain('https://turing.captcha.qcloud.com')
    const page = await response.text()
    expect(page).toContain('199999164')
    expect(page).not.toContain('appSecretKeyOfTheTest')
    expect(await (await fetch(`${url}/switchboard`)).text()).not.toContain('API hangs')
  })

  it('names the setting that is wrong and exits with 1', async () => {
    const { CAPTCHA_APP_SECRET_KEY: _, ...three } = credentials
    expect(await failure(three)).toContain('CAPTCHA_APP_SECRET_KEY')
    expect(await failure({ NODE_ENV: 'production' })).toContain('no Tencent credentials')
    expect(await failure({}, ['--port', 'x'])).toContain('0 to 65535')
    expect(await failure({}, ['--prot', '0'])).toContain('--prot')
  })

  it('says which port is taken and exits with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    try {
      expect(await failure({ PORT: String(port) }, [])).toContain(`Port ${port} is taken`)
    } finally {
      other.close()
    }
  })

  it('serves no switchboard in production and links to none', async () => {
    const url = await openExample(start({ ...credentials, NODE_ENV: 'production' }))
    expect((await fetch(`${url}/switchboard`)).status).toBe(404)
    expect(await (await fetch(url)).text()).not.toContain('/switchboard')
  })

  it('refuses switches that come from another page than its own', async () => {
    const url = await openExample(start())
    const post = (headers: Record<string, string>) =>
      fetch(`${url}/switchboard/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"api":"hang"}',
      })
    expect((await post({})).status).toBe(403)
    expect((await post({ origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await post({ origin: 'null' })).status).toBe(403)
    expect((await post({ origin: url })).status).toBe(200)
    expect((await fetch(`${url}/switchboard`, { headers: { origin: 'https://elsewhere.example' } })).status).toBe(403)
    expect((await fetch(`${url}/switchboard`, { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(403)
    expect((await post({ origin: url, 'x-forwarded-for': '127.0.0.1, 203.0.113.9' })).status).toBe(403)
  })

  it('has no status page and no metrics in production without a password for operators', async () => {
    const url = await openExample(start({ ...credentials, NODE_ENV: 'production' }))
    expect((await fetch(`${url}/ops/captcha`)).status).toBe(404)
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
  })
})
