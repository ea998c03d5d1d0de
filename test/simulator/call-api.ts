import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
import type { Simulator } from '../../lib/simulator/index.js'

export const userIp = '203.0.113.7'

const CaptchaClient = sdk.captcha.v20190722.Client
type SdkClient = InstanceType<typeof CaptchaClient>

export interface SdkOptions {
  readonly secretId?: string
  readonly secretKey?: string
  readonly token?: string
  readonly endpoint?: string
  /** Seconds. */
  readonly reqTimeout?: number
}

/** The vendor's own client, aimed at the simulator. */
export function sdkClient(simulator: Simulator, options: SdkOptions = {}): SdkClient {
  const { endpoint = new URL(simulator.url).host, reqTimeout = 3, ...credential } = options
  return new CaptchaClient({
    credential: { ...simulator.credential, ...credential },
    profile: { httpProfile: { endpoint, protocol: 'http://', reqTimeout } },
  })
}

/** The body of a web check, complete but for what a test changes. */
export function webBody(simulator: Simulator, token: { ticket: string; randstr?: string }): Record<string, unknown> {
  return {
    CaptchaType: 9,
    Ticket: token.ticket,
    Randstr: token.randstr ?? '@abc',
    UserIp: userIp,
    CaptchaAppId: simulator.captchaAppId,
    AppSecretKey: simulator.appSecretKey,
  }
}

export function miniBody(simulator: Simulator, token: { ticket: string }): Record<string, unknown> {
  const { Randstr: _, ...body } = webBody(simulator, token)
  return { ...body, CaptchaAppId: simulator.miniCaptchaAppId }
}

/** `code:1`, `error:InternalError`, or `thrown:…` for what the SDK makes of an answer. */
export async function outcomeOf(request: Promise<unknown>): Promise<string> {
  try {
    const { CaptchaCode } = (await request) as { CaptchaCode?: number }
    return `code:${CaptchaCode}`
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code === undefined ? `thrown:${message}` : `error:${code}`
  }
}

export function checkWeb(
  simulator: Simulator,
  token: { ticket: string; randstr?: string },
  change: Record<string, unknown> = {},
): Promise<string> {
  const body = { ...webBody(simulator, token), ...change }
  return outcomeOf(sdkClient(simulator).request('DescribeCaptchaResult', body))
}

export function checkMini(
  simulator: Simulator,
  token: { ticket: string },
  change: Record<string, unknown> = {},
): Promise<string> {
  const body = { ...miniBody(simulator, token), ...change }
  return outcomeOf(sdkClient(simulator).request('DescribeCaptchaMiniResult', body))
}
