import { createDecipheriv } from 'node:crypto'

/**
 * Returns what is wrong with an encrypted app id of a page, undefined when nothing is: AES-256-CBC of
 * `captchaAppId&unixSeconds&expiresInSeconds`, IV first, Base64, the key repeated or cut to 32 bytes.
 */
export function problemOfAidEncrypted(
  value: unknown,
  captchaAppId: number,
  appSecretKey: string,
  nowMs: number,
): string | undefined {
  if (typeof value !== 'string') return 'aidEncrypted is missing'
  const [appId, issuedAt, lifetime] = decrypt(value, appSecretKey).split('&')
  if (appId !== String(captchaAppId)) return 'aidEncrypted is not for this app id, or was made with another key'
  const ageSeconds = Math.floor(nowMs / 1000) - Number(issuedAt)
  if (ageSeconds < 0) return 'aidEncrypted is from the future'
  if (!(ageSeconds <= Number(lifetime))) return 'aidEncrypted has expired'
  return undefined
}

function decrypt(value: string, appSecretKey: string): string {
  const bytes = Buffer.from(value, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-cbc', Buffer.alloc(32, appSecretKey, 'utf8'), bytes.subarray(0, 16))
    return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString()
  } catch {
    return ''
  }
}
