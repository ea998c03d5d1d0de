import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { apiRequest } from '../tencent/verify-call.js'
import type { CaptchaChannel } from '../types.js'
import { type ApiReply, errorReply } from './api-reply.js'

/** One HTTP request to the API, read to its end. */
export interface ApiRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The request fields that decide a verdict. */
export interface VerificationParameters {
  readonly captchaType: number
  readonly ticket: string
  readonly userIp: string
  readonly randstr: string
  readonly captchaAppId: number
  readonly appSecretKey: string
  readonly needCaptchaTime: boolean
}

const channels: readonly CaptchaChannel[] = ['web', 'mini_program']

/** The request of the guard holds the vendor's constants: the action names and `CaptchaType`. */
function requestOf(channel: CaptchaChannel) {
  return apiRequest({ channel, ticket: '', randstr: '', userIp: '' }, 0, '')
}

/** The only `CaptchaType` that the vendor still verifies. */
export const knownCaptchaType = requestOf('web').params.CaptchaType

/** Returns the channel that an action verifies tickets of; undefined for an unknown action. */
export function channelOfAction(action: string): CaptchaChannel | undefined {
  return channels.find((channel) => requestOf(channel).action === action)
}

/** Returns a header as one line; an absent header is empty. */
export function headerText(request: ApiRequest, name: string): string {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** Returns the whole body, or null when it is larger than `limitBytes`. Rejects when the client disconnects. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= limitBytes) chunks.push(chunk)
  }
  return length <= limitBytes ? Buffer.concat(chunks) : null
}

/** Returns the body as a JSON object, or null when it is anything else. */
export function jsonObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

interface Field {
  readonly type: 'integer' | 'string'
  readonly required: boolean
}

const miniFields: Readonly<Record<string, Field>> = {
  CaptchaType: { type: 'integer', required: true },
  Ticket: { type: 'string', required: true },
  UserIp: { type: 'string', required: true },
  CaptchaAppId: { type: 'integer', required: true },
  AppSecretKey: { type: 'string', required: true },
  BusinessId: { type: 'integer', required: false },
  SceneId: { type: 'integer', required: false },
  MacAddress: { type: 'string', required: false },
  Imei: { type: 'string', required: false },
}

const webFields: Readonly<Record<string, Field>> = {
  ...miniFields,
  Randstr: { type: 'string', required: true },
  NeedGetCaptchaTime: { type: 'integer', required: false },
}

function hasType(value: unknown, type: Field['type']): boolean {
  return type === 'integer' ? Number.isSafeInteger(value) : typeof value === 'string'
}

function findFieldError(body: Record<string, unknown>, fields: Readonly<Record<string, Field>>): ApiReply | null {
  const unknown = Object.keys(body).find((name) => !Object.hasOwn(fields, name))
  if (unknown !== undefined) {
    return errorReply('UnknownParameter', `The parameter \`${unknown}\` is not recognized.`)
  }
  for (const [name, { type, required }] of Object.entries(fields)) {
    const value = Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined
    if (value === undefined && required) {
      return errorReply('MissingParameter', `The request is missing a required parameter \`${name}\`.`)
    }
    if (value !== undefined && !hasType(value, type)) {
      return errorReply('InvalidParameter', `The value type of parameter \`${name}\` is not valid: expected ${type}.`)
    }
  }
  return null
}

/** Checks presence and type of the fields of a request, not their values. Returns an error reply for the first wrong field. */
export function checkParameters(
  body: Record<string, unknown>,
  channel: CaptchaChannel,
): ApiReply | VerificationParameters {
  const error = findFieldError(body, channel === 'web' ? webFields : miniFields)
  if (error !== null) return error
  return {
    captchaType: Number(body.CaptchaType),
    ticket: String(body.Ticket),
    userIp: String(body.UserIp),
    randstr: String(body.Randstr ?? ''),
    captchaAppId: Number(body.CaptchaAppId),
    appSecretKey: String(body.AppSecretKey),
    needCaptchaTime: body.NeedGetCaptchaTime === 1,
  }
}
