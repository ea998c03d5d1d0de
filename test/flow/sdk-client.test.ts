import { describe, expect, test } from '@jest/globals'
import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
import type { CaptchaClient, CaptchaGuardOptions } from '../../lib/index.js'
import type { ApiFault, ApiFaultName } from '../../lib/simulator/index.js'
import { breakApi, clientIp, expressVersions, type Flow, quickCircuit, startFlow, until } from './support.js'

const CaptchaSdkClient = sdk.captcha.v20190722.Client
type SdkClient = InstanceType<typeof CaptchaSdkClient>

function sdkClient({ url, credential }: Flow['simulator'], reqTimeout = 60, secrets = credential): SdkClient {
  const { secretId, secretKey } = secrets
  return new CaptchaSdkClient({
    credential: { secretId, secretKey },
    region: '',
    profile: { httpProfile: { endpoint: new URL(url).host, protocol: 'http://', reqTimeout } },
  })
}

type Express = (typeof expressVersions)[number][1]

/** The simulator must run before its client can be made, so the guard's client is a door to the real one. */
async function startSdkFlow(
  express: Express,
  options: Partial<CaptchaGuardOptions> = {},
  reqTimeout = 60,
): Promise<Flow> {
  let real: SdkClient
  const client: CaptchaClient = { request: (...args) => real.request(...(args as Parameters<SdkClient['request']>)) }
  const flow = await startFlow({ express, options: { ...options, client } })
  real = sdkClient(flow.simulator, reqTimeout)
  return flow
}

/** Seconds. The client's fetch forgets the timer of a body that breaks off; it would keep the test process alive. */
const bodyTimeout = 1

/** Where the client's own transport hides a difference, its row says what is left to see. */
const rows = {
  hang: 'timeout',
  hang_body: 'timeout',
  slow: 'timeout',
  reset: 'unreachable',
  refuse: 'unreachable',
  cut_body: 'unreachable',
  http_500_html: 'http_error',
  http_502_html: 'http_error',
  http_503_html: 'http_error',
  http_500_json: 'http_error',
  http_502_json: 'http_error',
  http_503_json: 'http_error',
  truncated_json: 'bad_response',
  not_json: 'bad_response',
  empty_object: 'bad_response',
  null_response: 'bad_response',
  string_code: 'bad_response',
  event_stream: 'bad_response',
  internal_error: 'internal_error',
  internal_server_error: 'internal_error',
  system_busy: 'system_busy',
  request_limit_exceeded: 'throttled',
  auth_failure: 'misconfigured',
  unauthorized_operation: 'misconfigured',
  // Its fetch follows redirects and reads bodies without bound: both end in a reply.
  redirect: 'verified',
  oversized: 'verified',
} satisfies Record<ApiFaultName, string>

describe.each(expressVersions)('on %s', (_name, express) => {
  test('the generated client is accepted as it is, and verifies', async () => {
    const flow = await startFlow({
      express,
      route: (_guard, { simulator, watch, newGuard }) => [
        watch(
          newGuard({
            captchaAppId: simulator.captchaAppId,
            appSecretKey: simulator.appSecretKey,
            client: sdkClient(simulator),
            logger: false,
            degradation: { fallback: { scriptUrl: simulator.scriptUrl } },
          }),
        ),
      ],
    })
    const { captcha } = await flow.send(flow.mint({ score: 12 }))
    expect(captcha).toMatchObject({ passed: true, degraded: false, reason: 'verified', captchaCode: 1, score: 12 })
    expect(captcha?.requestId).toEqual(expect.any(String))
    expect(flow.simulator.calls).toMatchObject([{ action: 'DescribeCaptchaResult', userIp: '203.0.113.7' }])
  })

  test('a refusal of Tencent is a refusal of the guard', async () => {
    const flow = await startSdkFlow(express)
    const token = flow.mint()
    expect((await flow.send(token)).captcha?.reason).toBe('verified')
    expect((await flow.send(flow.mint({ code: 8 }))).captcha?.reason).toBe('ticket_expired')
    expect((await flow.send(flow.mint({ code: 15 }))).captcha?.reason).toBe('ticket_invalid')
    expect((await flow.send(flow.mint({ evilLevel: 100 }))).captcha?.reason).toBe('risk_rejected')
    expect((await flow.send({ ...flow.mint(), randstr: '@bad' })).captcha?.reason).toBe('randstr_mismatch')
  })

  test('a ticket of a mini program is verified by the API of mini programs', async () => {
    const flow = await startSdkFlow(express, { channel: 'mini_program' })
    const { ticket } = flow.mint({ channel: 'mini_program' })
    expect((await flow.send({ ticket })).captcha?.reason).toBe('verified')
    expect(flow.simulator.calls).toMatchObject([{ action: 'DescribeCaptchaMiniResult' }])
  })

  test.each(Object.entries(rows) as [ApiFaultName, string][])('the fault %s ends in %s', async (fault, reason) => {
    const flow = await startSdkFlow(express, {}, fault.endsWith('_body') ? bodyTimeout : undefined)
    flow.simulator.setFault(fault)
    const reply = await flow.turnFor(flow.send(flow.mint()))
    expect(reply.captcha).toMatchObject({ reason, degraded: reason !== 'verified' })
    expect(reply.status).toBe(reason === 'misconfigured' ? 503 : 200)
    expect(flow.errors).toEqual([])
  })

  test.each([
    ['InternalError.Other', 'internal_error'],
    ['ServiceUnavailable', 'internal_error'],
    ['RequestLimitExceeded.UinLimitExceeded', 'throttled'],
    ['AuthFailure.SecretIdNotFound', 'misconfigured'],
    ['InvalidParameter', 'rejected'],
    ['Whatever.Nobody.Knows', 'rejected'],
  ])('the API error %s ends in %s', async (code, reason) => {
    const flow = await startSdkFlow(express)
    const fault: ApiFault = { kind: 'api_error', code }
    expect((await flow.turnFor(flow.send(flow.mint({ fault })))).captcha).toMatchObject({ reason, errorCode: code })
  })

  test.each([
    ['hang', 60],
    ['hang_body', bodyTimeout],
  ] as const)("where the API does %s, the deadline is the guard's, not the client's", async (fault, reqTimeout) => {
    const flow = await startSdkFlow(express, { timeoutMs: 200 }, reqTimeout)
    const answer = flow.send(flow.mint({ fault }))
    await until(() => flow.asked === 1)
    await flow.clock.advance(200)
    expect((await answer).captcha).toMatchObject({ cause: 'timeout', durationMs: 200 })
    await until(() => flow.simulator.calls.every(({ ticketKind, aborted }) => ticketKind === 'fallback' || aborted))
  })

  test("the circuit opens and closes by the client's canary", async () => {
    const flow = await startSdkFlow(express, { degradation: { circuit: quickCircuit, lateVerification: false } })
    await breakApi(flow)
    expect((await flow.send(flow.mint(), { ip: clientIp(1) })).captcha?.cause).toBe('circuit_open')
    flow.simulator.setFault(null)
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'closed', 6000)
    expect((await flow.send(flow.mint(), { ip: clientIp(1) })).captcha?.reason).toBe('verified')
  })

  test('checkHealth goes through the client, and finds a wrong key', async () => {
    const flow = await startSdkFlow(express)
    expect(await flow.guard.checkHealth()).toMatchObject({ status: 'reachable', captchaCode: 21 })
    const { simulator } = flow
    const wrong = flow.newGuard({
      captchaAppId: simulator.captchaAppId,
      appSecretKey: simulator.appSecretKey,
      client: sdkClient(simulator, 60, { ...simulator.credential, secretKey: 'wrong' }),
      logger: false,
    })
    expect(await wrong.checkHealth()).toMatchObject({
      status: 'misconfigured',
      errorCode: 'AuthFailure.SignatureFailure',
    })
  })

  test('a client with a bug is next(error), never a pass', async () => {
    const client: CaptchaClient = {
      request: async () => {
        throw new RangeError('a bug of the client')
      },
    }
    const flow = await startFlow({ express, options: { client } })
    expect((await flow.send(flow.mint())).status).toBe(500)
    expect(flow.errors).toEqual([expect.objectContaining({ message: 'a bug of the client' })])
    expect(flow.handled).toBe(0)
  })

  test('a client that throws at once is no different', async () => {
    const client = {
      request: () => {
        throw new RangeError('a bug of the client')
      },
    }
    const flow = await startFlow({ express, options: { client } })
    expect((await flow.send(flow.mint())).status).toBe(500)
  })

  test('a client that never answers is under the deadline', async () => {
    let asked = 0
    const request: CaptchaClient['request'] = () => {
      asked++
      return new Promise(() => {})
    }
    const flow = await startFlow({ express, options: { client: { request }, timeoutMs: 100 } })
    const answer = flow.send(flow.mint())
    await until(() => asked > 0)
    await flow.clock.advance(100)
    expect((await answer).captcha).toMatchObject({ cause: 'timeout', durationMs: 100 })
  })
})
