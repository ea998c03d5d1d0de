import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { answerCall, type CaptchaService } from './answer-call.js'
import { type ApiRequest, headerText, jsonObject } from './api-request.js'
import type { CallEntry, CallLog } from './call-log.js'
import { ticketKind } from './fallback-ticket.js'
import type { FaultSchedule } from './fault-schedule.js'
import { readBody } from './read-body.js'
import { sendWireAnswer } from './send-wire-answer.js'
import type { TimerSet } from './timer-set.js'
import { type WireAnswer, wireAnswer } from './wire-answer.js'

export interface ApiHost {
  readonly service: CaptchaService
  readonly schedule: FaultSchedule
  readonly log: CallLog
  readonly timers: TimerSet
  readonly now: () => number
  readonly redirectTo: () => string
}

const MAX_REQUEST_BYTES = 10 * 1024 * 1024

function newEntry(request: ApiRequest, at: number): CallEntry {
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

function decide(host: ApiHost, request: ApiRequest, entry: CallEntry): WireAnswer {
  const fault = host.service.tickets.find(entry.ticket)?.fault ?? host.schedule.pick(entry.ticketKind)
  return wireAnswer(fault, {
    channel: entry.action === 'DescribeCaptchaMiniResult' ? 'mini_program' : 'web',
    requestId: randomUUID(),
    redirectTo: host.redirectTo(),
    answer: () => answerCall(request, host.service, entry.at),
  })
}

async function handle(host: ApiHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(message, MAX_REQUEST_BYTES)
  if (body === null || message.url === undefined || !/^\/(\?|$)/.test(message.url)) {
    response.writeHead(body === null ? 413 : 404, { 'content-type': 'text/plain' }).end()
    return
  }
  const request: ApiRequest = { method: message.method ?? '', url: message.url, headers: message.headers, body }
  const entry = host.log.add(newEntry(request, host.now()))
  const answer = decide(host, request, entry)
  entry.outcome = answer.outcome
  let endedHere = false
  response.once('close', () => {
    entry.aborted = !response.writableFinished && !endedHere
  })
  const traceId = headerText(request, 'x-tc-traceid')
  if (traceId !== '') response.setHeader('x-tc-traceid', traceId)
  sendWireAnswer(answer, response, host.timers, () => {
    endedHere = true
  })
}

/** The request listener of the API: reads, logs, decides, answers. */
export function serveApi(host: ApiHost): RequestListener {
  return (message, response) => {
    handle(host, message, response).catch(() => response.destroy())
  }
}
