import { describe, expect, test } from '@jest/globals'
import { captchaCodeMeaning, isKeyMismatch } from '../../lib/tencent/captcha-codes.js'

/** Restated by hand from the vendor's tables: code, web, mini program. */
const codes = [
  [1, 'ok', 'ok'],
  [7, 'randstr_mismatch', 'app_mismatch'],
  [8, 'ticket_expired', 'ticket_expired'],
  [9, 'ticket_reused', 'ticket_reused'],
  [10, 'rejected', 'ticket_invalid'],
  [15, 'ticket_invalid', 'ticket_invalid'],
  [16, 'app_mismatch', 'app_mismatch'],
  [21, 'risk_rejected', 'risk_rejected'],
  [25, 'rejected', 'ticket_invalid'],
  [26, 'system_busy', 'system_busy'],
  [31, 'rejected', 'misconfigured'],
  [100, 'app_mismatch', 'app_mismatch'],
] as const

const known: ReadonlySet<number> = new Set(codes.map(([code]) => code))
const historic = [6, 11, 12, 13, 17, 18, 19, 20, 22, 23, 24, 104, 10001]
const strange = [0, -1, 1.5, 1e300, -0, Number.MAX_SAFE_INTEGER, Number.NaN, Number.POSITIVE_INFINITY]

describe('a CaptchaCode', () => {
  test.each(codes)('%i means %s on the web and %s in a mini program', (code, web, miniProgram) => {
    expect(captchaCodeMeaning('web', code)).toBe(web)
    expect(captchaCodeMeaning('mini_program', code)).toBe(miniProgram)
  })

  test.each([...historic, ...strange])('%p, which is on no list, is rejected', (code) => {
    expect(captchaCodeMeaning('web', code)).toBe('rejected')
    expect(captchaCodeMeaning('mini_program', code)).toBe('rejected')
  })

  test('from 0 to 1000 that is on no list is rejected', () => {
    const others = Array.from({ length: 1000 }, (_, code) => code).filter((code) => !known.has(code))
    const meanings = others.flatMap((code) => [
      captchaCodeMeaning('web', code),
      captchaCodeMeaning('mini_program', code),
    ])
    expect(new Set(meanings)).toEqual(new Set(['rejected']))
  })
})

describe('a sign that app id and secret key do not belong together', () => {
  test.each([15, 16, 100])('is the CaptchaCode %i', (code) => {
    expect(isKeyMismatch(code)).toBe(true)
  })

  test.each([undefined, 0, 1, 7, 8, 9, 10, 21, 25, 26, 31, 1516])('is not the CaptchaCode %p', (code) => {
    expect(isKeyMismatch(code)).toBe(false)
  })
})
