import { AsyncResource } from 'node:async_hooks'
import type { Clock } from '../clock.js'
import type { CaptchaClient, DynamicCredential, TencentCredential } from '../types.js'
import { addressSources } from './address-source.js'
import { hostOf } from './connection-pool.js'
import { type HttpsSender, httpsSender } from './https-sender.js'
import type { LookupQueue } from './lookup-queue.js'
import { withPatientDeadline } from './patient-deadline.js'
import { resolveCredential } from './resolve-credential.js'
import { sdkClientSender } from './sdk-client-sender.js'
import { requestSigner } from './signed-headers.js'
import { type ApiRequest, apiRequest, type VerifyCall } from './verify-call.js'
import { type Done, type RunningCall, withDeadline } from './with-deadline.js'

/** One call to Tencent under one deadline. Never throws, never judges. */
export interface Upstream {
  /**
   * Sends one verification. Calls `done` exactly once, never before `verify` has returned, and not later than `timeoutMs`
   * (plus two polls of the event loop). `done` runs in the async context in which the upstream was made: a running call, its
   * timers and its socket keep nothing of the caller's context, and nothing of the caller but `done` itself. Who needs the own
   * context binds `done` with `AsyncResource.bind`, and drops it to let the call run on alone.
   * Returns a function that gives the call up; `done` is then called with `{ kind: 'aborted' }` before it returns,
   * unless it was called already.
   */
  verify(call: VerifyCall, timeoutMs: number, done: Done): () => void
  /** Frees the sockets; calls that use one end as `aborted`. */
  close(): void
}

/** The ways to Tencent of one site. */
export interface Upstreams {
  /** For callers' tickets. */
  readonly calls: Upstream
  /**
   * For canaries: its connections are never the callers', nor are they counted with them, and a deadline is prolonged by the
   * event loop's own lateness, up to twice.
   */
  readonly canary: Upstream
  /** False where both are one and the same client of the application's, so that callers may be in a canary's way. */
  readonly isCanaryApart: boolean
  /** Frees both. */
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

/** Makes the ways to Tencent that `transport` asks for. Opens no socket before the first call. */
export function createUpstreams(config: UpstreamConfig, clock: Clock, lookups: LookupQueue): Upstreams {
  const { transport } = config
  switch (transport.kind) {
    case 'client': {
      const sender = { send: sdkClientSender(transport.client), close() {} }
      return {
        calls: upstreamOf(config, clock, sender, withDeadline),
        canary: upstreamOf(config, clock, sender, withPatientDeadline),
        isCanaryApart: false,
        close() {},
      }
    }
    case 'https': {
      const { endpoint, credential } = transport
      const addresses = addressSources(hostOf(endpoint), clock, lookups)
      const common = { endpoint, sign: requestSigner(endpoint), clock }
      const over = ({ send, close }: HttpsSender, run: typeof withDeadline) =>
        upstreamOf(config, clock, { send: withCredential(credential, send), close }, run)
      const calls = over(httpsSender({ ...common, addresses: addresses.calls, keepsAlive: true }), withDeadline)
      // A new connection each time: whether Tencent can be reached now is what a canary is asked.
      const canary = over(
        httpsSender({ ...common, addresses: addresses.canary, keepsAlive: false }),
        withPatientDeadline,
      )
      return {
        calls,
        canary,
        isCanaryApart: true,
        close() {
          calls.close()
          canary.close()
          addresses.close()
        },
      }
    }
  }
}

interface Sender {
  readonly send: (request: ApiRequest, done: Done) => RunningCall
  readonly close: () => void
}

function upstreamOf(
  { captchaAppId, appSecretKey }: UpstreamConfig,
  clock: Clock,
  { send, close }: Sender,
  run: typeof withDeadline,
): Upstream {
  // Sockets that are kept, and calls that run on, would else hold the request in whose context they were made.
  const context = new AsyncResource('TencentCaptchaUpstream')
  const start = (call: VerifyCall, timeoutMs: number, done: Done) => {
    const request = apiRequest(call, captchaAppId, appSecretKey)
    return run((onResult) => send(request, onResult), timeoutMs, clock, done)
  }
  return {
    verify(call, timeoutMs, done) {
      const giveUp = context.runInAsyncScope(start, undefined, call, timeoutMs, done)
      return () => context.runInAsyncScope(giveUp)
    },
    close,
  }
}

function withCredential(source: TencentCredential | DynamicCredential, send: HttpsSender['send']): Sender['send'] {
  if (!('getCredential' in source)) return (request, done) => send(request, source, done)
  return (request, done) => {
    let isStopped = false
    let running: RunningCall = {
      stop() {
        isStopped = true
      },
      overdue: (loopBlocked) => ({ kind: 'timeout', loopBlocked }),
    }
    void resolveCredential(source).then((resolved) => {
      if (isStopped) return
      if (resolved.kind === 'failed') return done({ kind: 'credential_failed', problem: resolved.problem })
      running = send(request, resolved.credential, done)
    })
    return { stop: () => running.stop(), overdue: (loopBlocked) => running.overdue(loopBlocked) }
  }
}
