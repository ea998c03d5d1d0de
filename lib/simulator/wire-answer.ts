import type { ApiFault } from './api-fault.js'
import { type ApiReply, errorReply, replyBody, replyOutcome } from './api-reply.js'
import type { TicketChannel } from './ticket-book.js'
import { verdictReply } from './verdict-reply.js'

/** What goes over the wire in answer to one call. */
export type WireAnswer = { readonly outcome: string } & (
  | {
      readonly kind: 'respond'
      readonly delayMs: number
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  | { readonly kind: 'hang' }
  | { readonly kind: 'part_of_body'; readonly body: string; readonly then: 'hang' | 'cut' }
  | { readonly kind: 'reset' }
)

export interface CallContext {
  readonly channel: TicketChannel
  readonly requestId: string
  /** Where the `redirect` fault points. */
  readonly redirectTo: string
  /** The healthy answer; asking for it spends the ticket. */
  answer(): ApiReply
}

const JSON_TYPE = 'application/json'
const DEFAULT_DELAY_MS = 1900
const OVERSIZED_BYTES = 1024 * 1024

const INTERNAL_ERROR_MESSAGE =
  'An internal error has occurred. Retry your request, but if the problem persists, contact us.'

const statusTexts = { 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable' } as const
type HttpStatus = keyof typeof statusTexts

function respond(outcome: string, contentType: string, body: string, status = 200, delayMs = 0): WireAnswer {
  return { kind: 'respond', outcome, delayMs, status, headers: { 'content-type': contentType }, body }
}

function respondReply(reply: ApiReply, context: CallContext, delayMs = 0): WireAnswer {
  const body = JSON.stringify(replyBody(reply, context.requestId))
  return respond(replyOutcome(reply), JSON_TYPE, body, 200, delayMs)
}

function answerText(context: CallContext): string {
  return JSON.stringify(replyBody(context.answer(), context.requestId))
}

function htmlError(outcome: string, status: HttpStatus): WireAnswer {
  const title = `${status} ${statusTexts[status]}`
  const page = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  return respond(outcome, 'text/html', page, status)
}

function jsonError(outcome: string, status: HttpStatus, context: CallContext): WireAnswer {
  const reply = errorReply('InternalError', INTERNAL_ERROR_MESSAGE)
  return respond(outcome, JSON_TYPE, JSON.stringify(replyBody(reply, context.requestId)), status)
}

function withStringCode(context: CallContext): WireAnswer {
  const reply = context.answer()
  if (reply.kind === 'error') return respondReply(reply, context)
  const { CaptchaCode, ...fields } = reply.fields
  const body = { Response: { CaptchaCode: String(CaptchaCode), ...fields, RequestId: context.requestId } }
  return respond('fault:string_code', JSON_TYPE, JSON.stringify(body))
}

function oversized(context: CallContext): WireAnswer {
  const body = { ...replyBody(context.answer(), context.requestId), padding: 'x'.repeat(OVERSIZED_BYTES) }
  return respond('fault:oversized', JSON_TYPE, JSON.stringify(body))
}

function redirect(context: CallContext): WireAnswer {
  return {
    kind: 'respond',
    outcome: 'fault:redirect',
    delayMs: 0,
    status: 302,
    headers: { location: context.redirectTo, 'content-type': 'text/plain' },
    body: 'Found',
  }
}

function partOfBody(outcome: string, context: CallContext, then: 'hang' | 'cut'): WireAnswer {
  return { kind: 'part_of_body', outcome, body: answerText(context), then }
}

function objectFault(fault: Exclude<ApiFault, string>, context: CallContext): WireAnswer {
  switch (fault.kind) {
    case 'slow':
      return respondReply(context.answer(), context, fault.delayMs)
    case 'captcha_code':
      return respondReply(verdictReply(context.channel, fault.code), context)
    case 'api_error':
      return respondReply(errorReply(fault.code, fault.message ?? `Simulated ${fault.code}.`), context)
  }
}

function apiError(code: string, message: string, context: CallContext): WireAnswer {
  return respondReply(errorReply(code, message), context)
}

/** Turns the healthy answer and the fault that hits the call into what goes over the wire. */
export function wireAnswer(fault: ApiFault | null, context: CallContext): WireAnswer {
  if (fault === null) return respondReply(context.answer(), context)
  if (typeof fault === 'object') return objectFault(fault, context)
  const outcome = `fault:${fault}`
  switch (fault) {
    case 'hang':
      return { kind: 'hang', outcome }
    case 'hang_body':
      return partOfBody(outcome, context, 'hang')
    case 'cut_body':
      return partOfBody(outcome, context, 'cut')
    case 'slow':
      return respondReply(context.answer(), context, DEFAULT_DELAY_MS)
    case 'reset':
    case 'refuse':
      return { kind: 'reset', outcome }
    case 'http_500_html':
      return htmlError(outcome, 500)
    case 'http_502_html':
      return htmlError(outcome, 502)
    case 'http_503_html':
      return htmlError(outcome, 503)
    case 'http_500_json':
      return jsonError(outcome, 500, context)
    case 'http_502_json':
      return jsonError(outcome, 502, context)
    case 'http_503_json':
      return jsonError(outcome, 503, context)
    case 'redirect':
      return redirect(context)
    case 'truncated_json': {
      const text = answerText(context)
      return respond(outcome, JSON_TYPE, text.slice(0, Math.floor(text.length / 2)))
    }
    case 'not_json':
      return respond(outcome, 'text/html', '<!doctype html><title>Welcome</title><p>Please sign in to the network.</p>')
    case 'empty_object':
      return respond(outcome, JSON_TYPE, '{}')
    case 'null_response':
      return respond(outcome, JSON_TYPE, '{"Response":null}')
    case 'string_code':
      return withStringCode(context)
    case 'event_stream':
      return respond(outcome, 'text/event-stream', `data: ${answerText(context)}\n\n`)
    case 'oversized':
      return oversized(context)
    case 'internal_error':
      return apiError('InternalError', INTERNAL_ERROR_MESSAGE, context)
    case 'internal_server_error':
      return apiError('InternalServerError', INTERNAL_ERROR_MESSAGE, context)
    case 'system_busy':
      return respondReply(verdictReply(context.channel, 26), context)
    case 'request_limit_exceeded':
      return apiError(
        'RequestLimitExceeded',
        'Your current request times equals to `1000` in a second, which exceeds the frequency limit.',
        context,
      )
    case 'auth_failure':
      return apiError(
        'AuthFailure.SignatureFailure',
        'The provided credentials could not be validated. Please check your signature is correct.',
        context,
      )
    case 'unauthorized_operation':
      return apiError(
        'UnauthorizedOperation.Unauthorized',
        'No permission: no valid package, or the account is overdue.',
        context,
      )
  }
}
