import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

async function runScript(expression: string): Promise<unknown> {
  const script = `
    import { captchaGuard } from './dist/esm/index.js'
    const client = { request: () => new Promise(() => {}) }
    const guard = captchaGuard({ captchaAppId: 1, appSecretKey: 'k', client, timeoutMs: 1000, logger: false })
    console.log(JSON.stringify(await ${expression}))
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  return JSON.parse(stdout)
}

test('a script that does nothing but check its health lives to see the answer', async () => {
  expect(await runScript('guard.checkHealth()')).toMatchObject({ status: 'unreachable', cause: 'timeout' })
})

test('a script that does nothing but check one ticket lives to see the verdict, and ends then', async () => {
  const input = JSON.stringify({ ticket: 'tr03', randstr: '@x', userIp: '203.0.113.7' })
  expect(await runScript(`guard.check(${input})`)).toMatchObject({ passed: true, cause: 'timeout' })
})
