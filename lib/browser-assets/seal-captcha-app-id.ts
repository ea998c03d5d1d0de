import { createCipheriv } from 'node:crypto'

export interface AppIdSeal {
  readonly captchaAppId: string
  readonly appSecretKey: string
  readonly unixSeconds: number
  readonly expiresInSeconds: number
  /** 16 bytes, never used twice. */
  readonly iv: Uint8Array
}

/** AES-256-CBC as the vendor describes it: Base64 of the IV and the encrypted `appId&time&lifetime`. */
export function sealCaptchaAppId({ captchaAppId, appSecretKey, unixSeconds, expiresInSeconds, iv }: AppIdSeal): string {
  const cipher = createCipheriv('aes-256-cbc', keyOf(appSecretKey), iv)
  const plain = `${captchaAppId}&${unixSeconds}&${expiresInSeconds}`
  return Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final()]).toString('base64')
}

/** The secret over and over to 32 bytes. Samples that only append its beginning fail on secrets of less than 16. */
function keyOf(appSecretKey: string): Buffer {
  return Buffer.alloc(32, appSecretKey, 'utf8')
}
