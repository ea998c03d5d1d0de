import { type ApiFault, type ApiFaultName, type ApiFaultOptions, apiFaults } from './api-fault.js'
import { type ScriptFault, type ScriptFaultName, scriptFaults } from './script-fault.js'

const MAX_DELAY_MS = 600_000

function fail(what: string, value: unknown, expected: string): never {
  throw new TypeError(`${what} is ${JSON.stringify(value) ?? String(value)}; expected ${expected}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function rejectUnknownKeys(what: string, value: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) fail(`a key of ${what}`, key, `one of ${known.join(', ')}`)
  }
}

const apiFaultShapes = `one of ${apiFaults.join(', ')}, {"kind":"api_error","code":"…","message":"…"}, {"kind":"captcha_code","code":1} or {"kind":"slow","delayMs":500}`

function parseApiFaultObject(value: Record<string, unknown>): ApiFault {
  switch (value.kind) {
    case 'slow': {
      rejectUnknownKeys('the API fault', value, ['kind', 'delayMs'])
      const { delayMs } = value
      if (!isIntegerWithin(delayMs, 0, MAX_DELAY_MS)) fail('delayMs', delayMs, `an integer from 0 to ${MAX_DELAY_MS}`)
      return { kind: 'slow', delayMs }
    }
    case 'captcha_code': {
      rejectUnknownKeys('the API fault', value, ['kind', 'code'])
      const { code } = value
      if (!isIntegerWithin(code, 0, 1_000_000)) fail('code', code, 'an integer from 0 to 1000000')
      return { kind: 'captcha_code', code }
    }
    case 'api_error': {
      rejectUnknownKeys('the API fault', value, ['kind', 'code', 'message'])
      const { code, message } = value
      if (typeof code !== 'string' || code === '') fail('code', code, 'an API error code such as "FailedOperation"')
      if (message === undefined) return { kind: 'api_error', code }
      if (typeof message !== 'string') fail('message', message, 'a string')
      return { kind: 'api_error', code, message }
    }
    default:
      return fail('the API fault', value, apiFaultShapes)
  }
}

/** Reads a fault of the API from anything; throws a TypeError that lists what is allowed. */
export function parseApiFault(value: unknown): ApiFault {
  if (typeof value === 'string') {
    return apiFaults.includes(value as ApiFaultName)
      ? (value as ApiFaultName)
      : fail('the API fault', value, apiFaultShapes)
  }
  return isRecord(value) ? parseApiFaultObject(value) : fail('the API fault', value, apiFaultShapes)
}

/** Reads the scope of a fault of the API; throws a TypeError that says what is wrong. */
export function parseApiFaultOptions(value: unknown): ApiFaultOptions {
  if (value === undefined || value === null) return {}
  if (!isRecord(value)) fail('options', value, 'an object with next, share, seed, only')
  rejectUnknownKeys('options', value, ['next', 'share', 'seed', 'only'])
  const { next, share, seed, only } = value
  if (next !== undefined && !isIntegerWithin(next, 1, Number.MAX_SAFE_INTEGER)) fail('next', next, 'a positive integer')
  if (share !== undefined && !(typeof share === 'number' && share >= 0 && share <= 1)) {
    fail('share', share, 'a number from 0 to 1')
  }
  if (seed !== undefined && !isIntegerWithin(seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
    fail('seed', seed, 'an integer')
  }
  if (only !== undefined && only !== 'ordinary' && only !== 'canary') fail('only', only, '"ordinary" or "canary"')
  return {
    ...(next === undefined ? {} : { next }),
    ...(share === undefined ? {} : { share }),
    ...(seed === undefined ? {} : { seed }),
    ...(only === undefined ? {} : { only }),
  }
}

/** Throws when a fault that closes the whole port is asked for single calls. */
export function rejectScopedRefusal(fault: ApiFault, options: ApiFaultOptions): void {
  const scoped = options.next !== undefined || options.share !== undefined || options.only !== undefined
  if (fault === 'refuse' && scoped) {
    throw new TypeError('"refuse" closes the port for everybody; for single calls (next, share, only) use "reset"')
  }
}

const scriptFaultShapes = `one of ${scriptFaults.join(', ')} or {"kind":"error_code","errorCode":1006}`

/** Reads a fault of the script from anything; throws a TypeError that lists what is allowed. */
export function parseScriptFault(value: unknown): ScriptFault {
  if (typeof value === 'string') {
    return scriptFaults.includes(value as ScriptFaultName)
      ? (value as ScriptFaultName)
      : fail('the script fault', value, scriptFaultShapes)
  }
  if (!isRecord(value) || value.kind !== 'error_code') return fail('the script fault', value, scriptFaultShapes)
  rejectUnknownKeys('the script fault', value, ['kind', 'errorCode'])
  const { errorCode } = value
  if (!isIntegerWithin(errorCode, 1000, 9999)) fail('errorCode', errorCode, 'an integer of four digits')
  return { kind: 'error_code', errorCode }
}
