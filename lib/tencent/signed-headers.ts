import signModule from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js'
import type { TencentCredential } from '../types.js'

const apiVersion = '2019-07-22'
const service = 'captcha'
const contentType = 'application/json'

/** The headers of one API 3.0 request, signed with TC3-HMAC-SHA256 by the SDK's own code. */
export function signedHeaders({
  endpoint,
  action,
  body,
  credential,
  epochMs,
}: {
  readonly endpoint: URL
  readonly action: string
  readonly body: Buffer
  readonly credential: TencentCredential
  readonly epochMs: number
}): Readonly<Record<string, string | number>> {
  const timestamp = Math.floor(epochMs / 1000)
  const authorization = signModule.default.sign3({
    method: 'POST',
    url: endpoint.href,
    payload: body,
    timestamp,
    service,
    secretId: credential.secretId,
    secretKey: credential.secretKey,
    multipart: false,
    boundary: '',
    headers: { 'Content-Type': contentType },
  })
  return {
    'Content-Type': contentType,
    'Content-Length': body.length,
    'X-TC-Action': action,
    'X-TC-Version': apiVersion,
    'X-TC-Timestamp': timestamp,
    'X-TC-RequestClient': 'tencent-captcha-guard',
    Authorization: authorization,
    ...(credential.token && { 'X-TC-Token': credential.token }),
  }
}
