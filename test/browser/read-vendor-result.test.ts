import { describe, expect, test } from '@jest/globals'
import { readVendorResult } from '../../lib/browser/read-vendor-result.js'

const documentedCodes = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1085]

describe('what the vendor calls back with', () => {
  test('a pass', () => {
    expect(readVendorResult({ ret: 0, ticket: 'tr03abc*', randstr: '@Vki', appid: '1' })).toEqual({
      kind: 'ticket',
      ticket: { ticket: 'tr03abc*', randstr: '@Vki', fallback: false },
    })
  })

  test.each(documentedCodes)('fallback %d keeps the ticket of the vendor', (errorCode) => {
    const ticket = `terror_${errorCode}_199999164_1700000000`
    expect(readVendorResult({ ret: 0, ticket, randstr: '@a', errorCode, errorMessage: 'why' })).toEqual({
      kind: 'ticket',
      ticket: { ticket, randstr: '@a', fallback: true, errorCode, errorMessage: 'why' },
    })
  })

  test.each([
    ['TRERROR_1006_199999164_1700000000', 1006],
    ['trerror_', 1005],
  ])('without an errorCode %s tells it, in any spelling', (ticket, errorCode) => {
    expect(readVendorResult({ ret: 0, ticket, randstr: '@a' })).toEqual({
      kind: 'ticket',
      ticket: { ticket, randstr: '@a', fallback: true, errorCode, errorMessage: '' },
    })
  })

  test.each([{ ret: 2, ticket: null }, { ret: 2, ticket: '', randstr: '' }, { ret: 2 }])('closed: %j', (result) => {
    expect(readVendorResult(result)).toEqual({ kind: 'cancelled' })
  })

  test('a ticket wins over ret 2', () => {
    expect(readVendorResult({ ret: 2, ticket: 'tr03abc*', randstr: '@Vki' }).kind).toBe('ticket')
  })

  test.each([
    [undefined, 1005],
    [null, 1005],
    ['oops', 1005],
    [{ ret: 0 }, 1005],
    [{ ret: 0, ticket: 'tr03abc*' }, 1005],
    [{ ret: 0, ticket: { toString: 1 }, randstr: '@a' }, 1005],
    [{ ret: 1, errorCode: 1006 }, 1006],
    [{ ret: 0, ticket: null, errorCode: '1004' }, 1004],
    [{ ret: 0, errorCode: 52 }, 1005],
  ])('nonsense %j is a failure with code %d', (result, errorCode) => {
    expect(readVendorResult(result)).toMatchObject({ kind: 'failed', errorCode })
  })
})
