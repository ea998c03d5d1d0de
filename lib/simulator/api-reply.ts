import type { CaptchaChannel } from '../types.js'
import type { TicketRecord } from './ticket-book.js'

/** What the API says, before a fault changes it. */
export type ApiReply =
  | {
      readonly kind: 'verdict'
      readonly fields: { readonly CaptchaCode: number; readonly CaptchaMsg: string } & Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'error'; readonly code: string; readonly message: string }

/** What a verdict says besides its code. */
export interface VerdictDetails {
  readonly record?: TicketRecord | undefined
  /** The request asked for `GetCaptchaTime`. */
  readonly needCaptchaTime?: boolean
}

const vendorDocuments = '，错误码说明请参见官网文档：https://cloud.tencent.com/document/product/1110/'
const pages: Readonly<Record<CaptchaChannel, number>> = { web: 36926, mini_program: 48499 }

const webMessages: Readonly<Record<number, string>> = {
  1: 'OK',
  6: 'user code len error',
  7: 'captcha no match 传入的 Randstr 不合法，请检查 Randstr 是否与前端返回的 Randstr 一致',
  8: 'ticket expired 传入的 Ticket 已过期（Ticket 有效期 5 分钟），请重新生成 Ticket、Randstr 进行校验',
  9: 'ticket reused 传入的 Ticket 被重复使用，请重新生成 Ticket、Randstr 进行校验',
  10: 'Sequnce invalid',
  11: 'Cookie invalid',
  12: 'sig len error',
  13: 'verify ip no match',
  15: 'decrypt fail 传入的 Ticket 不合法，请检查 Ticket 是否与前端返回的 Ticket 一致',
  16: 'appid-ticket mismatch 传入的 CaptchaAppId 错误，请检查 CaptchaAppId 是否与前端传入的 CaptchaAppId 一致',
  17: 'cmd no match',
  18: 'uin no match',
  19: 'seq redirect',
  20: 'opt no vcode',
  21: 'diff 票据校验异常，可能的原因是：若 Ticket 包含 trerror 前缀，一般是由于用户网络较差，前端自动容灾而生成了容灾票据，业务侧可根据需要进行跳过或二次处理；若 Ticket 不包含 trerror 前缀，则是由于验证码风控系统发现请求有安全风险，业务侧可根据需要进行拦截',
  22: 'captcha type not match',
  23: 'verify type error',
  24: 'invalid pkg',
  25: 'bad visitor',
  26: 'system busy 系统繁忙，请稍后重试',
  100: 'appid-secretkey-ticket mismatch 参数校验错误，请检查 CaptchaAppId、AppSecretKey、Ticket 是否匹配',
  104: 'Ticket Reuse',
}

const miniMessages: Readonly<Record<number, string>> = {
  1: 'OK',
  7: 'captcha no match CaptchaAppId 不匹配，请检查 CaptchaAppId 是否与前端传入的 CaptchaAppId 一致',
  8: 'ticket expired 传入的 Ticket 已过期（Ticket 有效期 5 分钟），请重新生成 Ticket 进行校验',
  9: 'ticket reused 传入的 Ticket 被重复使用，请重新生成 Ticket 进行校验',
  10: 'ticket format error 票据格式错误，请检查 Ticket 是否与前端返回的 Ticket 一致',
  15: 'decrypt fail 票据解密失败，请检查 Ticket 是否与前端返回的 Ticket 一致',
  16: 'captchaAppId format error CaptchaAppId 格式错误，请检查 CaptchaAppId',
  21: 'diff 票据错误或票据校验不一致，一般是由于用户网络较差，前端自动容灾而生成了容灾票据，业务侧可根据需要进行跳过或二次处理',
  25: 'invalid ticket 无效票据，请检查 Ticket 是否与前端返回的 Ticket 一致',
  26: 'system internal error 系统内部错误，请稍后重试',
  31: 'UnauthorizedOperation.Unauthorized 无有效套餐包或账户已欠费，请前往控制台处理',
  100: 'param err 参数校验错误，请检查请求参数',
}

/** Returns `CaptchaMsg` of a code: the short message and the vendor's long Chinese tail; null for an unknown code. */
export function captchaMessage(channel: CaptchaChannel, code: number): string | null {
  const message = (channel === 'web' ? webMessages : miniMessages)[code]
  if (message === undefined) return null
  return code === 1 ? message : `${message}${vendorDocuments}${pages[channel]}`
}

function webFields(code: number, { record, needCaptchaTime = false }: VerdictDetails): Record<string, unknown> {
  const mintedAtSeconds = record === undefined ? 0 : Math.floor(record.mintedAt / 1000)
  const fields = { EvilLevel: record?.evilLevel ?? 0, GetCaptchaTime: needCaptchaTime ? mintedAtSeconds : 0 }
  if (code === 26) return fields
  const score = record?.score ?? 0
  return { ...fields, EvilBitmap: null, SubmitCaptchaTime: mintedAtSeconds, DeviceRiskCategory: null, Score: score }
}

/** Returns a verdict with the fields that the action of the channel has. */
export function verdictReply(channel: CaptchaChannel, code: number, details: VerdictDetails = {}): ApiReply {
  const CaptchaMsg = captchaMessage(channel, code) ?? `unknown error ${code}${vendorDocuments}${pages[channel]}`
  return {
    kind: 'verdict',
    fields: { CaptchaCode: code, CaptchaMsg, ...(channel === 'web' ? webFields(code, details) : {}) },
  }
}

/** Returns an API 3.0 error. */
export function errorReply(code: string, message: string): ApiReply {
  return { kind: 'error', code, message }
}

/** Returns the short name of a reply for the call log. */
export function replyOutcome(reply: ApiReply): string {
  return reply.kind === 'verdict' ? `code:${reply.fields.CaptchaCode}` : `error:${reply.code}`
}

/** Returns the JSON body of a reply, in the vendor's envelope. */
export function replyBody(reply: ApiReply, requestId: string): Record<string, unknown> {
  if (reply.kind === 'error') {
    return { Response: { Error: { Code: reply.code, Message: reply.message }, RequestId: requestId } }
  }
  const body = { Response: { ...reply.fields, RequestId: requestId } }
  return reply.fields.CaptchaCode === 26 ? { ...body, retcode: 0, retmsg: 'ok' } : body
}
