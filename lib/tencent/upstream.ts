import type { Clock } from '../clock.js'
import type { CaptchaClient, DynamicCredential, TencentCredential } from '../types.js'
import { type HttpsSender, httpsSender } from './https-sender.js'
import { resolveCredential } from './resolve-credential.js'
import { sdkClientSender } from './sdk-client-sender.js'
import { type ApiRequest, apiRequest, type VerifyCall } from './verify-call.js'
import { type Done, withDeadline } from './with-deadline.js'

/** One call to Tencent under one deadline. Never throws, never judges. */
export interface Upstream {
  /**
   * Sends one verification. Calls `done` exactly once, in the caller's async context, never before `verify` has
   * returned, and not later than `timeoutMs` (plus two polls of the event loop).
   * Returns a function that gives the call up; `done` is then called with `{ kind: 'aborted' }` before it returns,
   * unless it was called already.
   */
  verify(call: VerifyCall, timeoutMs: number, done: Done): () => void
  /** Frees the sockets; calls that use one end as `aborted`. */
  close(): void
}

/** How Tencent is reached: over our own connections, or by an SDK client of the application's. */
export type Transport =
  | { readonly kind: 'https'; readonly endpoint: URL; readonly credential: TencentCredential | DynamicCredential }
  | { readonly kind: 'client'; readonly client: CaptchaClient }

interface UpstreamConfig {
  readonly captchaAppId: number
  readonly appSecretKey: string
  readonly transport: Transport
}

/** Makes the connection to Tencent that `transport` asks for. Opens no socket before the first call. */
export function createUpstream({ captchaAppId, appSecretKey, transport }: UpstreamConfig, clock: Clock): Upstream {
  const { send, close } = createSender(transport, clock)
  return {
    verify(call, timeoutMs, done) {
      const request = apiRequest(call, captchaAppId, appSecretKey)
      return withDeadline((onResult) => send(request, onResult), timeoutMs, clock, done)
    },
    close,
  }
}

interface Sender {
  /** Returns a function that stops the call and frees its socket. */
  readonly send: (request: ApiRequest, done: Done) => () => void
  readonly close: () => void
}

function createSender(transport: Transport, clock: Clock): Sender {
  switch (transport.kind) {
    case 'client':
      return { send: sdkClientSender(transport.client), close: () => {} }
    case 'https': {
      const sender = httpsSender(transport.endpoint, clock)
      return { send: withCredential(transport.credential, sender.send), close: sender.close }
    }
  }
}

function withCredential(source: TencentCredential | DynamicCredential, send: HttpsSender['send']): Sender['send'] {
  if (!('getCredential' in source)) return (request, done) => send(request, source, done)
  return (request, done) => {
    let isStopped = false
    let stop = () => {
      isStopped = true
    }
    void resolveCredential(source).then((resolved) => {
      if (isStopped) return
      if (resolved.kind === 'failed') return done({ kind: 'credential_failed', problem: resolved.problem })
      stop = send(request, resolved.credential, done)
    })
    return () => stop()
  }
}
