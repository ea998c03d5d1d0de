/** What an API 3.0 error says: whose fault it is. */
export type ApiErrorMeaning = 'internal_error' | 'throttled' | 'misconfigured' | 'rejected'

interface ApiErrorRow {
  readonly meaning: Exclude<ApiErrorMeaning, 'rejected'>
  /** A code matches itself alone; with a star at its end it is a prefix. */
  readonly codes: readonly string[]
}

const rows: readonly ApiErrorRow[] = [
  {
    meaning: 'internal_error',
    codes: ['InternalError', 'InternalError.*', 'InternalServerError', 'ServiceUnavailable', 'ResourceUnavailable'],
  },
  { meaning: 'throttled', codes: ['RequestLimitExceeded*', 'LimitExceeded'] },
  {
    meaning: 'misconfigured',
    codes: [
      'AuthFailure*',
      'UnauthorizedOperation*',
      'IpInBlacklist',
      'IpNotInWhitelist',
      'ActionOffline',
      'InvalidAction',
      'NoSuchProduct',
      'NoSuchVersion',
      'UnsupportedOperation*',
      'UnsupportedProtocol',
      'UnsupportedRegion',
      'DryRunOperation',
    ],
  },
]

/**
 * Reads `Response.Error.Code`. Everything a caller's input can cause (`InvalidParameter*`, `MissingParameter`, …) and
 * everything unknown is `rejected`, a detail behind a listed code included: no parameter of an attacker's may lead to a degraded pass.
 */
export function apiErrorMeaning(errorCode: string): ApiErrorMeaning {
  const row = rows.find(({ codes }) => codes.some((code) => matches(errorCode, code)))
  return row?.meaning ?? 'rejected'
}

function matches(errorCode: string, code: string): boolean {
  if (code.endsWith('*')) return errorCode.startsWith(code.slice(0, -1))
  return errorCode === code
}
