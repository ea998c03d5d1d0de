import { type ApiReply, errorReply } from './api-reply.js'
import type { TicketChannel } from './ticket-book.js'

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

interface Field {
  readonly type: 'integer' | 'string'
  readonly required: boolean
}

const required = (type: Field['type']): Field => ({ type, required: true })
const optional = (type: Field['type']): Field => ({ type, required: false })

const miniFields: Readonly<Record<string, Field>> = {
  CaptchaType: required('integer'),
  Ticket: required('string'),
  UserIp: required('string'),
  CaptchaAppId: required('integer'),
  AppSecretKey: required('string'),
  BusinessId: optional('integer'),
  SceneId: optional('integer'),
  MacAddress: optional('string'),
  Imei: optional('string'),
}

const webFields: Readonly<Record<string, Field>> = {
  ...miniFields,
  Randstr: required('string'),
  NeedGetCaptchaTime: optional('integer'),
}

function hasType(value: unknown, type: Field['type']): boolean {
  return type === 'integer' ? Number.isSafeInteger(value) : typeof value === 'string'
}

function findFault(body: Record<string, unknown>, fields: Readonly<Record<string, Field>>): ApiReply | null {
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(fields, name)) {
      return errorReply('UnknownParameter', `The parameter \`${name}\` is not recognized.`)
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (value === undefined || value === null) {
      if (field.required) {
        return errorReply('MissingParameter', `The request is missing a required parameter \`${name}\`.`)
      }
    } else if (!hasType(value, field.type)) {
      return errorReply(
        'InvalidParameter',
        `The value type of parameter \`${name}\` is not valid: expected ${field.type}.`,
      )
    }
  }
  return null
}

/** Checks presence and type of the request fields of an action; the values are the verdict's business. */
export function checkParameters(
  body: Record<string, unknown>,
  channel: TicketChannel,
): ApiReply | VerificationParameters {
  const fault = findFault(body, channel === 'web' ? webFields : miniFields)
  if (fault !== null) return fault
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
