import fc from 'fast-check'
import { hostileText, hostileValue, secretMark } from './hostile-values.js'

/** What Tencent, or what stands in its way, does with one call. */
export type TencentAct =
  | { readonly kind: 'answers'; readonly response: unknown; readonly afterMs: number }
  | { readonly kind: 'throws'; readonly error: unknown; readonly afterMs: number }
  | { readonly kind: 'hangs' }

const code = fc.oneof(
  fc.constantFrom<unknown>(1, 6, 7, 8, 9, 10, 15, 16, 21, 25, 26, 31, 99, 100),
  hostileValue,
  fc.constantFrom<unknown>('1', [1], true, 1.5, -1, { valueOf: () => 1 }),
)
const evilLevel = fc.oneof(
  { weight: 5, arbitrary: fc.constant<unknown>(undefined) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      0,
      50,
      99,
      100,
      101,
      '100',
      '99',
      null,
      '',
      'x',
      Number.POSITIVE_INFINITY,
      -1,
      '0x64',
      [100],
    ),
  },
  { weight: 1, arbitrary: hostileValue },
)

const errorCodes = [
  'InternalError',
  'InternalError.Timeout',
  'ServiceUnavailable',
  'RequestLimitExceeded',
  'RequestLimitExceeded.UinLimitExceeded',
  'LimitExceeded',
  'AuthFailure.SecretIdNotFound',
  'AuthFailure.SignatureExpire',
  'UnauthorizedOperation.ErrAuth',
  'InvalidParameter',
  'InvalidParameterValue.Ticket',
  'MissingParameter',
  'InternalErrors',
  'internalerror',
] as const
const errorCode = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...errorCodes) },
  { weight: 1, arbitrary: hostileValue },
)
const error = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ Code: errorCode, Message: fc.constant(`no ${secretMark}`) }, { requiredKeys: [] }),
  },
  { weight: 1, arbitrary: hostileValue },
)

/** The inside of `Response`, from sound to anything. */
export const responseObject: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 14, arbitrary: fc.constant<unknown>({ CaptchaCode: 1, CaptchaMsg: 'OK', EvilLevel: 0, RequestId: 'r-1' }) },
  {
    weight: 8,
    arbitrary: fc.record<Record<string, unknown>>(
      {
        CaptchaCode: code,
        CaptchaMsg: hostileValue,
        EvilLevel: evilLevel,
        Score: hostileValue,
        RequestId: hostileValue,
        DeviceRiskCategory: hostileValue,
        EvilBitmap: hostileValue,
        GetCaptchaTime: hostileValue,
        SubmitCaptchaTime: hostileValue,
      },
      { requiredKeys: ['CaptchaCode'] },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record<Record<string, unknown>>({ Error: error, CaptchaCode: code }, { requiredKeys: ['Error'] }),
  },
  { weight: 1, arbitrary: hostileValue },
)

const milliseconds = fc.constantFrom(0, 1, 30, 400, 1999, 2000, 2001, 5000)

/** What an SDK client throws: its own exceptions, Node's, those of `fetch`, and what is none of these. */
export const thrownBySdk: fc.Arbitrary<unknown> = fc.oneof(
  errorCode.map((thrown) =>
    Object.assign(new Error(`quotes ${secretMark}`), { code: thrown, requestId: 'r-2', traceId: 'r-2' }),
  ),
  fc
    .constantFrom('ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EMFILE', 'EADDRNOTAVAIL', 'CERT_HAS_EXPIRED', 'EPROTO')
    .map((thrown) => Object.assign(new Error(`request to https://x failed, reason: ${thrown}`), { code: thrown })),
  fc.constantFrom(400, 403, 404, 500, 502).map((httpCode) => Object.assign(new Error('status'), { httpCode })),
  fc
    .constantFrom('fetch failed', 'terminated')
    .map((message) => new TypeError(message, { cause: new Error('ECONNRESET') })),
  fc.constantFrom('body-timeout', 'invalid-json', 'system').map((type) => Object.assign(new Error('fetch'), { type })),
)

/** The act for one ticket. Most answer; some are none of Tencent's. */
export const tencentAct: fc.Arbitrary<TencentAct> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('answers' as const), response: responseObject, afterMs: milliseconds }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('throws' as const), error: thrownBySdk, afterMs: milliseconds }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'hangs' as const }) },
)

/**
 * Whether a response verifies a ticket: the vendor's rule, written down once more by hand. Everything that is not plainly "yes" is
 * not a verification.
 */
export function isVerification(response: unknown): boolean {
  if (typeof response !== 'object' || response === null || Array.isArray(response)) return false
  const { CaptchaCode, EvilLevel, Error: failure } = response as Record<string, unknown>
  if (CaptchaCode !== 1 || (failure !== undefined && failure !== null)) return false
  if (EvilLevel === undefined || EvilLevel === null || EvilLevel === '') return true
  if (typeof EvilLevel === 'number') return EvilLevel < 100
  return typeof EvilLevel === 'string' && EvilLevel.trim() !== '' && Number(EvilLevel) < 100
}

/** Bytes on the wire that a parser may meet: JSON that is whole, cut, doubled or none. */
export const wireBody: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: responseObject.map((response) => jsonOf({ Response: response })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(responseObject, fc.nat(60))
      .map(([response, cut]) => jsonOf({ Response: response }).slice(0, cut)),
  },
  { weight: 1, arbitrary: responseObject.map((response) => `${jsonOf({ Response: response })}${jsonOf({})}`) },
  { weight: 1, arbitrary: responseObject.map((response) => jsonOf(response)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: hostileText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"Response":{"CaptchaCode":0,"CaptchaCode":1}}',
      '{"Response":{"CaptchaCode":1},"Response":{"CaptchaCode":15}}',
      '{"Response":[{"CaptchaCode":1}]}',
      '{"Response":{"__proto__":{"CaptchaCode":1}}}',
      '{"__proto__":{"Response":{"CaptchaCode":1}}}',
      'CaptchaCode=1',
      `<html>echo ${secretMark}</html>`,
      `{"Ticket":"${secretMark}","AppSecretKey":"${secretMark}"}`,
      '\ufeff{"Response":{"CaptchaCode":1}}',
    ),
  },
)

function jsonOf(value: unknown): string {
  return (
    JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? String(member) : member)) ?? 'null'
  )
}

/** The same judgement about a body that came over the wire. */
export function isVerificationBody(body: string): boolean {
  try {
    const parsed: unknown = JSON.parse(body)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject && isVerification((parsed as { Response?: unknown }).Response)
  } catch {
    return false
  }
}
