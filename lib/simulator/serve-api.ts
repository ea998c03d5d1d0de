import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { answerCall, type CaptchaService, ticketKind } from './answer-call.js'
import { type ApiRequest, channelOfAction, headerText, jsonObject, readBody } from './api-request.js'
import type { CallLog, SimulatedCall } from './call-log.js'
import type { FaultSchedule } from './fault-schedule.js'
import { sendWireAnswer, type WireAnswer, wireAnswer } from './wire-answer.js'

/** What the API needs of the simulator. */
export interface ApiHost {
  readonly service: CaptchaService
  readonly schedule: FaultSchedule
  readonly log: CallLog
  readonly now: () => number
  /** Counts a call and tells whether it is one too many. */
  readonly isOverQuota: (nowMs: number) => boolean
  /** Returns the target of the `redirect` fault. */
  readonly redirectTo: () => string
}

const maxRequestBytes = 10 * 1024 * 1024

function newCall(request: ApiRequest, at: number): SimulatedCall {
  const { CaptchaAppId, UserIp, Ticket } = jsonObject(request.body) ?? {}
  const ticket = typeof Ticket === 'string' ? Ticket : ''
  return {
    at,
    action: headerText(request, 'x-tc-action'),
    ticketKind: ticketKind(ticket),
    captchaAppId: typeof CaptchaAppId === 'number' ? CaptchaAppId : null,
    userIp: typeof UserIp === 'string' ? UserIp : null,
    ticket,
    outcome: '',
    aborted: false,
  }
}

function decide(host: ApiHost, request: ApiRequest, call: SimulatedCall): WireAnswer {
  const fault = host.isOverQuota(call.at)
    ? 'request_limit_exceeded'
    : (host.service.tickets.find(call.ticket)?.fault ?? host.schedule.pick(call.ticketKind))
  return wireAnswer(fault, {
    channel: channelOfAction(call.action) ?? 'web',
    requestId: randomUUID(),
    redirectTo: host.redirectTo(),
    answer: () => answerCall(request, host.service, call.at),
  })
}

async function handle(host: ApiHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(message, maxRequestBytes)
  if (body === null || message.url === undefined || !/^\/(\?|$)/.test(message.url)) {
    response.writeHead(body === null ? 413 : 404, { 'content-type': 'text/plain' }).end()
    return
  }
  const request: ApiRequest = { method: message.method ?? '', url: message.url, headers: message.headers, body }
  const entry = host.log.add(newCall(request, host.now()))
  const answer = decide(host, request, entry)
  entry.outcome = answer.outcome
  const noteAbort = () => {
    entry.aborted = !response.writableFinished
  }
  response.once('close', noteAbort)
  const traceId = headerText(request, 'x-tc-traceid')
  if (traceId !== '') response.setHeader('x-tc-traceid', traceId)
  sendWireAnswer(answer, response, () => response.off('close', noteAbort))
}

/** Makes the request listener of the API, which reads, logs, decides and answers. */
export function serveApi(host: ApiHost): RequestListener {
  return (message, response) => {
    handle(host, message, response).catch(() => response.destroy())
  }
}
