import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../lib/clock.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { createUpstream } from '../../lib/tencent/upstream.js'
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
  const upstream = createUpstream({ captchaAppId, appSecretKey, timeoutMs: 3000, transport }, clock)
  const { ticket, randstr } = simulator.mintTicket({ channel })
  const call = { channel, ticket, randstr, userIp: '203.0.113.7' }
  const result = await upstream.verify(call, new AbortController().signal)
  upstream.close()
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
