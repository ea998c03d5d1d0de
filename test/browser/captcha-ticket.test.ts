import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { ticketFrom, type VendorResult } from '../../lib/browser/captcha-ticket.js'
import { CaptchaCancelledError } from '../../lib/browser/index.js'

const documentedCodes = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1085]

beforeEach(() => {
  jest.useFakeTimers({ now: 1_700_000_000_999 })
})
afterEach(() => {
  jest.useRealTimers()
})

describe('ticketFrom', () => {
  test('gives an ordinary ticket for a pass', () => {
    expect(ticketFrom({ ret: 0, ticket: 'tr03abc*', randstr: '@Vki' }, '1')).toEqual({
      ticket: 'tr03abc*',
      randstr: '@Vki',
      fallback: false,
    })
  })

  test.each(documentedCodes)('keeps the ticket of the vendor for fallback %d', (errorCode) => {
    const ticket = `terror_${errorCode}_199999164_1649302812`
    expect(ticketFrom({ ret: 0, ticket, randstr: '@a', errorCode, errorMessage: 'why' }, '199999164')).toEqual({
      ticket,
      randstr: '@a',
      fallback: true,
      errorCode,
      errorMessage: 'why',
    })
  })

  test.each([
    ['TRERROR_1006_199999164_1700000000', 1006],
    ['trerror_', 1005],
    [' terror_1012_1_1_sid', 1012],
  ])('reads the code from the ticket %s, in any spelling, when errorCode is absent', (ticket, errorCode) => {
    expect(ticketFrom({ ret: 0, ticket, randstr: '@a' }, '1')).toMatchObject({ ticket, fallback: true, errorCode })
  })

  test.each<VendorResult>([{ ret: 2, ticket: null }, { ret: 2, ticket: '', randstr: '' }, { ret: 2 }])(
    'throws CaptchaCancelledError for %j, a challenge that the user closed',
    (result) => {
      expect(() => ticketFrom(result, '1')).toThrow(CaptchaCancelledError)
    },
  )

  test('gives the ticket even if ret is 2', () => {
    expect(ticketFrom({ ret: 2, ticket: 'tr03abc*', randstr: '@Vki' }, '1').fallback).toBe(false)
  })

  test.each([
    [{}, 1005],
    [Object('oops'), 1005],
    [{ ret: 0 }, 1005],
    [{ ret: 0, ticket: 'tr03abc*' }, 1005],
    [{ ret: 1, errorCode: 1006 }, 1006],
    [{ ret: 0, ticket: null, errorCode: '1004' }, 1004],
    [{ ret: 0, errorCode: 52 }, 1005],
    [{ ret: 0, errorCode: 12_345 }, 1005],
  ])('turns the unusable result %j into a fallback ticket in the standard form with code %d', (result, errorCode) => {
    expect(ticketFrom(result as VendorResult, '199999164')).toMatchObject({
      ticket: `trerror_${errorCode}_199999164_1700000000`,
      randstr: expect.stringMatching(/^@[a-z0-9]*$/),
      fallback: true,
      errorCode,
    })
  })
})
