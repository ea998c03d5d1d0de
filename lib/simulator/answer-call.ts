import { isIP } from 'node:net'
import { maxTicketLength, ticketClassifier } from '../tencent/classify-ticket.js'
import type { CaptchaChannel } from '../types.js'
import { type ApiReply, errorReply, verdictReply } from './api-reply.js'
import {
  type ApiRequest,
  channelOfAction,
  checkParameters,
  headerText,
  jsonObject,
  knownCaptchaType,
  type VerificationParameters,
} from './api-request.js'
import { checkSignature, type Keyring } from './check-signature.js'
import type { TicketBook, TicketKind, TicketRecord } from './ticket-book.js'

/** What an answer depends on besides the request. */
export interface CaptchaService {
  readonly captchaAppIds: Readonly<Record<CaptchaChannel, number>>
  readonly appSecretKey: string
  readonly keyring: Keyring
  readonly tickets: TicketBook
}

const apiVersion = '2019-07-22'
const ticketLifetimeMs = 5 * 60_000

/** The guard's own grammar of tickets. A mini-program ticket needs no randstr, so that only the form of the ticket counts. */
function classify(ticket: string, captchaAppId: number) {
  return ticketClassifier(captchaAppId)({ ticket: ticket.slice(0, maxTicketLength) }, 'mini_program').kind
}

/** Only the prefix decides: a ticket that starts with `terror` or `trerror` was made by a client, not by the vendor. */
export function ticketKind(ticket: string): TicketKind {
  return ['fallback', 'malformed'].includes(classify(ticket, 0)) ? 'fallback' : 'ordinary'
}

function fallbackCode(ticket: string, captchaAppId: number): number {
  return classify(ticket, captchaAppId) === 'fallback' ? 21 : 16
}

function ordinaryCode(
  parameters: VerificationParameters,
  channel: CaptchaChannel,
  record: TicketRecord | undefined,
  nowMs: number,
): number {
  if (record === undefined || record.channel !== channel) return 15
  if (record.captchaAppId !== parameters.captchaAppId) return channel === 'web' ? 16 : 7
  if (record.code !== null && record.code !== 1) return record.code
  if (nowMs - record.mintedAt >= ticketLifetimeMs) return 8
  if (record.spent) return 9
  if (channel === 'web' && record.randstr !== parameters.randstr) return 7
  return 1
}

function verify(
  { captchaAppIds, appSecretKey, tickets }: CaptchaService,
  channel: CaptchaChannel,
  parameters: VerificationParameters,
  nowMs: number,
): ApiReply {
  const { captchaType, captchaAppId, ticket, userIp, needCaptchaTime } = parameters
  if (captchaType !== knownCaptchaType || isIP(userIp) === 0) return verdictReply(channel, 15)
  if (captchaAppId !== captchaAppIds[channel] || parameters.appSecretKey !== appSecretKey) {
    return verdictReply(channel, 100)
  }
  if (ticketKind(ticket) === 'fallback') return verdictReply(channel, fallbackCode(ticket, captchaAppId))
  const record = tickets.find(ticket)
  const code = ordinaryCode(parameters, channel, record, nowMs)
  if (record !== undefined && code === 1) record.spent = true
  return verdictReply(channel, code, { record, needCaptchaTime })
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
  const refusal = checkSignature(request, service.keyring, nowMs)
  if (refusal !== null) return refusal
  if (version !== apiVersion) return errorReply('NoSuchVersion', `The version \`${version}\` does not exist.`)
  const channel = channelOfAction(action)
  if (channel === undefined) return errorReply('InvalidAction', `The action \`${action}\` does not exist.`)
  const body = jsonObject(request.body)
  if (body === null) return errorReply('InvalidParameter', 'The request body is not a JSON object.')
  const parameters = checkParameters(body, channel)
  return 'kind' in parameters ? parameters : verify(service, channel, parameters, nowMs)
}
