import type { ServerResponse } from 'node:http'
import type { CaptchaChannel } from '../types.js'
import { type ApiReply, errorReply, replyBody, replyOutcome, verdictReply } from './api-reply.js'
import type { ApiFault, ApiFaultName } from './faults.js'

/** What is sent in answer to one call. */
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

/** What an answer depends on besides the fault. */
export interface CallContext {
  readonly channel: CaptchaChannel
  readonly requestId: string
  /** Target of the `redirect` fault. */
  readonly redirectTo: string
  /** Returns the healthy answer; each call spends the ticket. */
  answer(): ApiReply
}

type Answer = (context: CallContext, outcome: string) => WireAnswer

const json = 'application/json'
const defaultDelayMs = 1900
const oversizedBytes = 1024 * 1024
const internalErrorMessage =
  'An internal error has occurred. Retry your request, but if the problem persists, contact us.'

const statusTexts = { 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable' } as const
type HttpStatus = keyof typeof statusTexts

function respond(outcome: string, contentType: string, body: string, status = 200, delayMs = 0): WireAnswer {
  return { kind: 'respond', outcome, delayMs, status, headers: { 'content-type': contentType }, body }
}

function replyText(reply: ApiReply, { requestId }: CallContext): string {
  return JSON.stringify(replyBody(reply, requestId))
}

function answerText(context: CallContext): string {
  return replyText(context.answer(), context)
}

function firstHalf(text: string): string {
  return text.slice(0, Math.floor(text.length / 2))
}

function respondReply(reply: ApiReply, context: CallContext, delayMs = 0): WireAnswer {
  return respond(replyOutcome(reply), json, replyText(reply, context), 200, delayMs)
}

function apiError(code: string, message: string): Answer {
  return (context) => respondReply(errorReply(code, message), context)
}

function fixedBody(contentType: string, body: string): Answer {
  return (_context, outcome) => respond(outcome, contentType, body)
}

function htmlError(status: HttpStatus): Answer {
  const title = `${status} ${statusTexts[status]}`
  const page = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  return (_context, outcome) => respond(outcome, 'text/html', page, status)
}

function jsonError(status: HttpStatus): Answer {
  const reply = errorReply('InternalError', internalErrorMessage)
  return (context, outcome) => respond(outcome, json, replyText(reply, context), status)
}

function partOfBody(then: 'hang' | 'cut'): Answer {
  return (context, outcome) => ({ kind: 'part_of_body', outcome, body: answerText(context), then })
}

function redirect({ redirectTo }: CallContext, outcome: string): WireAnswer {
  const headers = { location: redirectTo, 'content-type': 'text/plain' }
  return { kind: 'respond', outcome, delayMs: 0, status: 302, headers, body: 'Found' }
}

function withStringCode(context: CallContext, outcome: string): WireAnswer {
  const reply = context.answer()
  if (reply.kind === 'error') return respondReply(reply, context)
  const { CaptchaCode, ...fields } = reply.fields
  const body = { Response: { CaptchaCode: String(CaptchaCode), ...fields, RequestId: context.requestId } }
  return respond(outcome, json, JSON.stringify(body))
}

function oversized(context: CallContext, outcome: string): WireAnswer {
  const body = { ...replyBody(context.answer(), context.requestId), padding: 'x'.repeat(oversizedBytes) }
  return respond(outcome, json, JSON.stringify(body))
}

const answers: Readonly<Record<ApiFaultName, Answer>> = {
  hang: (_context, outcome) => ({ kind: 'hang', outcome }),
  hang_body: partOfBody('hang'),
  cut_body: partOfBody('cut'),
  slow: (context) => respondReply(context.answer(), context, defaultDelayMs),
  reset: (_context, outcome) => ({ kind: 'reset', outcome }),
  // Calls that arrive before the port is closed.
  refuse: (_context, outcome) => ({ kind: 'reset', outcome }),
  http_500_html: htmlError(500),
  http_502_html: htmlError(502),
  http_503_html: htmlError(503),
  http_500_json: jsonError(500),
  http_502_json: jsonError(502),
  http_503_json: jsonError(503),
  redirect,
  truncated_json: (context, outcome) => respond(outcome, json, firstHalf(answerText(context))),
  not_json: fixedBody('text/html', '<!doctype html><title>Welcome</title><p>Please sign in to the network.</p>'),
  empty_object: fixedBody(json, '{}'),
  null_response: fixedBody(json, '{"Response":null}'),
  string_code: withStringCode,
  event_stream: (context, outcome) => respond(outcome, 'text/event-stream', `data: ${answerText(context)}\n\n`),
  oversized,
  internal_error: apiError('InternalError', internalErrorMessage),
  internal_server_error: apiError('InternalServerError', internalErrorMessage),
  system_busy: (context) => respondReply(verdictReply(context.channel, 26), context),
  request_limit_exceeded: apiError(
    'RequestLimitExceeded',
    'Your current request times equals to `1000` in a second, which exceeds the frequency limit.',
  ),
  auth_failure: apiError(
    'AuthFailure.SignatureFailure',
    'The provided credentials could not be validated. Please check your signature is correct.',
  ),
  unauthorized_operation: apiError(
    'UnauthorizedOperation.Unauthorized',
    'No permission: no valid package, or the account is overdue.',
  ),
}

/** Returns what is sent for a call that a fault hits; `null` is the healthy answer. */
export function wireAnswer(fault: ApiFault | null, context: CallContext): WireAnswer {
  if (fault === null) return respondReply(context.answer(), context)
  if (typeof fault === 'string') return answers[fault](context, `fault:${fault}`)
  switch (fault.kind) {
    case 'slow':
      return respondReply(context.answer(), context, fault.delayMs)
    case 'captcha_code':
      return respondReply(verdictReply(context.channel, fault.code), context)
    case 'api_error':
      return respondReply(errorReply(fault.code, fault.message ?? `Simulated ${fault.code}.`), context)
  }
}

/** Sends an answer. `broken` is called before the simulator itself breaks the connection. */
export function sendWireAnswer(answer: WireAnswer, response: ServerResponse, broken: () => void): void {
  switch (answer.kind) {
    case 'hang':
      return
    case 'reset':
      broken()
      response.socket?.resetAndDestroy()
      return
    case 'part_of_body':
      response.writeHead(200, { 'content-type': json })
      response.write(firstHalf(answer.body), () => {
        if (answer.then === 'hang') return
        broken()
        response.socket?.destroy()
      })
      return
    case 'respond':
      return sendAfter(answer.delayMs, response, () => {
        response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
        response.end(answer.body)
      })
  }
}

function sendAfter(delayMs: number, response: ServerResponse, send: () => void): void {
  if (delayMs === 0) return send()
  const timer = setTimeout(send, delayMs).unref()
  response.once('close', () => clearTimeout(timer))
}
