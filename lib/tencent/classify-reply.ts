import { degraded, type Outcome, type TencentFacts } from '../admission/outcome.js'
import type { CaptchaChannel } from '../types.js'
import { apiErrorMeaning } from './api-error-codes.js'
import { captchaCodeMeaning } from './captcha-codes.js'
import type { UpstreamResult } from './upstream-result.js'

/** Judges what a call brought. Total: every result has exactly one meaning. */
export function classifyReply(result: UpstreamResult, channel: CaptchaChannel): Outcome {
  switch (result.kind) {
    case 'response':
      return classifyHttpResponse(result.status, result.contentType, result.body, channel)
    case 'sdk_result':
      return classifySdkResult(result.result, channel)
    case 'sdk_api_error':
      return classifyApiError(result.errorCode, requestIdFact(result.requestId))
    case 'http_status':
      return degraded('http_error')
    case 'unreadable':
      return degraded('bad_response')
    case 'timeout':
      return degraded('timeout', { isEvidence: !result.loopBlocked && !result.keysLate })
    case 'unreachable':
      return degraded('unreachable')
    case 'local':
      return degraded('overloaded', { isEvidence: false, wasSent: false, problem: result.problem })
    case 'retried':
      return withoutDoubt(classifyReply(result.retry, channel))
    case 'credential_failed':
      return degraded('misconfigured', { isEvidence: false, wasSent: false, problem: result.problem })
    case 'credential_unavailable':
      return degraded('credential_unavailable', { isEvidence: false, wasSent: false, problem: result.problem })
    case 'aborted':
      // The circuit alone gives up calls that a request waits for.
      return degraded('circuit_open')
    case 'bug':
      return { kind: 'bug', error: result.error }
  }
}

/** What a client returns is no JSON: a member may be a getter that throws. */
function classifySdkResult(result: unknown, channel: CaptchaChannel): Outcome {
  try {
    return classifyResponseObject(result, channel)
  } catch (error) {
    return { kind: 'bug', error }
  }
}

/** After a try that may have arrived, code 9 says nothing, and neither does a second try that never left. */
function withoutDoubt(reply: Outcome): Outcome {
  const isSpent = reply.kind === 'refused' && reply.reason === 'ticket_reused'
  const neverLeft = reply.kind === 'degraded' && !reply.wasSent
  return isSpent || neverLeft ? degraded('unreachable', { isEvidence: false, facts: reply.facts }) : reply
}

function classifyHttpResponse(status: number, contentType: string, body: string, channel: CaptchaChannel): Outcome {
  if (status !== 200) return degraded('http_error')
  if (/^text\/event-stream\b/i.test(contentType)) return degraded('bad_response')
  const parsed = parseJson(body)
  return isObject(parsed) ? classifyResponseObject(parsed.Response, channel) : degraded('bad_response')
}

function classifyResponseObject(response: unknown, channel: CaptchaChannel): Outcome {
  if (!isObject(response)) return degraded('bad_response')
  const facts = factsOf(response)
  if (response.Error !== undefined && response.Error !== null) {
    const errorCode = isObject(response.Error) ? response.Error.Code : undefined
    return typeof errorCode === 'string' ? classifyApiError(errorCode, facts) : degraded('bad_response', { facts })
  }
  if (facts.captchaCode === undefined) return degraded('bad_response', { facts })
  const isUnreadable = facts.evilLevel === undefined && !isAbsent(response.EvilLevel)
  // Whether Tencent calls this user malicious cannot be told.
  if (facts.captchaCode === 1 && isUnreadable) return degraded('bad_response', { facts })
  return classifyCaptchaCode(facts.captchaCode, facts, channel)
}

function classifyCaptchaCode(captchaCode: number, facts: TencentFacts, channel: CaptchaChannel): Outcome {
  const meaning = captchaCodeMeaning(channel, captchaCode)
  switch (meaning) {
    case 'ok':
      // Invisible mode answers 1 for every user and says in EvilLevel who is malicious.
      return (facts.evilLevel ?? 0) >= 100
        ? { kind: 'refused', reason: 'risk_rejected', facts }
        : { kind: 'verified', facts }
    case 'system_busy':
      return degraded('system_busy', { facts })
    case 'misconfigured':
      return degraded('misconfigured', { facts })
    default:
      return { kind: 'refused', reason: meaning, facts }
  }
}

function classifyApiError(errorCode: string, otherFacts: TencentFacts): Outcome {
  const facts: TencentFacts = { ...otherFacts, errorCode }
  const meaning = apiErrorMeaning(errorCode)
  switch (meaning) {
    case 'internal_error':
      return degraded('internal_error', { facts })
    case 'throttled':
      return degraded('throttled', { facts })
    case 'misconfigured':
      return degraded('misconfigured', { facts })
    case 'rejected':
      return { kind: 'refused', reason: 'rejected', facts }
  }
}

type Mutable<Value> = { -readonly [name in keyof Value]: Value[name] }

/** Takes only what has the declared type; a live server may send strings where numbers are declared. */
function factsOf(response: Readonly<Record<string, unknown>>): TencentFacts {
  const { CaptchaCode, CaptchaMsg, DeviceRiskCategory, RequestId } = response
  // One property after the other: spreading optional parts costs as much as parsing the reply.
  const facts: Mutable<TencentFacts> = {}
  if (typeof CaptchaCode === 'number' && Number.isFinite(CaptchaCode)) facts.captchaCode = CaptchaCode
  if (typeof CaptchaMsg === 'string') facts.captchaMsg = CaptchaMsg
  for (const [name, field] of numberFacts) {
    const number = numberOf(response[field])
    if (number !== undefined) facts[name] = number
  }
  if (typeof DeviceRiskCategory === 'string') facts.deviceRiskCategory = DeviceRiskCategory
  if (typeof RequestId === 'string') facts.requestId = RequestId
  return facts
}

const numberFacts = [
  ['evilLevel', 'EvilLevel'],
  ['score', 'Score'],
  ['evilBitmap', 'EvilBitmap'],
  ['getCaptchaTime', 'GetCaptchaTime'],
  ['submitCaptchaTime', 'SubmitCaptchaTime'],
] as const

/** `"100"` must refuse as 100 does, and so must 1e999, which JSON reads as infinite. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && !Number.isNaN(number) ? number : undefined
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === ''
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
