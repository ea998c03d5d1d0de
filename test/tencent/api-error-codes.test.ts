import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ApiErrorMeaning, apiErrorMeaning } from '../../lib/tencent/api-error-codes.js'

/** Restated by hand from the vendor's lists. */
const codes: Readonly<Record<ApiErrorMeaning, readonly string[]>> = {
  internal_error: [
    'InternalError',
    'InternalError.DbError',
    'InternalError.System',
    'InternalServerError',
    'ServiceUnavailable',
    'ResourceUnavailable',
  ],
  throttled: [
    'RequestLimitExceeded',
    'RequestLimitExceeded.GlobalRegionUinLimitExceeded',
    'RequestLimitExceeded.IPLimitExceeded',
    'RequestLimitExceeded.UinLimitExceeded',
    'LimitExceeded',
  ],
  misconfigured: [
    'AuthFailure',
    'AuthFailure.InvalidAuthorization',
    'AuthFailure.InvalidSecretId',
    'AuthFailure.MFAFailure',
    'AuthFailure.SecretIdNotFound',
    'AuthFailure.SignatureExpire',
    'AuthFailure.SignatureFailure',
    'AuthFailure.TokenFailure',
    'AuthFailure.UnauthorizedOperation',
    'UnauthorizedOperation',
    'UnauthorizedOperation.ErrAuth',
    'UnauthorizedOperation.Unauthorized',
    'IpInBlacklist',
    'IpNotInWhitelist',
    'ActionOffline',
    'InvalidAction',
    'NoSuchProduct',
    'NoSuchVersion',
    'UnsupportedOperation',
    'UnsupportedProtocol',
    'UnsupportedRegion',
    'DryRunOperation',
  ],
  rejected: [
    'InvalidParameter',
    'InvalidParameter.Ticket',
    'InvalidParameterValue',
    'InvalidParameterValue.Randstr',
    'MissingParameter',
    'UnknownParameter',
    'InvalidRequest',
    'RequestSizeLimitExceeded',
    'ResponseSizeLimitExceeded',
    'FailedOperation',
    'FailedOperation.Internal',
    'ResourceInUse',
    'ResourceInsufficient',
    'ResourceNotFound',
  ],
}

const nearMisses = [
  ...['InternalErrorX', 'XInternalError', 'internalerror', 'INTERNALERROR', ' InternalError', 'InternalError '],
  ...['Internal.Error', 'InternalErro', 'InternalServerErrors', 'ServiceUnavailableX', 'ResourceUnavailabl'],
  ...['LimitExceededX', 'XLimitExceeded', 'limitexceeded', 'requestlimitexceeded', 'requestLimitExceeded'],
  ...[
    'LimitExceeded.Quota',
    'ServiceUnavailable.Busy',
    'ResourceUnavailable.Ticket',
    'InternalServerError.Ticket',
    'IpInBlacklist.Ip',
  ],
  ...['authfailure', 'authFailure.TokenFailure', 'unauthorizedoperation', 'ipInBlacklist', 'InvalidActionX'],
  ...[
    '',
    '.',
    '*',
    'constructor',
    '__proto__',
    'toString',
    'InvalidParameter.InternalError',
    'FailedOperation.LimitExceeded',
  ],
]

describe('an API error code', () => {
  for (const [meaning, list] of Object.entries(codes)) {
    test.each(list)(`%s means ${meaning}`, (code) => {
      expect(apiErrorMeaning(code)).toBe(meaning)
    })
  }

  test.each(nearMisses)('%p, which only resembles a listed one, is rejected', (code) => {
    expect(apiErrorMeaning(code)).toBe('rejected')
  })

  test('that is unknown is rejected', () => {
    const listed = Object.values(codes).flat()
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (code) => {
        fc.pre(!listed.some((known) => code.startsWith(known)))
        expect(apiErrorMeaning(code)).toBe('rejected')
      }),
    )
  })
})
