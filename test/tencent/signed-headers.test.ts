import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import signModule from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js'
import { systemClock } from '../../lib/clock.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { requestSigner } from '../../lib/tencent/signed-headers.js'
import { createUpstreams } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { VerifyCall } from '../../lib/tencent/verify-call.js'
import type { TencentCredential } from '../../lib/types.js'

const temporary = { secretId: 'AKIDtemporary', secretKey: 'temporaryKey', token: 'session-token' }

async function verify(
  simulator: Simulator,
  credential: TencentCredential,
  {
    channel = 'web',
    skewMs = 0,
    url = simulator.url,
  }: { channel?: VerifyCall['channel']; skewMs?: number; url?: string } = {},
): Promise<unknown> {
  const clock = { ...systemClock, epochMs: () => Date.now() + skewMs }
  const { captchaAppId, appSecretKey } = simulator
  const transport = { kind: 'https' as const, endpoint: new URL(url), credential }
  const upstreams = createUpstreams({ captchaAppId, appSecretKey, transport }, clock, new LookupQueue())
  const { ticket, randstr } = simulator.mintTicket({ channel })
  const call = { channel, ticket, randstr, userIp: '203.0.113.7' }
  const result = await new Promise<UpstreamResult>((resolve) => upstreams.calls.verify(call, 3000, resolve))
  upstreams.close()
  if (result.kind !== 'response') return result
  const { Response } = JSON.parse(result.body)
  return Response.Error?.Code ?? Response.CaptchaCode
}

describe('the signature', () => {
  let simulator: Simulator
  let withToken: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
    withToken = await startSimulator({ credential: temporary })
  })
  afterAll(() => Promise.all([simulator.close(), withToken.close()]))

  test.each(['web', 'mini_program'] as const)('is accepted for %s', async (channel) => {
    expect(await verify(simulator, simulator.credential, { channel })).toBe(1)
    expect(simulator.calls.at(-1)).toMatchObject({ captchaAppId: simulator.captchaAppId, userIp: '203.0.113.7' })
  })

  test('is accepted under a host name with a port', async () => {
    expect(
      await verify(simulator, simulator.credential, { url: simulator.url.replace('127.0.0.1', 'localhost') }),
    ).toBe(1)
  })

  test('is refused with another key and another id', async () => {
    expect(await verify(simulator, { ...simulator.credential, secretKey: 'x' })).toBe('AuthFailure.SignatureFailure')
    expect(await verify(simulator, { ...simulator.credential, secretId: 'x' })).toBe('AuthFailure.SecretIdNotFound')
  })

  test('carries the time: five minutes off it has expired', async () => {
    expect(await verify(simulator, simulator.credential, { skewMs: -400_000 })).toBe('AuthFailure.SignatureExpire')
    expect(await verify(simulator, simulator.credential, { skewMs: 400_000 })).toBe('AuthFailure.SignatureExpire')
  })

  test('comes with the token of temporary keys', async () => {
    const { token: _, ...withoutToken } = temporary
    expect(await verify(withToken, temporary)).toBe(1)
    expect(await verify(withToken, { ...temporary, token: 'stale' })).toBe('AuthFailure.TokenFailure')
    expect(await verify(withToken, withoutToken)).toBe('AuthFailure.TokenFailure')
  })
})

describe('the signature, beside the one that the SDK computes', () => {
  /** The SDK's own, with nothing cached. */
  function sdkAuthorization(url: string, payload: Buffer, keys: TencentCredential, epochMs: number): string {
    return signModule.default.sign3({
      method: 'POST',
      url,
      payload,
      timestamp: Math.floor(epochMs / 1000),
      service: 'captcha',
      secretId: keys.secretId,
      secretKey: keys.secretKey,
      multipart: false,
      boundary: '',
      headers: { 'Content-Type': 'application/json' },
    })
  }

  function authorizationOf(headers: readonly string[]): string | undefined {
    return headers[headers.indexOf('Authorization') + 1]
  }

  const endpoints = [
    'https://captcha.tencentcloudapi.com',
    'https://captcha.intl.tencentcloudapi.com/',
    'http://127.0.0.1:3001/path/of/a%20proxy?a=1&b=%2F',
    'http://[::1]:8080',
  ]
  const key = fc.stringMatching(/^[\x21-\x7e]{1,40}$/)

  test('is the same for any body, keys and time, and any order of them', () => {
    const signers = new Map(endpoints.map((url) => [url, requestSigner(new URL(url))]))
    const oneOfTwoKeys = fc.oneof(
      fc.constant({ secretId: 'A', secretKey: 'a' }),
      fc.record({ secretId: key, secretKey: key }),
    )
    const anyTime = fc.oneof(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.constant(Date.UTC(2026, 1, 28)))
    fc.assert(
      fc.property(
        fc.constantFrom(...endpoints),
        fc.string({ unit: 'binary' }),
        oneOfTwoKeys,
        anyTime,
        (url, text, keys, epochMs) => {
          const body = Buffer.from(JSON.stringify(text))
          const signed = authorizationOf(signers.get(url)?.('DescribeCaptchaResult', body, keys, epochMs) ?? [])
          expect(signed).toBe(sdkAuthorization(url, body, keys, epochMs))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('changes its key at midnight in UTC, and back for a clock that is set back', () => {
    const url = 'https://captcha.tencentcloudapi.com'
    const sign = requestSigner(new URL(url))
    const keys = { secretId: 'AKID', secretKey: 'KEY' }
    const body = Buffer.from('{}')
    const midnight = Date.UTC(2026, 11, 31, 24)
    for (const epochMs of [midnight - 1, midnight, midnight - 1000, midnight + 86_400_000, midnight + 1]) {
      expect(authorizationOf(sign('DescribeCaptchaResult', body, keys, epochMs))).toBe(
        sdkAuthorization(url, body, keys, epochMs),
      )
    }
  })

  test('follows keys that change within a day', () => {
    const url = 'https://captcha.tencentcloudapi.com'
    const sign = requestSigner(new URL(url))
    const body = Buffer.from('{}')
    for (const secretKey of ['first', 'second', 'first']) {
      const keys = { secretId: 'AKID', secretKey }
      expect(authorizationOf(sign('DescribeCaptchaResult', body, keys, 0))).toBe(sdkAuthorization(url, body, keys, 0))
    }
  })
})
