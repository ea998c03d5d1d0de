import { createDecipheriv } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { encryptAppId, encryptCaptchaAppId } from '../../lib/browser-assets/encrypt-captcha-app-id.js'

const captchaAppId = 199999164
const appSecretKey = 'E4kwK9AcXQMHkktiItyMEyQPn'

function open(sealed: string, key: string): string {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv('aes-256-cbc', key, bytes.subarray(0, 16))
  return decipher.update(bytes.subarray(16), undefined, 'utf8') + decipher.final('utf8')
}

test('encryptAppId gives the result of the test vector', () => {
  const iv = Uint8Array.from({ length: 16 }, (_, index) => index)
  expect(encryptAppId('199999164&1700000000&300', appSecretKey, iv)).toBe(
    'AAECAwQFBgcICQoLDA0OD9BDXPfOu3GEEqGvBxxm03uFrluX6jdabI2ADVDqtVfv',
  )
})

test.each([
  ['of 25 bytes', appSecretKey, `${appSecretKey}E4kwK9A`],
  ['of 10 bytes', '0123456789', '01234567890123456789012345678901'],
  ['of 16 bytes', '0123456789abcdef', '0123456789abcdef0123456789abcdef'],
  ['of 40 bytes', '0123456789abcdef0123456789abcdef01234567', '0123456789abcdef0123456789abcdef'],
])('encryptCaptchaAppId repeats or cuts a secret %s to 32 bytes', (_, secret, key) => {
  const before = Math.floor(Date.now() / 1000)
  const sealed = encryptCaptchaAppId({ captchaAppId: '199999164', appSecretKey: secret, expiresInSeconds: 60 })
  const [id, unixSeconds, lifetime] = open(sealed, key).split('&')
  expect([id, lifetime]).toEqual(['199999164', '60'])
  expect(Number(unixSeconds) - before).toBeLessThanOrEqual(1)
  expect(Number(unixSeconds)).toBeGreaterThanOrEqual(before)
})

test('encryptCaptchaAppId gives 300 seconds by default, and a different result each time', () => {
  const results = [1, 2, 3].map(() => encryptCaptchaAppId({ captchaAppId, appSecretKey }))
  expect(new Set(results).size).toBe(3)
  expect(open(results[0] ?? '', `${appSecretKey}E4kwK9A`)).toMatch(/&300$/)
})

describe('encryptCaptchaAppId', () => {
  test.each<[string, object]>([
    ['captchaAppId', { captchaAppId: 'x' }],
    ['appSecretKey', { appSecretKey: '' }],
    ['appSecretKey', { appSecretKey: undefined }],
    ['expiresInSeconds', { expiresInSeconds: 0 }],
    ['expiresInSeconds', { expiresInSeconds: 86_401 }],
    ['expiresInSeconds', { expiresInSeconds: 1.5 }],
    ['expiresIn', { expiresIn: 60 }],
  ])('throws CaptchaConfigError that names %s for %j', (option, wrong) => {
    const act = () => encryptCaptchaAppId({ captchaAppId, appSecretKey, ...wrong })
    expect(act).toThrow(expect.objectContaining({ name: 'CaptchaConfigError', option }))
    expect(act).not.toThrow(appSecretKey)
  })
})
