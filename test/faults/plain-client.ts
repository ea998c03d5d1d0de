import type { captcha } from 'tencentcloud-sdk-nodejs-captcha'

/** What a client without the package's precautions came to. */
export interface PlainResult {
  /** Whether it took what came for a verified ticket. */
  readonly passed: boolean
  readonly error: string
  readonly tookMs: number
  /** By how much the largest memory of the process grew. */
  readonly grownMb: number
}

export interface PlainOrder {
  readonly client: 'sdk' | 'fetch'
  readonly url: string
  readonly captchaAppId: number
  readonly appSecretKey: string
}

type Ask = (order: PlainOrder) => Promise<{ CaptchaCode?: number | undefined }>

function paramsOf({ captchaAppId, appSecretKey }: PlainOrder) {
  return {
    CaptchaType: 9,
    Ticket: 'tr03plain*',
    Randstr: '@plain',
    UserIp: '203.0.113.7',
    CaptchaAppId: captchaAppId,
    AppSecretKey: appSecretKey,
  }
}

/** The vendor's own client, with its deadline set to the guard's. */
const askWithSdk: Ask = async (order) => {
  const sdk: { captcha: typeof captcha } = await import('tencentcloud-sdk-nodejs-captcha')
  const { protocol, host } = new URL(order.url)
  const client = new sdk.captcha.v20190722.Client({
    credential: { secretId: 'AKID', secretKey: 'KEY' },
    profile: { httpProfile: { endpoint: host, protocol: `${protocol}//`, reqTimeout: 2 } },
  })
  return client.DescribeCaptchaResult(paramsOf(order))
}

/** As handlers written by hand do. */
const askWithFetch: Ask = async (order) => {
  const reply = await fetch(order.url, { method: 'POST', body: JSON.stringify(paramsOf(order)) })
  return ((await reply.json()) as { Response: { CaptchaCode?: number } }).Response
}

export async function askPlainly(order: PlainOrder): Promise<PlainResult> {
  const ask = order.client === 'sdk' ? askWithSdk : askWithFetch
  // What it takes to load the client is not counted.
  if (order.client === 'sdk') await import('tencentcloud-sdk-nodejs-captcha')
  const startedMs = performance.now()
  const { maxRSS } = process.resourceUsage()
  const result = await ask(order).then(
    ({ CaptchaCode }) => ({ passed: CaptchaCode === 1, error: '' }),
    (error: unknown) => ({ passed: false, error: String(error) }),
  )
  const grownMb = (process.resourceUsage().maxRSS - maxRSS) / 1024
  return { ...result, tookMs: performance.now() - startedMs, grownMb }
}
