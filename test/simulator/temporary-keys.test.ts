import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { cvmRoleCredential } from '../../lib/index.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { outcomeOf, type SdkOptions, sdkClient, webBody } from './call-api.js'

describe('Temporary keys of the simulator', () => {
  let aheadMs = 0
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator({ now: () => Date.now() + aheadMs })
  })
  beforeEach(() => {
    aheadMs = 0
    simulator.setCredentialFault(null)
  })
  afterAll(() => simulator.close())

  async function issue(): Promise<Required<Pick<SdkOptions, 'secretId' | 'secretKey' | 'token'>>> {
    const { secretId, secretKey, token } = await cvmRoleCredential({
      metadataUrl: simulator.metadataUrl,
    }).getCredential()
    return { secretId: secretId ?? '', secretKey: secretKey ?? '', token: token ?? '' }
  }

  const check = (keys: SdkOptions): Promise<string> =>
    outcomeOf(sdkClient(simulator, keys).request('DescribeCaptchaResult', webBody(simulator, simulator.mintTicket())))

  it('sign calls of the vendor’s own client, together with their token only', async () => {
    const keys = await issue()
    expect(await check(keys)).toBe('code:1')
    expect(await check({ ...keys, token: 'other' })).toBe('error:AuthFailure.TokenFailure')
    expect(await check({ secretId: keys.secretId, secretKey: keys.secretKey })).toBe('error:AuthFailure.TokenFailure')
    expect(await check({ ...keys, secretKey: 'other' })).toBe('error:AuthFailure.SignatureFailure')
    expect(await check({ ...keys, token: (await issue()).token })).toBe('error:AuthFailure.TokenFailure')
  })

  it('are refused from their expiry on', async () => {
    simulator.setCredentialFault({ kind: 'short_lived_keys', lifetimeSeconds: 100 })
    const keys = await issue()
    aheadMs = 98_000
    expect(await check(keys)).toBe('code:1')
    aheadMs = 101_000
    expect(await check(keys)).toBe('error:AuthFailure.TokenFailure')
  })

  it('that had expired when they were issued are refused at once', async () => {
    simulator.setCredentialFault('expired_keys')
    expect(await check(await issue())).toBe('error:AuthFailure.TokenFailure')
  })

  it('are unknown after a revocation, which leaves the fixed pair alone', async () => {
    const keys = await issue()
    simulator.revokeTemporaryKeys()
    expect(await check(keys)).toBe('error:AuthFailure.SecretIdNotFound')
    expect(await check({})).toBe('code:1')
  })

  it.each([
    [{}, {}, 'error:MissingParameter'],
    [{ 'x-tc-action': 'AssumeRole' }, {}, 'error:InvalidAction'],
    [{ 'x-tc-version': '2019-07-22' }, {}, 'error:NoSuchVersion'],
    [{ authorization: 'TC3-HMAC-SHA256 …'.slice(0, 15) }, {}, 'error:AuthFailure.InvalidAuthorization'],
  ])('need the request that STS documents: %j %j is %s', async (change, body, expected) => {
    const headers = {
      'x-tc-action': 'AssumeRoleWithWebIdentity',
      'x-tc-version': '2018-08-13',
      'x-tc-region': 'ap-guangzhou',
      authorization: 'SKIP',
      ...change,
    }
    const response = await fetch(simulator.stsUrl, { method: 'POST', headers, body: JSON.stringify(body) })
    const { Response } = (await response.json()) as { Response: { Error?: { Code: string } } }
    expect(`error:${Response.Error?.Code}`).toBe(expected)
  })

  it('obey the control API as well', async () => {
    const put = (body: object) => fetch(simulator.controlUrl, { method: 'PUT', body: JSON.stringify(body) })
    const set = await put({ credential: { kind: 'short_lived_keys', lifetimeSeconds: 5 } })
    expect(await set.json()).toMatchObject({ faults: { credential: { kind: 'short_lived_keys', lifetimeSeconds: 5 } } })
    const wrong = await put({ credential: 'gone' })
    expect([wrong.status, (await wrong.json()) as object]).toMatchObject([
      400,
      { error: expect.stringContaining('expired_keys') },
    ])
    expect(simulator.faults.credential).toEqual({ kind: 'short_lived_keys', lifetimeSeconds: 5 })
  })

  it.each([
    'gone',
    null,
    { kind: 'short_lived_keys' },
    { kind: 'short_lived_keys', lifetimeSeconds: 0 },
    { kind: 'short_lived_keys', lifetimeSeconds: 5, more: 1 },
  ])('take no fault %j', (fault) => {
    if (fault === null) return expect(() => simulator.setCredentialFault(null)).not.toThrow()
    expect(() => simulator.setCredentialFault(fault as never)).toThrow(TypeError)
  })
})
