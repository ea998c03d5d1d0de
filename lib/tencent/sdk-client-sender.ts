import type { CaptchaClient } from '../types.js'
import { isLocalCode, localCodeOf } from './local-failure.js'
import type { UpstreamResult } from './upstream-result.js'
import type { ApiRequest } from './verify-call.js'
import type { Done, RunningCall } from './with-deadline.js'

/** Makes the sender over a Tencent SDK client. Stopping a call aborts the signal that the client was given. */
export function sdkClientSender(client: CaptchaClient): (request: ApiRequest, done: Done) => RunningCall {
  return (request, done) => {
    const abort = new AbortController()
    // A client that ignores the signal must not hold what waits for a call that was stopped.
    const listener: { done?: Done } = { done }
    sendWithSdkClient(client, request, abort.signal).then(
      (result) => listener.done?.(result),
      (error: unknown) => listener.done?.({ kind: 'bug', error }),
    )
    return {
      stop() {
        delete listener.done
        abort.abort()
      },
      overdue: (loopBlocked) => ({ kind: 'timeout', loopBlocked }),
    }
  }
}

async function sendWithSdkClient(
  client: CaptchaClient,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<UpstreamResult> {
  try {
    return { kind: 'sdk_result', result: await client.request(request.action, request.params, { signal }) }
  } catch (error) {
    const failure = sdkFailure(error)
    // Not called off by us: the client has a timeout of its own.
    return failure.kind === 'aborted' && !signal.aborted ? { kind: 'timeout', loopBlocked: false } : failure
  }
}

/** The SDK does not export its exceptions and drops system codes, so they are told apart by shape and message. */
export function sdkFailure(error: unknown): UpstreamResult {
  if (!(error instanceof Error) && !isErrorLike(error)) return { kind: 'bug', error }
  const { code, httpCode, requestId, type, message, name } = error as SdkErrorShape
  if (typeof httpCode === 'number' && typeof code !== 'string') return { kind: 'http_status', status: httpCode }
  const fetchFailure = failureOfFetch(error)
  if (fetchFailure !== undefined) return fetchFailure
  // Before the message: that of an API error may quote what a caller sent, and must not decide.
  if (isLocalCode(code)) return { kind: 'local', problem: code as string }
  if (typeof code === 'string' && systemCode.test(code)) return { kind: 'unreachable', problem: code }
  if (typeof code === 'string' && (isSdkException(error) || apiErrorCode.test(code))) {
    return { kind: 'sdk_api_error', errorCode: code, requestId }
  }
  if (isSdkException(error) && 'code' in error) return { kind: 'unreadable', problem: 'Error without Code' }
  if (name === 'AbortError' || message === 'The user aborted a request.') return { kind: 'aborted' }
  if (typeof httpCode === 'number') return { kind: 'http_status', status: httpCode }
  if (name === 'TimeoutError' || type === 'body-timeout' || message.startsWith('network timeout at')) {
    return { kind: 'timeout', loopBlocked: false }
  }
  if (type === 'invalid-json') return { kind: 'unreadable', problem: 'not JSON' }
  if (code === 'ERR_STREAM_PREMATURE_CLOSE') return { kind: 'unreachable', problem: code }
  // A reset in the middle of the body, or a body that cannot be unpacked.
  if (type === 'system') {
    return code?.startsWith('Z_')
      ? { kind: 'unreadable', problem: code }
      : { kind: 'unreachable', problem: code ?? type }
  }
  if (/^(maximum redirect reached|uri requested responds with)/.test(message))
    return { kind: 'http_status', status: 302 }
  const [, reason] = /^request to \S+ failed, reason:(.*)/.exec(message) ?? []
  if (reason !== undefined) return transportFailure(reason)
  if (isEmptyReply(error, message)) return { kind: 'unreadable', problem: 'no Response' }
  return isSdkException(error)
    ? { kind: 'credential_failed', problem: 'the SDK client could not sign' }
    : { kind: 'bug', error }
}

/** The SDK keeps a system code in the text alone: `connect EMFILE 203.0.113.7:443`. */
function transportFailure(reason: string): UpstreamResult {
  const localCode = reason.match(/\b[A-Z]{5,}\b/g)?.find(isLocalCode)
  if (localCode !== undefined) return { kind: 'local', problem: localCode }
  return { kind: 'unreachable', problem: 'SDK transport' }
}

/** A client built on `fetch` fails with a `TypeError` whose `cause` says why; `undefined` for every other error. */
function failureOfFetch(error: unknown): UpstreamResult | undefined {
  const { name, message, cause } = error as { name?: string; message: string; cause?: unknown }
  if (name !== 'TypeError' || !/^(fetch failed|terminated)$/.test(message)) return undefined
  if (!isErrorLike(cause)) return { kind: 'unreachable', problem: message }
  const problem = String((cause as NodeJS.ErrnoException).code ?? message)
  const localCode = localCodeOf(cause as NodeJS.ErrnoException)
  if (localCode !== undefined) return { kind: 'local', problem: localCode }
  return /TIMEOUT$/.test(problem) && problem.startsWith('UND_')
    ? { kind: 'timeout', loopBlocked: false }
    : { kind: 'unreachable', problem }
}

/** `InternalError`, `AuthFailure.SignatureFailure`: how API 3.0 spells its errors, and Node none of its own. */
const apiErrorCode = /^[A-Z][a-z]+[A-Za-z]*(\.\w+)*$/
/** What Node says when a connection fails. */
const systemCode =
  /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPROTO|CERT_\w+|ERR_TLS_\w+|\w*SELF_SIGNED\w*)$/

interface SdkErrorShape {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly httpCode?: number
  readonly requestId?: string
  readonly type?: string
}

function isErrorLike(error: unknown): boolean {
  return typeof error === 'object' && error !== null && typeof Reflect.get(error, 'message') === 'string'
}

/** `{}` and `{"Response":null}` make the SDK read a member of nothing. */
function isEmptyReply(error: unknown, message: string): boolean {
  return error instanceof TypeError && /^Cannot read propert.*(Response|Error)'?\)?/.test(message)
}

/** `TencentCloudSDKHttpException` alone carries these members. */
function isSdkException(error: unknown): error is object {
  return typeof error === 'object' && error !== null && ('requestId' in error || 'traceId' in error)
}
