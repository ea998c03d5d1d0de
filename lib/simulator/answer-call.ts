import { isIP } from 'node:net'
import { type ApiReply, errorReply } from './api-reply.js'
import { type ApiRequest, headerText, jsonObject } from './api-request.js'
import { checkParameters, type VerificationParameters } from './check-parameters.js'
import { checkSignature, type SimulatorCredential } from './check-signature.js'
import { fallbackTicketNamesApp, ticketKind } from './fallback-ticket.js'
import type { TicketBook, TicketChannel, TicketRecord } from './ticket-book.js'
import { verdictReply } from './verdict-reply.js'

/** What an answer depends on besides the request. */
export interface CaptchaService {
  readonly captchaAppIds: Readonly<Record<TicketChannel, number>>
  readonly appSecretKey: string
  readonly credential: SimulatorCredential
  readonly tickets: TicketBook
}

const VERSION = '2019-07-22'
const TICKET_LIFETIME_MS = 5 * 60_000
const CAPTCHA_TYPE = 9

const actionChannels: Readonly<Record<string, TicketChannel>> = {
  DescribeCaptchaResult: 'web',
  DescribeCaptchaMiniResult: 'mini_program',
}

function isReply(value: ApiReply | VerificationParameters): value is ApiReply {
  return 'kind' in value
}

function fallbackCode(ticket: string, captchaAppId: number): number {
  return fallbackTicketNamesApp(ticket, captchaAppId) ? 21 : 16
}

function ordinaryCode(
  parameters: VerificationParameters,
  channel: TicketChannel,
  record: TicketRecord | undefined,
  nowMs: number,
): number {
  if (record === undefined || record.channel !== channel) return 15
  if (record.captchaAppId !== parameters.captchaAppId) return channel === 'web' ? 16 : 7
  if (record.code !== null && record.code !== 1) return record.code
  if (nowMs - record.mintedAt >= TICKET_LIFETIME_MS) return 8
  if (record.spent) return 9
  if (channel === 'web' && record.randstr !== parameters.randstr) return 7
  return 1
}

function verify(
  service: CaptchaService,
  channel: TicketChannel,
  parameters: VerificationParameters,
  nowMs: number,
): ApiReply {
  if (parameters.captchaType !== CAPTCHA_TYPE || isIP(parameters.userIp) === 0) return verdictReply(channel, 15)
  const ours =
    parameters.captchaAppId === service.captchaAppIds[channel] && parameters.appSecretKey === service.appSecretKey
  if (!ours) return verdictReply(channel, 100)
  if (ticketKind(parameters.ticket) === 'fallback') {
    return verdictReply(channel, fallbackCode(parameters.ticket, parameters.captchaAppId))
  }
  const record = service.tickets.find(parameters.ticket)
  const code = ordinaryCode(parameters, channel, record, nowMs)
  if (record !== undefined && code === 1) record.spent = true
  return verdictReply(channel, code, { record, needCaptchaTime: parameters.needCaptchaTime })
}

/** Answers one API 3.0 request as a healthy service does; the only effect is that a passed ticket is spent. */
export function answerCall(request: ApiRequest, service: CaptchaService, nowMs: number): ApiReply {
  if (request.method !== 'POST') {
    return errorReply('UnsupportedProtocol', 'The simulator answers POST with a JSON body only.')
  }
  const action = headerText(request, 'x-tc-action')
  const version = headerText(request, 'x-tc-version')
  if (action === '') return errorReply('MissingParameter', 'The request header `X-TC-Action` is missing.')
  if (version === '') return errorReply('MissingParameter', 'The request header `X-TC-Version` is missing.')
  const refusal = checkSignature(request, service.credential, nowMs)
  if (refusal !== null) return refusal
  if (version !== VERSION) return errorReply('NoSuchVersion', `The version \`${version}\` does not exist.`)
  const channel = Object.hasOwn(actionChannels, action) ? actionChannels[action] : undefined
  if (channel === undefined) return errorReply('InvalidAction', `The action \`${action}\` does not exist.`)
  const body = jsonObject(request.body)
  if (body === null) return errorReply('InvalidParameter', 'The request body is not a JSON object.')
  const parameters = checkParameters(body, channel)
  return isReply(parameters) ? parameters : verify(service, channel, parameters, nowMs)
}
