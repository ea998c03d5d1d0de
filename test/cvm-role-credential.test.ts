import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CaptchaConfigError, cvmRoleCredential } from '../lib/index.js'
import { type CredentialFault, type Simulator, startSimulator } from '../lib/simulator/index.js'
import { answer, rawServer } from './tencent/raw-server.js'

describe('the keys of a CVM’s role', () => {
  let simulator: Simulator
  beforeEach(async () => {
    simulator = await startSimulator()
  })
  afterEach(() => simulator.close())

  const provider = (options = {}) => cvmRoleCredential({ metadataUrl: simulator.metadataUrl, ...options })

  test('come from the metadata service, with their token and their expiry', async () => {
    const keys = await provider().getCredential()
    expect(keys).toEqual({
      secretId: expect.stringMatching(/^AKIDtemporary/),
      secretKey: expect.any(String),
      token: expect.any(String),
      expiresAtMs: expect.any(Number),
    })
    expect((keys.expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(7_190_000)
    expect((keys.expiresAtMs ?? 0) - Date.now()).toBeLessThanOrEqual(7_200_000)
  })

  test('are those of the role in the options, which is then not asked for', async () => {
    await provider({ role: 'simulatorRole' }).getCredential()
    expect(simulator.credentialHits).toBe(1)
    await provider().getCredential()
    expect(simulator.credentialHits).toBe(3)
    await expect(provider({ role: 'other' }).getCredential()).rejects.toThrow('the metadata service answered HTTP 404')
  })

  test('are fetched anew on every call', async () => {
    const one = provider()
    expect((await one.getCredential()).secretId).not.toBe((await one.getCredential()).secretId)
  })

  test.each<[CredentialFault, string]>([
    ['down', 'the metadata service is unreachable (ECONNRESET)'],
    ['hang', 'the metadata service did not answer in time'],
    ['garbage', 'the metadata service names no role; is one bound to this instance?'],
    ['denied', 'the metadata service answered HTTP 404'],
  ])('are a failure under the fault %p, which is not kept', async (fault, problem) => {
    const one = provider({ timeoutMs: 200 })
    simulator.setCredentialFault(fault)
    await expect(one.getCredential()).rejects.toThrow(problem)
    simulator.setCredentialFault(null)
    expect(await one.getCredential()).toHaveProperty('token')
  })

  test.each([
    ['no JSON', '<html>', 'the metadata service answered no JSON object'],
    ['a list', '[]', 'the metadata service answered no JSON object'],
    ['another code', '{"Code":"Failed","TmpSecretKey":"KEY-hidden"}', 'the metadata service has no keys for the role'],
    ['half of the keys', '{"Code":"Success","TmpSecretId":"a"}', 'the metadata service answered without keys'],
    [
      'no expiry',
      '{"Code":"Success","TmpSecretId":"a","TmpSecretKey":"KEY-hidden","Token":"t"}',
      'the metadata service answered keys without ExpiredTime',
    ],
  ])('are a failure that quotes nothing where the answer is %s', async (_, body, problem) => {
    const server = await rawServer((socket) => socket.end(answer(body)))
    const one = cvmRoleCredential({ metadataUrl: `${server.url}/`, role: 'r' })
    await expect(one.getCredential()).rejects.toThrow(new Error(problem))
    expect(server.requests[0]).toMatch(/^GET \/cam\/security-credentials\/r HTTP/)
    await server.close()
  })

  test('a role’s name that could lead elsewhere is not followed', async () => {
    const server = await rawServer((socket) => socket.end(answer('../../user-data')))
    const one = cvmRoleCredential({ metadataUrl: server.url })
    await expect(one.getCredential()).rejects.toThrow('names no role')
    expect(server.requests).toHaveLength(1)
    await server.close()
  })
})

describe('the options', () => {
  test('may be absent', () => {
    expect(typeof cvmRoleCredential().getCredential).toBe('function')
    expect(typeof cvmRoleCredential({ role: undefined }).getCredential).toBe('function')
  })

  test.each<[string, unknown, string]>([
    ['role', { role: '../x' }, "cvmRoleCredential: option `role` is '../x'; it must be the name of a CAM role"],
    [
      'metadataUrl',
      { metadataUrl: 'metadata' },
      "option `metadataUrl` is 'metadata'; it must be a string with the whole URL",
    ],
    ['timeoutMs', { timeoutMs: 0 }, 'option `timeoutMs` is 0; it must be an integer number of milliseconds'],
    ['timeout', { timeout: 5 }, 'unknown option `timeout`; did you mean `timeoutMs`?'],
    ['metadataURL', { metadataURL: 'x' }, 'did you mean `metadataUrl`?'],
    ['options', null, 'the options must be an object, not null.'],
    ['options', 'role', 'the options must be an object, not a string.'],
  ])('with a wrong %s throw when the provider is made', (option, options, message) => {
    const make = () => cvmRoleCredential(options as never)
    expect(make).toThrow(CaptchaConfigError)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ option }))
  })
})
