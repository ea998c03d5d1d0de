import {
  type ApiFault,
  type ApiFaultOptions,
  apiFaults,
  type CredentialFault,
  credentialFaults,
  type ScriptFault,
  scriptFaults,
} from './faults.js'

const maxDelayMs = 600_000
const apiFaultShapes = `one of ${apiFaults.join(', ')}, {"kind":"api_error","code":"…","message":"…"}, {"kind":"captcha_code","code":1} or {"kind":"slow","delayMs":500}`
const scriptFaultShapes = `one of ${scriptFaults.join(', ')} or {"kind":"error_code","errorCode":1006}`
const credentialFaultShapes = `one of ${credentialFaults.join(', ')} or {"kind":"short_lived_keys","lifetimeSeconds":5}`

function fail(what: string, value: unknown, expected: string): never {
  throw new TypeError(`${what} is ${JSON.stringify(value) ?? String(value)}; expected ${expected}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
}

function rejectUnknownKeys(what: string, value: Record<string, unknown>, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) fail(`a key of ${what}`, key, `one of ${known.join(', ')}`)
  }
}

function parseApiFaultObject(value: Record<string, unknown>): ApiFault {
  const { kind, delayMs, code, message } = value
  switch (kind) {
    case 'slow':
      rejectUnknownKeys('the API fault', value, ['kind', 'delayMs'])
      if (!isIntegerWithin(delayMs, 0, maxDelayMs)) fail('delayMs', delayMs, `an integer from 0 to ${maxDelayMs}`)
      return { kind, delayMs }
    case 'captcha_code':
      rejectUnknownKeys('the API fault', value, ['kind', 'code'])
      if (!isIntegerWithin(code, 0, 1_000_000)) fail('code', code, 'an integer from 0 to 1000000')
      return { kind, code }
    case 'api_error':
      rejectUnknownKeys('the API fault', value, ['kind', 'code', 'message'])
      if (typeof code !== 'string' || code === '') fail('code', code, 'an API error code such as "FailedOperation"')
      if (message === undefined) return { kind, code }
      if (typeof message !== 'string') fail('message', message, 'a string')
      return { kind, code, message }
    default:
      return fail('the API fault', value, apiFaultShapes)
  }
}

/** Returns a fault of the API. Throws a TypeError that lists what is allowed. */
export function parseApiFault(value: unknown): ApiFault {
  const name = apiFaults.find((known) => known === value)
  if (name !== undefined) return name
  return isRecord(value) ? parseApiFaultObject(value) : fail('the API fault', value, apiFaultShapes)
}

/** Returns the scope of a fault of the API; `null` and `undefined` are the empty scope. Throws a TypeError that names the option. */
export function parseApiFaultOptions(value: unknown): ApiFaultOptions {
  if (value === undefined || value === null) return {}
  if (!isRecord(value)) fail('options', value, 'an object with next, share, seed, only')
  rejectUnknownKeys('options', value, ['next', 'share', 'seed', 'only'])
  const { next, share, seed, only } = value
  const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number
  if (next !== undefined && !isIntegerWithin(next, 1, MAX_SAFE_INTEGER)) fail('next', next, 'a positive integer')
  if (share !== undefined && !(typeof share === 'number' && share >= 0 && share <= 1)) {
    fail('share', share, 'a number from 0 to 1')
  }
  if (seed !== undefined && !isIntegerWithin(seed, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER)) fail('seed', seed, 'an integer')
  if (only !== undefined && only !== 'ordinary' && only !== 'canary') fail('only', only, '"ordinary" or "canary"')
  return {
    ...(next === undefined ? {} : { next }),
    ...(share === undefined ? {} : { share }),
    ...(seed === undefined ? {} : { seed }),
    ...(only === undefined ? {} : { only }),
  }
}

/** Throws a TypeError for a fault that closes the whole port in a scope of single calls. */
export function rejectScopedRefusal(fault: ApiFault, { next, share, only }: ApiFaultOptions): void {
  const scoped = next !== undefined || share !== undefined || only !== undefined
  if (fault === 'refuse' && scoped) {
    throw new TypeError('"refuse" closes the whole port; for single calls (next, share, only) use "reset"')
  }
}

/** Returns a fault of the script. Throws a TypeError that lists what is allowed. */
export function parseScriptFault(value: unknown): ScriptFault {
  const name = scriptFaults.find((known) => known === value)
  if (name !== undefined) return name
  if (!isRecord(value) || value.kind !== 'error_code') return fail('the script fault', value, scriptFaultShapes)
  rejectUnknownKeys('the script fault', value, ['kind', 'errorCode'])
  const { kind, errorCode } = value
  if (!isIntegerWithin(errorCode, 1000, 9999)) fail('errorCode', errorCode, 'an integer of four digits')
  return { kind, errorCode }
}

/** Returns a fault of the credential services. Throws a TypeError that lists what is allowed. */
export function parseCredentialFault(value: unknown): CredentialFault {
  const name = credentialFaults.find((known) => known === value)
  if (name !== undefined) return name
  if (!isRecord(value) || value.kind !== 'short_lived_keys') {
    return fail('the credential fault', value, credentialFaultShapes)
  }
  rejectUnknownKeys('the credential fault', value, ['kind', 'lifetimeSeconds'])
  const { kind, lifetimeSeconds } = value
  if (!isIntegerWithin(lifetimeSeconds, 1, 43_200)) {
    fail('lifetimeSeconds', lifetimeSeconds, 'an integer from 1 to 43200')
  }
  return { kind, lifetimeSeconds }
}
