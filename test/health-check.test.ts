import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

test('a script that does nothing but check its health lives to see the answer', async () => {
  const script = `
    import { captchaGuard } from './dist/esm/index.js'
    const client = { request: () => new Promise(() => {}) }
    const guard = captchaGuard({ captchaAppId: 1, appSecretKey: 'k', client, timeoutMs: 100, logger: false })
    console.log(JSON.stringify(await guard.checkHealth()))
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(JSON.parse(stdout)).toMatchObject({ status: 'unreachable', cause: 'timeout' })
})
