import type { ApiReply } from './api-reply.js'
import { captchaMessage } from './captcha-messages.js'
import type { TicketChannel, TicketRecord } from './ticket-book.js'

export interface VerdictDetails {
  readonly record?: TicketRecord | undefined
  /** The request asked for `GetCaptchaTime`. */
  readonly needCaptchaTime?: boolean
}

function webFields(code: number, { record, needCaptchaTime = false }: VerdictDetails): Record<string, unknown> {
  const mintedAt = record === undefined ? 0 : Math.floor(record.mintedAt / 1000)
  const fields = {
    EvilLevel: record?.evilLevel ?? 0,
    GetCaptchaTime: needCaptchaTime ? mintedAt : 0,
  }
  if (code === 26) return fields
  return {
    ...fields,
    EvilBitmap: null,
    SubmitCaptchaTime: mintedAt,
    DeviceRiskCategory: null,
    Score: record?.score ?? 0,
  }
}

/** A verdict with the fields that the action of the channel has. */
export function verdictReply(channel: TicketChannel, code: number, details: VerdictDetails = {}): ApiReply {
  return {
    kind: 'verdict',
    fields: {
      CaptchaCode: code,
      CaptchaMsg: captchaMessage(channel, code),
      ...(channel === 'web' ? webFields(code, details) : {}),
    },
  }
}
