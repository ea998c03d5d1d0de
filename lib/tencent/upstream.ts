import { AsyncResource } from 'node:async_hooks'
import type { Clock } from '../clock.js'
import type { CaptchaClient, DynamicCredential, TencentCredential } from '../types.js'
import { addressSources } from './address-source.js'
import { hostOf } from './connection-pool.js'
import { callWithKeys } from './credentials/call-with-keys.js'
import { CredentialKeeper, type CredentialSnapshot } from './credentials/credential-keeper.js'
import { type HttpsSender, httpsSender } from './https-sender.js'
import type { LookupQueue } from './lookup-queue.js'
import { withPatientDeadline } from './patient-deadline.js'
import { sdkClientSender } from './sdk-client-sender.js'
import { requestSigner } from './signed-headers.js'
import { type ApiRequest, apiRequest, type VerifyCall } from './verify-call.js'
import { type Done, withDeadline } from './with-deadline.js'

/** One call to Tencent under one deadline. Never throws, never judges. */
export interface Upstream {
  /**
   * Sends one verification. Calls `done` exactly once, never before `verify` has returned, and not later than `timeoutMs`
   * (plus two polls of the event loop). `done` runs in the async context in which the upstream was made: a running call, its
   * timers and its socket keep nothing of the caller's context, and nothing of the caller but `done` itself. Who needs the own
   * context binds `done` with `AsyncResource.bind`, and drops it to let the call run on alone.
   * Returns a function that gives the call up; `done` is then called with `{ kind: 'aborted' }` before it returns,
   * unless it was called already.
   *
   * @param waitedMs how much of `timeoutMs` the request has waited for keys already
   */
  verify(call: VerifyCall, timeoutMs: number, done: Done, waitedMs?: number): () => void
  /** The keys of a provider; absent where every call can be signed at once. */
  readonly keys?: Pick<CredentialKeeper, 'take' | 'wait'>
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
  /** Where the keys come from and how old they are. */
  credential(): CredentialSnapshot
  /** Frees the sockets of both; calls that use one end as `aborted`. */
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
  /** Told what the operator has to mend about a credential provider; the text quotes no key. */
  readonly onCredentialFailure?: (problem: string) => void
}

/** Makes the ways to Tencent that `transport` asks for. Opens no socket before the first call. */
export function createUpstreams(config: UpstreamConfig, clock: Clock, lookups: LookupQueue): Upstreams {
  const { transport } = config
  switch (transport.kind) {
    case 'client': {
      const send = sdkClientSender(transport.client)
      const over = (run: typeof withDeadline) =>
        upstreamOf(config, (request, timeoutMs, done) =>
          run((onResult) => send(request, onResult), timeoutMs, clock, done),
        )
      return {
        calls: over(withDeadline),
        canary: over(withPatientDeadline),
        isCanaryApart: false,
        credential: () => ({ source: 'client' }),
        close() {},
      }
    }
    case 'https': {
      const { endpoint, credential } = transport
      const addresses = addressSources(hostOf(endpoint), clock, lookups)
      const common = { endpoint, sign: requestSigner(endpoint), clock }
      const callsSender = httpsSender({ ...common, addresses: addresses.calls, keepsAlive: true })
      // A new connection each time: whether Tencent can be reached now is what a canary is asked.
      const canarySender = httpsSender({ ...common, addresses: addresses.canary, keepsAlive: false })
      const keeper =
        'getCredential' in credential
          ? new CredentialKeeper(credential, clock, config.onCredentialFailure ?? (() => {}))
          : undefined
      const over = ({ send }: HttpsSender, run: typeof withDeadline) => {
        const sendSigned = (request: ApiRequest, keys: TencentCredential, timeoutMs: number, done: Done) =>
          run((onResult) => send(request, keys, onResult), timeoutMs, clock, done)
        return upstreamOf(config, (request, timeoutMs, done, waitedMs) =>
          keeper
            ? callWithKeys(
                { keeper, clock, timeoutMs, waitedMs, send: (...args) => sendSigned(request, ...args) },
                done,
              )
            : sendSigned(request, credential as TencentCredential, timeoutMs, done),
        )
      }
      return {
        calls: { ...over(callsSender, withDeadline), ...(keeper && { keys: keeper }) },
        canary: over(canarySender, withPatientDeadline),
        isCanaryApart: true,
        credential: () => keeper?.snapshot() ?? { source: 'fixed' },
        close() {
          callsSender.close()
          canarySender.close()
          keeper?.close()
          addresses.close()
        },
      }
    }
  }
}

/** Runs a request under its deadline; returns what gives it up. */
type RunRequest = (request: ApiRequest, timeoutMs: number, done: Done, waitedMs: number) => () => void

function upstreamOf({ captchaAppId, appSecretKey }: UpstreamConfig, run: RunRequest): Upstream {
  // Sockets that are kept, and calls that run on, would else hold the request in whose context they were made.
  const context = new AsyncResource('TencentCaptchaUpstream')
  const start = (call: VerifyCall, timeoutMs: number, done: Done, waitedMs: number) =>
    run(apiRequest(call, captchaAppId, appSecretKey), timeoutMs, done, waitedMs)
  return {
    verify(call, timeoutMs, done, waitedMs = 0) {
      const giveUp = context.runInAsyncScope(start, undefined, call, timeoutMs, done, waitedMs)
      return () => context.runInAsyncScope(giveUp)
    },
  }
}
