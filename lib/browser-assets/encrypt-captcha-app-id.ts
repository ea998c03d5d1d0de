import { randomBytes } from 'node:crypto'
import { CaptchaConfigError } from '../options/captcha-config-error.js'
import { sealCaptchaAppId } from './seal-captcha-app-id.js'

/** Options of {@link encryptCaptchaAppId}. */
export interface EncryptCaptchaAppIdOptions {
  /** `CaptchaAppId` from the CAPTCHA console: a number, or its digits. */
  readonly captchaAppId: number | string
  /** `AppSecretKey` from the CAPTCHA console. Of a key over 32 bytes the first 32 count. */
  readonly appSecretKey: string
  /** How long a page may use the result, in seconds: an integer from 1 to 86400, the vendor's limit. Default 300. */
  readonly expiresInSeconds?: number | undefined
}

const longestExpirySeconds = 86_400
const optionNames = ['captchaAppId', 'appSecretKey', 'expiresInSeconds']

/**
 * The encrypted app id that a page must hand to the vendor (`aidEncrypted`) once "forced verification of CaptchaAppid" is on in the
 * console. Each result is different; hand it out with `Cache-Control: no-store`, as `captchaAssets` does. It begins to count now, and
 * the vendor refuses a time in the future: keep the server's clock right.
 *
 * @returns Base64 of IV and cipher text, AES-256-CBC.
 * @throws {CaptchaConfigError} when an option is wrong.
 * @see https://cloud.tencent.com/document/product/1110/128489
 */
export function encryptCaptchaAppId(options: EncryptCaptchaAppIdOptions): string {
  const { appSecretKey, expiresInSeconds = 300 } = options
  const captchaAppId = String(options.captchaAppId)
  // A misspelt lifetime would be the default without a word.
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown) {
    throw new CaptchaConfigError(unknown, `there is no option ${unknown}; there are ${optionNames.join(', ')}`)
  }
  if (!/^\d+$/.test(captchaAppId)) {
    throw new CaptchaConfigError('captchaAppId', `captchaAppId must be digits, not ${JSON.stringify(captchaAppId)}`)
  }
  if (typeof appSecretKey !== 'string' || appSecretKey === '') {
    throw new CaptchaConfigError('appSecretKey', 'appSecretKey must be the AppSecretKey from the CAPTCHA console')
  }
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > longestExpirySeconds) {
    const problem = `expiresInSeconds must be an integer from 1 to ${longestExpirySeconds}, not ${expiresInSeconds}`
    throw new CaptchaConfigError('expiresInSeconds', problem)
  }
  const unixSeconds = Math.floor(Date.now() / 1000)
  return sealCaptchaAppId({ captchaAppId, appSecretKey, unixSeconds, expiresInSeconds, iv: randomBytes(16) })
}
