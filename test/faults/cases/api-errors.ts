import { failsAtOnce, noEvidence, refused } from '../expectations.js'
import type { Expected, FaultCase, FaultSection, Text } from '../fault-case.js'
import { answeredWithBody as body } from './answered-with-body.js'

const api = (id: string, fault: Text, response: object, expected: Expected): FaultCase =>
  body(
    id,
    fault,
    { en: 'Answers so to everything', zh: '对一切请求均如此应答' },
    JSON.stringify({ Response: response }),
    expected,
  )

const apiError = (code: string, expected: Expected): FaultCase =>
  api(
    `error-${code}`,
    { en: `\`${code}\``, zh: `\`${code}\`` },
    { Error: { Code: code, Message: 'no' }, RequestId: 'r' },
    expected,
  )

/** Errors that the API itself answers. */
export const apiErrors: FaultSection = {
  title: { en: 'What Tencent itself says', zh: '腾讯自身的应答' },
  intro: {
    en: 'Clock, keys and permissions are in the next section.',
    zh: '时钟、密钥与权限见下一节。',
  },
  cases: [
    apiError('InternalError', failsAtOnce('internal_error')),
    apiError('ServiceUnavailable', failsAtOnce('internal_error')),
    api(
      'code-26',
      { en: '`CaptchaCode` 26, system busy', zh: '`CaptchaCode` 26，系统繁忙' },
      { CaptchaCode: 26, CaptchaMsg: 'system busy', RequestId: 'r' },
      failsAtOnce('system_busy'),
    ),
    // A flood can cause it: no evidence.
    apiError('RequestLimitExceeded', noEvidence('throttled')),
    apiError('InvalidParameter', refused('rejected')),
    api(
      'code-9',
      { en: '`CaptchaCode` 9 to a ticket that was sent once', zh: '只发送过一次的票据返回 `CaptchaCode` 9' },
      { CaptchaCode: 9, CaptchaMsg: 'ticket reused', RequestId: 'r' },
      refused('ticket_reused'),
    ),
  ],
}
