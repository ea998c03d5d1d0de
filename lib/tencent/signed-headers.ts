import { createHmac } from 'node:crypto'
import { sha256 } from '../structures/sha256.js'
import type { TencentCredential } from '../types.js'

const apiVersion = '2019-07-22'
const algorithm = 'TC3-HMAC-SHA256'
const service = 'captcha'
const contentType = 'application/json'
const signedNames = 'content-type;host'

/** Returns the headers of one API 3.0 request, name and value in turn. */
export type RequestSigner = (
  action: string,
  body: Buffer,
  credential: TencentCredential,
  epochMs: number,
) => readonly string[]

/**
 * Makes the signer of POST requests to an endpoint (TC3-HMAC-SHA256, byte for byte what the SDK's `sign3` computes). The
 * signing key of the day is derived once: that is half of a signature's cost.
 */
export function requestSigner({ hostname, pathname, search }: URL): RequestSigner {
  const headers = `content-type:${contentType}\nhost:${hostname}\n`
  const unhashedRequest = `POST\n${pathname}\n${search.slice(1)}\n${headers}\n${signedNames}\n`
  let cached: SigningKey | undefined
  return (action, body, { secretId, secretKey, token }, epochMs) => {
    const timestamp = Math.floor(epochMs / 1000)
    const day = Math.floor(timestamp / secondsInDay)
    if (cached?.day !== day || cached.secretKey !== secretKey) cached = deriveKey(secretKey, day)
    const hashedRequest = sha256(unhashedRequest + sha256(body))
    const signature = createHmac('sha256', cached.key)
      .update(`${algorithm}\n${timestamp}\n${cached.scope}\n${hashedRequest}`)
      .digest('hex')
    const signed = [
      'Content-Type',
      contentType,
      'X-TC-Action',
      action,
      'X-TC-Version',
      apiVersion,
      'X-TC-Timestamp',
      `${timestamp}`,
      'X-TC-RequestClient',
      'tencent-captcha-guard',
      'Authorization',
      `${algorithm} Credential=${secretId}/${cached.scope}, SignedHeaders=${signedNames}, Signature=${signature}`,
    ]
    if (token) signed.push('X-TC-Token', token)
    return signed
  }
}

const secondsInDay = 86_400

interface SigningKey {
  readonly secretKey: string
  /** Days since 1970, UTC: a key is good for one. */
  readonly day: number
  /** `2026-01-31/captcha/tc3_request` */
  readonly scope: string
  readonly key: Buffer
}

function deriveKey(secretKey: string, day: number): SigningKey {
  const date = new Date(day * secondsInDay * 1000).toISOString().slice(0, 10)
  const key = [date, service, 'tc3_request'].reduce<Buffer | string>(
    (parent, part) => createHmac('sha256', parent).update(part).digest(),
    `TC3${secretKey}`,
  ) as Buffer
  return { secretKey, day, scope: `${date}/${service}/tc3_request`, key }
}
