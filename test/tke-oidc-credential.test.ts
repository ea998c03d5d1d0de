import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CaptchaConfigError, tkeOidcCredential } from '../lib/index.js'
import { type CredentialFault, type Simulator, startSimulator } from '../lib/simulator/index.js'
import { answer, rawServer } from './tencent/raw-server.js'

const environment = ['TKE_REGION', 'TKE_PROVIDER_ID', 'TKE_ROLE_ARN', 'TKE_WEB_IDENTITY_TOKEN_FILE'] as const
const roleArn = 'qcs::cam::uin/100000000001:roleName/captcha'

let simulator: Simulator
let dir: string
let tokenFile: string

beforeEach(async () => {
  simulator = await startSimulator()
  dir = await mkdtemp(join(tmpdir(), 'captcha-tke-'))
  tokenFile = join(dir, 'token')
  await writeFile(tokenFile, 'TOKEN-one\n')
})

afterEach(async () => {
  for (const name of environment) delete process.env[name]
  await rm(dir, { recursive: true })
  await simulator.close()
})

const identity = () => ({ region: 'ap-guangzhou', providerId: 'cls-1', roleArn, tokenFile })
const provider = (options = {}) => tkeOidcCredential({ ...identity(), endpoint: simulator.stsUrl, ...options })

describe('the keys of a pod’s role', () => {
  test('come from STS, with their token and their expiry', async () => {
    const keys = await provider().getCredential()
    expect(keys).toEqual({
      secretId: expect.stringMatching(/^AKIDtemporary/),
      secretKey: expect.any(String),
      token: expect.any(String),
      expiresAtMs: expect.any(Number),
    })
    expect((keys.expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(7_190_000)
  })

  test('are asked for as the environment says, where no option does', async () => {
    process.env.TKE_REGION = 'ap-guangzhou'
    process.env.TKE_PROVIDER_ID = 'cls-1'
    process.env.TKE_ROLE_ARN = roleArn
    process.env.TKE_WEB_IDENTITY_TOKEN_FILE = tokenFile
    expect(await tkeOidcCredential({ endpoint: simulator.stsUrl }).getCredential()).toHaveProperty('token')
  })

  test('cost one unsigned POST with the token as the file holds it now', async () => {
    const server = await rawServer((socket) => socket.end(answer('{"Response":{}}')))
    const one = provider({ endpoint: server.url, durationSeconds: 3600, sessionName: 'shop' })
    await expect(one.getCredential()).rejects.toThrow('STS answered without keys')
    await writeFile(tokenFile, 'TOKEN-two')
    await expect(one.getCredential()).rejects.toThrow('STS answered without keys')
    const [head = '', body = ''] = server.requests[0]?.split('\r\n\r\n') ?? []
    expect(head).toMatch(/^POST \/ HTTP\/1\.1\r\n/)
    for (const header of [
      'Authorization: SKIP',
      'X-TC-Action: AssumeRoleWithWebIdentity',
      'X-TC-Version: 2018-08-13',
      'X-TC-Region: ap-guangzhou',
      'Content-Type: application/json',
    ]) {
      expect(head.split('\r\n')).toContain(header)
    }
    expect(JSON.parse(body)).toEqual({
      ProviderId: 'cls-1',
      WebIdentityToken: 'TOKEN-one',
      RoleArn: roleArn,
      RoleSessionName: 'shop',
      DurationSeconds: 3600,
    })
    expect(server.requests[1]).toContain('"WebIdentityToken":"TOKEN-two"')
    await server.close()
  })

  test.each<[CredentialFault, string]>([
    ['down', 'STS is unreachable (ECONNRESET)'],
    ['hang', 'STS did not answer in time'],
    ['garbage', 'STS answered no JSON object'],
    ['denied', 'STS answered AuthFailure.UnauthorizedOperation'],
  ])('are a failure under the fault %p, which is not kept', async (fault, problem) => {
    const one = provider({ timeoutMs: 200 })
    simulator.setCredentialFault(fault)
    await expect(one.getCredential()).rejects.toThrow(problem)
    simulator.setCredentialFault(null)
    expect(await one.getCredential()).toHaveProperty('token')
  })

  test.each([
    ['is gone', () => rm(tokenFile), 'the file of the identity token cannot be read (ENOENT)'],
    ['is empty', () => writeFile(tokenFile, '\n'), 'the file of the identity token is empty'],
  ])('are a failure where the token’s file %s, and STS is not asked', async (_, spoil, problem) => {
    const one = provider()
    await spoil()
    await expect(one.getCredential()).rejects.toThrow(problem)
    expect(simulator.credentialHits).toBe(0)
  })

  test('are a failure that quotes nothing where an error’s code may', async () => {
    const body = '{"Response":{"Error":{"Code":"bad token TOKEN-one","Message":"TOKEN-one"}}}'
    const server = await rawServer((socket) => socket.end(answer(body)))
    await expect(provider({ endpoint: server.url }).getCredential()).rejects.toThrow(new Error('STS answered an error'))
    await server.close()
  })
})

describe('the options', () => {
  test.each([
    ['region', 'TKE_REGION'],
    ['providerId', 'TKE_PROVIDER_ID'],
    ['roleArn', 'TKE_ROLE_ARN'],
    ['tokenFile', 'TKE_WEB_IDENTITY_TOKEN_FILE'],
  ])('need %s, or %s in the environment, when the provider is made', (option, name) => {
    const make = () => tkeOidcCredential({ ...identity(), [option]: undefined })
    expect(make).toThrow(CaptchaConfigError)
    expect(make).toThrow(`option \`${option}\` is missing, and the environment variable ${name} is not set`)
    process.env[name] = ' '
    expect(make).toThrow(CaptchaConfigError)
    process.env[name] = 'x'
    expect(make).not.toThrow()
  })

  test.each<[string, object, string]>([
    ['region', { region: '' }, "tkeOidcCredential: option `region` is ''; it must be a string that is not empty."],
    [
      'durationSeconds',
      { durationSeconds: 43_201 },
      'option `durationSeconds` is 43201; it must be an integer from 60 to 43200.',
    ],
    ['sessionName', { sessionName: 'a b' }, "option `sessionName` is 'a b'; it must be 2 to 128 of"],
    ['endpoint', { endpoint: 'sts.tencentcloudapi.com' }, 'it must be a string with the whole URL'],
    ['timeoutMs', { timeoutMs: 1.5 }, 'option `timeoutMs` is 1.5;'],
    ['rolearn', { rolearn: roleArn }, 'did you mean `roleArn`?'],
    ['duration', { duration: 5 }, 'did you mean `durationSeconds`?'],
  ])('with a wrong %s throw when the provider is made', (option, options, message) => {
    const make = () => provider(options)
    expect(make).toThrow(CaptchaConfigError)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ option }))
  })
})
