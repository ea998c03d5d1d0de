/** What the API says, before any fault touches it. */
export type ApiReply =
  | {
      readonly kind: 'verdict'
      readonly fields: { readonly CaptchaCode: number; readonly CaptchaMsg: string } & Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'error'; readonly code: string; readonly message: string }

export function errorReply(code: string, message: string): ApiReply {
  return { kind: 'error', code, message }
}

/** Short name of a reply for the call log. */
export function replyOutcome(reply: ApiReply): string {
  return reply.kind === 'verdict' ? `code:${reply.fields.CaptchaCode}` : `error:${reply.code}`
}

/** The JSON body of a reply, in the vendor's envelope. */
export function replyBody(reply: ApiReply, requestId: string): Record<string, unknown> {
  if (reply.kind === 'error') {
    return { Response: { Error: { Code: reply.code, Message: reply.message }, RequestId: requestId } }
  }
  const body = { Response: { ...reply.fields, RequestId: requestId } }
  return reply.fields.CaptchaCode === 26 ? { ...body, retcode: 0, retmsg: 'ok' } : body
}
