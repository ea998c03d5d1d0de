import type { Clock } from '../../clock.js'
import type { TencentCredential } from '../../types.js'
import { classifyReply } from '../classify-reply.js'
import type { UpstreamResult } from '../upstream-result.js'
import type { Done } from '../with-deadline.js'
import type { CredentialKeeper } from './credential-keeper.js'

/** One call that a provider's keys sign. */
export interface KeyedCall {
  readonly keeper: CredentialKeeper
  readonly clock: Clock
  /** One deadline for keys and call. */
  readonly timeoutMs: number
  /** How much of it is over. */
  readonly waitedMs: number
  /** Sends the call under its own deadline. Returns a function that gives it up. */
  readonly send: (credential: TencentCredential, timeoutMs: number, done: Done) => () => void
}

/**
 * Waits for keys where there are none, sends, and sends once more where Tencent refuses keys that the provider has replaced:
 * a refused signature spends no ticket. Calls `done` as `Upstream.verify` does, and returns what gives the call up.
 */
export function callWithKeys({ keeper, clock, timeoutMs, waitedMs, send }: KeyedCall, done: Done): () => void {
  const dueMs = clock.nowMs() + timeoutMs - waitedMs
  const leftMs = () => Math.max(0, dueMs - clock.nowMs())
  let hasWaited = waitedMs > 0
  let giveUp = () => {}

  function begin(): void {
    const credential = keeper.take()
    if (credential === undefined) return wait((failure) => (failure ? done(failure) : begin()))
    giveUp = send(credential, leftMs(), (result) => {
      if (isKeyRejection(result)) retry(credential, result)
      else finish(result)
    })
  }

  function wait(next: (failure?: UpstreamResult) => void): void {
    hasWaited = true
    giveUp = keeper.wait(leftMs(), next)
  }

  function retry(refused: TencentCredential, refusal: UpstreamResult): void {
    keeper.reject(refused)
    if (sendOther(refused)) return
    wait((failure) => {
      if (failure?.kind === 'aborted') done(failure)
      else if (!sendOther(refused)) done(keeper.isFailing && failure ? failure : refusal)
    })
  }

  function sendOther(refused: TencentCredential): boolean {
    const other = keeper.take()
    if (other === undefined || other === refused) return false
    giveUp = send(other, leftMs(), finish)
    return true
  }

  /** What was left of the deadline was too short to say anything about Tencent. */
  function finish(result: UpstreamResult): void {
    done(hasWaited && result.kind === 'timeout' ? { ...result, keysLate: true } : result)
  }

  begin()
  return () => giveUp()
}

/** `AuthFailure.TokenFailure`, `AuthFailure.SecretIdNotFound` and the like. */
function isKeyRejection(result: UpstreamResult): boolean {
  if (result.kind !== 'response' || !result.body.includes('AuthFailure')) return false
  const reply = classifyReply(result, 'web')
  return reply.kind === 'degraded' && (reply.facts.errorCode ?? '').startsWith('AuthFailure')
}
