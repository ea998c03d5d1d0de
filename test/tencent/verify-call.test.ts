import { describe, expect, test } from '@jest/globals'
import { apiRequest } from '../../lib/tencent/verify-call.js'

const call = { ticket: 'tr03abc*', randstr: '@abc', userIp: '203.0.113.7' }

describe('the API request for a ticket', () => {
  test('of the web has ticket and randstr', () => {
    expect(apiRequest({ ...call, channel: 'web' }, 190000001, 'secret')).toEqual({
      action: 'DescribeCaptchaResult',
      params: {
        CaptchaType: 9,
        Ticket: 'tr03abc*',
        Randstr: '@abc',
        UserIp: '203.0.113.7',
        CaptchaAppId: 190000001,
        AppSecretKey: 'secret',
      },
    })
  })

  test('of a mini program has no randstr', () => {
    expect(apiRequest({ ...call, channel: 'mini_program' }, 190000001, 'secret')).toEqual({
      action: 'DescribeCaptchaMiniResult',
      params: {
        CaptchaType: 9,
        Ticket: 'tr03abc*',
        UserIp: '203.0.113.7',
        CaptchaAppId: 190000001,
        AppSecretKey: 'secret',
      },
    })
  })
})
