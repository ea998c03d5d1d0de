import type { Clock } from '../clock.js'
import type { CaptchaClient, DynamicCredential, TencentCredential } from '../types.js'
import { callWithKeys } from './credentials/call-with-keys.js'
import { CredentialKeeper, type CredentialSnapshot } from './credentials/credential-keeper.js'
import { httpsSender } from './https-sender.js'
import { sdkClientSender } from './sdk-client-sender.js'
import { apiRequest, type VerifyCall } from './verify-call.js'
import { type Done, withDeadline } from './with-deadline.js'

/** One call to Tencent under one deadline. Never throws, never judges. */
export interface Upstream {
  /**
   * Sends one verification. Calls `done` exactly once, in the caller's async context, never before `verify` has
   * returned, and not later than `timeoutMs` (plus two polls of the event loop).
   * Returns a function that gives the call up; `done` is then called with `{ kind: 'aborted' }` before it returns,
   * unless it was called already.
   *
   * @param waitedMs how much of `timeoutMs` the request has waited for keys already
   */
  verify(call: VerifyCall, timeoutMs: number, done: Done, waitedMs?: number): () => void
  /** The keys of a provider; absent where every call can be signed at once. */
  readonly keys?: Pick<CredentialKeeper, 'take' | 'wait'>
  /** Where the keys come from and how old they are; absent where an SDK client has its own. */
  readonly credential?: () => CredentialSnapshot
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
  /** Told what the operator has to mend about a credential provider; the text quotes no key. */
  readonly onCredentialFailure?: (problem: string) => void
}

/** Makes the connection to Tencent that `transport` asks for. Opens no socket before the first call. */
export function createUpstream(config: UpstreamConfig, clock: Clock): Upstream {
  const { captchaAppId, appSecretKey, transport } = config
  if (transport.kind === 'client') {
    const send = sdkClientSender(transport.client)
    return {
      verify(call, timeoutMs, done) {
        const request = apiRequest(call, captchaAppId, appSecretKey)
        return withDeadline((onResult) => send(request, onResult), timeoutMs, clock, done)
      },
      close: () => {},
    }
  }
  const { credential, endpoint } = transport
  const sender = httpsSender(endpoint, clock)
  const sendSigned = (call: VerifyCall, keys: TencentCredential, timeoutMs: number, done: Done) => {
    const request = apiRequest(call, captchaAppId, appSecretKey)
    return withDeadline((onResult) => sender.send(request, keys, onResult), timeoutMs, clock, done)
  }
  if (!('getCredential' in credential)) {
    return {
      verify: (call, timeoutMs, done) => sendSigned(call, credential, timeoutMs, done),
      credential: () => ({ source: 'fixed' }),
      close: sender.close,
    }
  }
  const keeper = new CredentialKeeper(credential, clock, config.onCredentialFailure ?? (() => {}))
  return {
    verify: (call, timeoutMs, done, waitedMs = 0) =>
      callWithKeys({ keeper, clock, timeoutMs, waitedMs, send: (...args) => sendSigned(call, ...args) }, done),
    keys: keeper,
    credential: () => keeper.snapshot(),
    close() {
      keeper.close()
      sender.close()
    },
  }
}
