/** Longest body that is read of an answer, in bytes; a real one has a few hundred, or a few thousand. */
export const maxBodyBytes = 64 * 1024

/** What came of one call to Tencent, unjudged. */
export type UpstreamResult =
  /** A whole HTTP answer. */
  | {
      readonly kind: 'response'
      readonly status: number
      readonly contentType: string
      readonly body: string
    }
  /** What an SDK client resolved to: the inside of `Response`. */
  | { readonly kind: 'sdk_result'; readonly result: unknown }
  /** API 3.0 error as an SDK client throws it. */
  | { readonly kind: 'sdk_api_error'; readonly errorCode: string; readonly requestId: string | undefined }
  /** An HTTP status other than 200 whose body is gone. */
  | { readonly kind: 'http_status'; readonly status: number }
  /** The answer could not be read as an answer: too large, or not JSON. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  /**
   * The deadline passed. `loopBlocked`: our own event loop was late; `keysLate`: the call waited for keys first. Either says
   * nothing about Tencent.
   */
  | { readonly kind: 'timeout'; readonly loopBlocked: boolean; readonly keysLate?: true }
  /** DNS, connect, reset, TLS. */
  | { readonly kind: 'unreachable'; readonly problem: string }
  /**
   * No byte left, for a reason of this machine: no descriptor, port or buffer, a lookup that did not finish, or an event loop
   * that was blocked. A caller can cause it, so it says nothing about Tencent.
   */
  | { readonly kind: 'local'; readonly problem: string }
  /**
   * The other side ended a kept connection under the request, before an answer; `retry` is what came of the request on a new
   * one. Tencent may have seen both.
   */
  | { readonly kind: 'retried'; readonly retry: UpstreamResult }
  /** The keys could not be fetched, and never were. Only the operator can cause it. */
  | { readonly kind: 'credential_failed'; readonly problem: string }
  /** There are no valid keys now; there were some before. */
  | { readonly kind: 'credential_unavailable'; readonly problem: string }
  /** We gave up ourselves: the client went away, the circuit opened, or the guard was closed. */
  | { readonly kind: 'aborted' }
  /** An exception that nothing classified: a bug, never a reason to pass a request. */
  | { readonly kind: 'bug'; readonly error: unknown }
