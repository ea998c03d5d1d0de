import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { checkWeb, outcomeOf, sdkClient, webBody } from './call-api.js'

interface SignedCall {
  readonly headers: Record<string, string>
  readonly body: string
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** A signer after the vendor's description that can sign more headers and other hosts than the SDK. */
function signed(simulator: Simulator, host: string, extra: Record<string, string> = {}, at = Date.now()): SignedCall {
  const body = JSON.stringify(webBody(simulator, simulator.mintTicket()))
  const timestamp = String(Math.floor(at / 1000))
  const date = new Date(at).toISOString().slice(0, 10)
  const toSign: Record<string, string> = { 'content-type': 'application/json', host, ...extra }
  const names = Object.keys(toSign).sort().join(';')
  const headerLines = Object.keys(toSign)
    .sort()
    .map((name) => `${name}:${toSign[name]?.toLowerCase()}\n`)
    .join('')
  const canonical = ['POST', '/', '', headerLines, names, sha256(body)].join('\n')
  const scope = `${date}/captcha/tc3_request`
  const key = hmac(hmac(hmac(`TC3${simulator.credential.secretKey}`, date), 'captcha'), 'tc3_request')
  const signature = hmac(key, ['TC3-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n')).toString('hex')
  const authorization = `TC3-HMAC-SHA256 Credential=${simulator.credential.secretId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  const headers = {
    'content-type': 'application/json',
    'x-tc-action': 'DescribeCaptchaResult',
    'x-tc-version': '2019-07-22',
    'x-tc-timestamp': timestamp,
    authorization,
    ...extra,
  }
  return { headers, body }
}

async function post(simulator: Simulator, { headers, body }: SignedCall): Promise<string> {
  const response = await fetch(simulator.url, { method: 'POST', headers, body })
  const { Response } = (await response.json()) as { Response: { CaptchaCode?: number; Error?: { Code: string } } }
  return Response.Error === undefined ? `code:${Response.CaptchaCode}` : `error:${Response.Error.Code}`
}

describe('The signature check of the simulator', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  it('accepts what the SDK signs for a host with a port, with any service name that the SDK derives from it', async () => {
    const endpoint = new URL(simulator.url.replace('127.0.0.1', 'localhost')).host
    const client = sdkClient(simulator, { endpoint })
    const body = webBody(simulator, simulator.mintTicket())
    expect(await outcomeOf(client.request('DescribeCaptchaResult', body))).toBe('code:1')
    expect(await checkWeb(simulator, simulator.mintTicket())).toBe('code:1')
  })

  it('accepts a client that signs more headers than the SDK', async () => {
    const call = signed(simulator, '127.0.0.1', { 'x-tc-action': 'DescribeCaptchaResult' })
    expect(await post(simulator, call)).toBe('code:1')
  })

  it('refuses a signature over the host with its port', async () => {
    expect(await post(simulator, signed(simulator, new URL(simulator.url).host))).toBe(
      'error:AuthFailure.SignatureFailure',
    )
  })

  it('refuses a body that got one more blank after signing', async () => {
    const call = signed(simulator, '127.0.0.1')
    expect(await post(simulator, { ...call, body: `${call.body} ` })).toBe('error:AuthFailure.SignatureFailure')
  })

  it('refuses time stamps that are more than five minutes early or late', async () => {
    const at = (offsetMs: number): SignedCall => signed(simulator, '127.0.0.1', {}, Date.now() + offsetMs)
    expect(await post(simulator, at(-310_000))).toBe('error:AuthFailure.SignatureExpire')
    expect(await post(simulator, at(310_000))).toBe('error:AuthFailure.SignatureExpire')
    expect(await post(simulator, at(-290_000))).toBe('code:1')
  })

  it('refuses a wrong key, a wrong id and missing credentials', async () => {
    const call = (options: object): Promise<string> =>
      outcomeOf(
        sdkClient(simulator, options).request('DescribeCaptchaResult', webBody(simulator, simulator.mintTicket())),
      )
    expect(await call({ secretKey: 'wrong' })).toBe('error:AuthFailure.SignatureFailure')
    expect(await call({ secretId: 'AKIDother' })).toBe('error:AuthFailure.SecretIdNotFound')
    expect(await call({ secretId: '', secretKey: '' })).toMatch(/^error:AuthFailure\./)
  })

  it('refuses calls without a signature', async () => {
    const { headers, body } = signed(simulator, '127.0.0.1')
    const { authorization: _, ...unsigned } = headers
    expect(await post(simulator, { headers: unsigned, body })).toBe('error:AuthFailure.InvalidAuthorization')
    const skipped = { ...headers, authorization: 'SKIP' }
    expect(await post(simulator, { headers: skipped, body })).toBe('error:AuthFailure.InvalidAuthorization')
  })

  it('checks the token of a temporary credential', async () => {
    const temporary = await startSimulator({ credential: { secretId: 'AKIDtmp', secretKey: 'k', token: 'session' } })
    try {
      const call = (options: object): Promise<string> =>
        outcomeOf(
          sdkClient(temporary, options).request('DescribeCaptchaResult', webBody(temporary, temporary.mintTicket())),
        )
      expect(await call({})).toBe('code:1')
      expect(await call({ token: 'stale' })).toBe('error:AuthFailure.TokenFailure')
      expect(await call({ token: undefined })).toBe('error:AuthFailure.TokenFailure')
    } finally {
      await temporary.close()
    }
  })

  it('refuses unknown versions and actions', async () => {
    const { headers, body } = signed(simulator, '127.0.0.1')
    const change = (extra: Record<string, string>): Promise<string> =>
      post(simulator, { headers: { ...headers, ...extra }, body })
    expect(await change({ 'x-tc-version': '2017-03-12' })).toBe('error:NoSuchVersion')
    expect(await change({ 'x-tc-action': 'DescribeCaptchaRceResult' })).toBe('error:InvalidAction')
    expect(await change({ 'x-tc-action': 'constructor' })).toBe('error:InvalidAction')
    expect(await change({ 'x-tc-action': '' })).toBe('error:MissingParameter')
  })

  it('refuses other paths than the root and other methods than POST', async () => {
    expect((await fetch(`${simulator.url}/elsewhere`)).status).toBe(404)
    const response = await fetch(simulator.url)
    expect(await response.json()).toMatchObject({ Response: { Error: { Code: 'UnsupportedProtocol' } } })
  })
})
