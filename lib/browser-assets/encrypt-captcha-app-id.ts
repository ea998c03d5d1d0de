import { createCipheriv, randomBytes } from 'node:crypto'
import { CaptchaConfigError } from '../options/captcha-config-error.js'

/** Options of {@link encryptCaptchaAppId}. */
export interface EncryptCaptchaAppIdOptions {
  /** `CaptchaAppId` from the CAPTCHA console: a number, or its digits. */
  readonly captchaAppId: number | string
  /** `AppSecretKey` from the CAPTCHA console. Only the first 32 bytes of a longer key count. */
  readonly appSecretKey: string
  /** How long a page may use the result, in seconds: an integer from 1 to 86400, the vendor's limit. Default 300. */
  readonly expiresInSeconds?: number | undefined
}

const longestExpirySeconds = 86_400
const optionNames = ['captchaAppId', 'appSecretKey', 'expiresInSeconds']

/**
 * Encrypts the app id for the vendor's option `aidEncrypted`, which a page needs once "forced verification of CaptchaAppid" is on in
 * the console. Each result is different; send it with `Cache-Control: no-store`, as `captchaAssets` does. Its lifetime starts now,
 * and the vendor refuses a time in the future: keep the server's clock right.
 *
 * @returns Base64 of IV and cipher text, AES-256-CBC.
 * @throws {CaptchaConfigError} when an option is wrong, missing or unknown.
 * @see https://cloud.tencent.com/document/product/1110/128489
 */
export function encryptCaptchaAppId(options: EncryptCaptchaAppIdOptions): string {
  const { appSecretKey, expiresInSeconds = 300 } = options
  const captchaAppId = String(options.captchaAppId)
  // Otherwise a misspelt lifetime would silently become the default.
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  requireOption(!unknown, `${unknown}`, `there is no option ${unknown}; there are ${optionNames.join(', ')}`)
  const digits = `captchaAppId must be digits, not ${JSON.stringify(captchaAppId)}`
  requireOption(/^\d+$/.test(captchaAppId), 'captchaAppId', digits)
  const isKey = typeof appSecretKey === 'string' && appSecretKey !== ''
  requireOption(isKey, 'appSecretKey', 'appSecretKey must be the AppSecretKey from the CAPTCHA console')
  const isExpiry =
    Number.isInteger(expiresInSeconds) && expiresInSeconds >= 1 && expiresInSeconds <= longestExpirySeconds
  const integer = `expiresInSeconds must be an integer from 1 to ${longestExpirySeconds}, not ${expiresInSeconds}`
  requireOption(isExpiry, 'expiresInSeconds', integer)
  const plain = `${captchaAppId}&${Math.floor(Date.now() / 1000)}&${expiresInSeconds}`
  return encryptAppId(plain, appSecretKey, randomBytes(16))
}

/**
 * Encrypts `captchaAppId&unixSeconds&expiresInSeconds` with AES-256-CBC, as the vendor describes it. The key is the secret, repeated
 * or cut to 32 bytes; samples that only append its beginning fail on secrets of less than 16.
 *
 * @param iv 16 bytes, never used twice.
 * @returns Base64 of IV and cipher text.
 */
export function encryptAppId(plain: string, appSecretKey: string, iv: Uint8Array): string {
  const cipher = createCipheriv('aes-256-cbc', Buffer.alloc(32, appSecretKey, 'utf8'), iv)
  return Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final()]).toString('base64')
}

/** Throws a CaptchaConfigError that names the option unless the condition holds. */
export function requireOption(condition: unknown, option: string, problem: string): asserts condition {
  if (!condition) throw new CaptchaConfigError(option, problem)
}
