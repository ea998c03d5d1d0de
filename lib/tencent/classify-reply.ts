import type { AvailabilityCause, CaptchaChannel, InputRefusal, TencentFacts } from '../types.js'
import { apiErrorMeaning } from './api-error-codes.js'
import { captchaCodeMeaning } from './captcha-codes.js'
import type { UpstreamResult } from './upstream-result.js'

/** What one call to Tencent amounts to. */
export type Reply =
  | { readonly kind: 'verified'; readonly facts: TencentFacts }
  | { readonly kind: 'refused'; readonly reason: InputRefusal; readonly facts: TencentFacts }
  | {
      readonly kind: 'unavailable'
      readonly cause: AvailabilityCause
      readonly facts: TencentFacts
      /** False when the failure may be our own: a blocked event loop is not evidence against Tencent. */
      readonly isEvidence: boolean
    }
  | { readonly kind: 'throttled'; readonly facts: TencentFacts }
  | { readonly kind: 'misconfigured'; readonly facts: TencentFacts; readonly problem?: string }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'bug'; readonly error: unknown }

const noFacts: TencentFacts = Object.freeze({})

/** Judges what a call brought. Total: every result has exactly one meaning. */
export function classifyReply(result: UpstreamResult, channel: CaptchaChannel): Reply {
  switch (result.kind) {
    case 'response':
      return classifyHttpResponse(result.status, result.contentType, result.body, channel)
    case 'sdk_result':
      return classifyResponseObject(result.result, channel)
    case 'sdk_api_error':
      return classifyApiError(result.errorCode, requestIdFact(result.requestId))
    case 'http_status':
      return unavailable('http_error')
    case 'unreadable':
      return unavailable('bad_response')
    case 'timeout':
      return { kind: 'unavailable', cause: 'timeout', facts: noFacts, isEvidence: !result.loopBlocked }
    case 'unreachable':
      return unavailable('unreachable')
    case 'credential_failed':
      return { kind: 'misconfigured', facts: noFacts, problem: result.problem }
    case 'aborted':
      return { kind: 'aborted' }
    case 'bug':
      return { kind: 'bug', error: result.error }
  }
}

function classifyHttpResponse(status: number, contentType: string, body: string, channel: CaptchaChannel): Reply {
  if (status !== 200) return unavailable('http_error')
  if (/^text\/event-stream\b/i.test(contentType)) return unavailable('bad_response')
  const parsed = parseJson(body)
  return isObject(parsed) ? classifyResponseObject(parsed.Response, channel) : unavailable('bad_response')
}

function classifyResponseObject(response: unknown, channel: CaptchaChannel): Reply {
  if (!isObject(response)) return unavailable('bad_response')
  const facts = factsOf(response)
  if (response.Error !== undefined && response.Error !== null) {
    const errorCode = isObject(response.Error) ? response.Error.Code : undefined
    return typeof errorCode === 'string' ? classifyApiError(errorCode, facts) : unavailable('bad_response', facts)
  }
  if (facts.captchaCode === undefined) return unavailable('bad_response', facts)
  return classifyCaptchaCode(facts.captchaCode, facts, channel)
}

function classifyCaptchaCode(captchaCode: number, facts: TencentFacts, channel: CaptchaChannel): Reply {
  const meaning = captchaCodeMeaning(channel, captchaCode)
  switch (meaning) {
    case 'ok':
      // Invisible mode answers 1 for everybody and says in EvilLevel who is malicious.
      return (facts.evilLevel ?? 0) >= 100
        ? { kind: 'refused', reason: 'risk_rejected', facts }
        : { kind: 'verified', facts }
    case 'system_busy':
      return unavailable('system_busy', facts)
    case 'misconfigured':
      return { kind: 'misconfigured', facts }
    default:
      return { kind: 'refused', reason: meaning, facts }
  }
}

function classifyApiError(errorCode: string, otherFacts: TencentFacts): Reply {
  const facts: TencentFacts = { ...otherFacts, errorCode }
  const meaning = apiErrorMeaning(errorCode)
  switch (meaning) {
    case 'internal_error':
      return unavailable('internal_error', facts)
    case 'throttled':
      return { kind: 'throttled', facts }
    case 'misconfigured':
      return { kind: 'misconfigured', facts }
    case 'rejected':
      return { kind: 'refused', reason: 'rejected', facts }
  }
}

function unavailable(cause: AvailabilityCause, facts: TencentFacts = noFacts): Reply {
  return { kind: 'unavailable', cause, facts, isEvidence: true }
}

/** Takes only what has the declared type; a live server may send strings where numbers are declared. */
function factsOf(response: Readonly<Record<string, unknown>>): TencentFacts {
  const { CaptchaCode, CaptchaMsg, EvilLevel, Score, RequestId } = response
  return {
    ...(typeof CaptchaCode === 'number' && Number.isFinite(CaptchaCode) && { captchaCode: CaptchaCode }),
    ...(typeof CaptchaMsg === 'string' && { captchaMsg: CaptchaMsg }),
    ...numberFact('evilLevel', EvilLevel),
    ...numberFact('score', Score),
    ...requestIdFact(RequestId),
  }
}

/** `"100"` must refuse as 100 does, and so must 1e999, which JSON reads as infinite. */
function numberFact(name: 'evilLevel' | 'score', value: unknown): TencentFacts {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && !Number.isNaN(number) ? { [name]: number } : {}
}

function requestIdFact(requestId: unknown): TencentFacts {
  return typeof requestId === 'string' ? { requestId } : {}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
