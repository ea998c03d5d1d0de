import { AsyncResource } from 'node:async_hooks'
import type { Clock, Timer } from '../../clock.js'
import type { DynamicCredential, TencentCredential } from '../../types.js'
import type { UpstreamResult } from '../upstream-result.js'
import { type CredentialResult, readCredential } from './read-credential.js'

/** A call of the provider that takes longer is given up: its keys are still taken, but the next call no longer waits for it. */
const attemptMs = 5000
/** After a failed call the next one is waited for only this long: requests do not wait for a hanging provider twice. */
const patienceAfterFailureMs = 500
/** Shortest time from the end of one call of the provider to the start of the next one; doubled after each failure. */
const minPauseMs = 1000
const maxPauseMs = 15_000
/** Keys are renewed when a fifth of the time that they had left is still left. */
const renewAfterShare = 0.8
const maxRenewalMs = 24 * 3_600_000
/** Failures in a row that are not worth a line while the keys are valid: the next try often succeeds. */
const quietFailures = 2
/** Keys without an expiry: the SDK's own providers change theirs 30 s ahead of it, and are asked more often than that. */
const recheckMs = 20_000

/** What the operator sees of the keys; nothing secret. */
export interface CredentialSnapshot {
  /** `fixed`: keys of the options; `provider`: `getCredential()`; `client`: the SDK client's own. */
  readonly source: 'fixed' | 'provider' | 'client'
  /** Age of a provider's newest keys, in milliseconds; absent before the first ones. */
  readonly ageMs?: number
  /** ISO 8601: when they expire, where the provider says so. */
  readonly expiresAt?: string
  /** The provider's last failure, until it works again. */
  readonly lastFailure?: { readonly problem: string; readonly agoMs: number }
}

interface Keys {
  readonly credential: TencentCredential
  readonly obtainedMs: number
  /** Infinite where the provider names no expiry. */
  readonly expiresMs: number
  /** The call of the provider that brought them. */
  readonly attempt: Attempt
}

interface Attempt {
  readonly number: number
  /** Whether calls without keys wait for it. */
  isAwaited: boolean
  readonly timers: Timer[]
}

/** Told what failed, or nothing: there are keys. */
type Waiter = (failure?: UpstreamResult) => void

/**
 * Keeps a provider's keys: asks it ahead of expiry, in the background, one call at a time, each under a deadline. The last good
 * keys serve until they expire, whatever the provider does meanwhile; only before the first ones, and after their expiry, a
 * call waits.
 */
export class CredentialKeeper {
  readonly #provider: DynamicCredential
  readonly #clock: Clock
  readonly #onFailure: (problem: string) => void
  /** Without it provider and timers would run, and be kept, in the context of whichever request came first. */
  readonly #ownContext = new AsyncResource('TencentCaptchaKeys')
  readonly #waiters = new Set<Waiter>()
  #keys: Keys | undefined
  #underWay: Attempt | undefined
  #attempts = 0
  #failures = 0
  #lastFailure: { readonly problem: string; readonly atMs: number } | undefined
  /** Keys that Tencent refuses. */
  #rejected: TencentCredential | undefined
  /** No call of the provider before this. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  /** The keys are to be renewed from here on. */
  #dueMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #isClosed = false

  /** @param onFailure told of what the operator has to mend; the text quotes no key */
  constructor(provider: DynamicCredential, clock: Clock, onFailure: (problem: string) => void) {
    this.#provider = provider
    this.#clock = clock
    this.#onFailure = onFailure
  }

  /** The keys to sign with, at once; `undefined` where there are none. Asks the provider in the background when they are due. */
  take(): TencentCredential | undefined {
    const nowMs = this.#clock.nowMs()
    if (nowMs >= this.#dueMs) this.#ask()
    return this.#keys !== undefined && nowMs < this.#keys.expiresMs ? this.#keys.credential : undefined
  }

  /**
   * Waits for the end of the provider's call, which it starts where it may. Calls `done` exactly once, in the caller's async
   * context and never before it has returned: with nothing once there are keys, else with what failed, after `timeoutMs` at
   * the latest. Returns a function that gives up; `done` is then called with `aborted` before it returns.
   */
  wait(timeoutMs: number, done: (failure?: UpstreamResult) => void): () => void {
    const caller = new AsyncResource('TencentCaptchaKeys')
    let isSettled = false
    const settle: Waiter = (failure) => {
      if (isSettled) return
      isSettled = true
      timer.cancel()
      this.#waiters.delete(settle)
      caller.runInAsyncScope(done, undefined, failure)
    }
    const timer = this.#clock.after(timeoutMs, () => {
      this.#clock.afterPoll(() => settle(this.#failure('getCredential() did not settle in time')))
    })
    if (this.#clock.nowMs() >= this.#pausedUntilMs) this.#ask()
    if (this.#underWay?.isAwaited) this.#waiters.add(settle)
    else process.nextTick(settle, this.#failure())
    return () => settle({ kind: 'aborted' })
  }

  /** Tencent refused these keys: were they rotated? Asks the provider, unless that was just done. */
  reject(credential: TencentCredential): void {
    if (credential !== this.#keys?.credential) return
    this.#rejected = credential
    if (this.#clock.nowMs() >= this.#pausedUntilMs) this.#ask()
  }

  /** Whether the provider's last call failed. */
  get isFailing(): boolean {
    return this.#lastFailure !== undefined
  }

  /** The keys as plain JSON. */
  snapshot(): CredentialSnapshot {
    const nowMs = this.#clock.nowMs()
    const { obtainedMs, expiresMs = Number.POSITIVE_INFINITY } = this.#keys ?? {}
    return {
      source: 'provider',
      ...(obtainedMs !== undefined && { ageMs: Math.round(nowMs - obtainedMs) }),
      ...(Number.isFinite(expiresMs) && {
        expiresAt: new Date(this.#clock.epochMs() + expiresMs - nowMs).toISOString(),
      }),
      ...(this.#lastFailure && {
        lastFailure: { problem: this.#lastFailure.problem, agoMs: Math.round(nowMs - this.#lastFailure.atMs) },
      }),
    }
  }

  /** Frees the timers; what the provider brings from here on is not looked at. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#giveUpAttempt()
    for (const settle of this.#waiters) settle({ kind: 'aborted' })
  }

  #ask(): void {
    if (this.#underWay !== undefined || this.#isClosed) return
    this.#ownContext.runInAsyncScope(() => this.#start())
  }

  #start(): void {
    this.#timer?.cancel()
    const attempt: Attempt = { number: ++this.#attempts, isAwaited: true, timers: [] }
    this.#underWay = attempt
    const late = () => this.#end(attempt, { kind: 'failed', problem: `getCredential() took over ${attemptMs} ms` })
    attempt.timers.push(this.#clock.after(attemptMs, () => this.#clock.afterPoll(late)))
    if (this.#failures > 0) {
      attempt.timers.push(this.#clock.after(patienceAfterFailureMs, () => this.#stopAwaiting(attempt)))
    }
    void readCredential(this.#provider).then((result) => this.#end(attempt, result))
  }

  #stopAwaiting(attempt: Attempt): void {
    attempt.isAwaited = false
    this.#release(this.#failure())
  }

  /** A call that was given up may still bring keys, unless a later one has. */
  #end(attempt: Attempt, result: CredentialResult): void {
    if (this.#isClosed) return
    const isUnderWay = attempt === this.#underWay
    if (isUnderWay) this.#giveUpAttempt()
    const checked = this.#withoutExpired(result)
    if (checked.kind === 'failed') {
      if (isUnderWay) this.#fail(checked.problem)
    } else if (attempt.number > (this.#keys?.attempt.number ?? 0)) {
      this.#keep(checked, attempt)
    }
  }

  #giveUpAttempt(): void {
    for (const timer of this.#underWay?.timers ?? []) timer.cancel()
    this.#underWay = undefined
  }

  #withoutExpired(result: CredentialResult): CredentialResult {
    if (result.kind === 'failed' || result.expiresAtMs === undefined) return result
    return result.expiresAtMs > this.#clock.epochMs()
      ? result
      : { kind: 'failed', problem: 'getCredential() returned expired keys (expiresAtMs: milliseconds since 1970)' }
  }

  #keep(result: CredentialResult & { readonly kind: 'credential' }, attempt: Attempt): void {
    const nowMs = this.#clock.nowMs()
    const known = this.#keys?.credential
    const credential = known !== undefined && isSame(known, result.credential) ? known : result.credential
    // From here on only the monotonic clock counts: a wall clock that is set moves no expiry.
    const leftMs = (result.expiresAtMs ?? Number.POSITIVE_INFINITY) - this.#clock.epochMs()
    this.#keys = { credential, obtainedMs: nowMs, expiresMs: nowMs + leftMs, attempt }
    this.#lastFailure = undefined
    // The very keys that Tencent refuses are no progress.
    this.#failures = credential === this.#rejected ? this.#failures + 1 : 0
    this.#plan(Number.isFinite(leftMs) ? Math.min(leftMs * renewAfterShare, maxRenewalMs) : recheckMs)
    this.#release()
  }

  #fail(problem: string): void {
    this.#failures++
    this.#lastFailure = { problem, atMs: this.#clock.nowMs() }
    this.#plan(0)
    this.#tell(problem)
    this.#release(this.#failure(problem))
  }

  /** While the last keys are valid, reports a failure only after {@link quietFailures} others: a provider may fail once. */
  #tell(problem: string): void {
    const { expiresMs = Number.NEGATIVE_INFINITY } = this.#keys ?? {}
    const leftMs = expiresMs - this.#clock.nowMs()
    if (leftMs <= 0) return this.#onFailure(problem)
    if (this.#failures <= quietFailures) return
    const end = Number.isFinite(leftMs) ? ` until ${new Date(this.#clock.epochMs() + leftMs).toISOString()}` : ''
    this.#onFailure(`${problem}; the last keys serve${end}`)
  }

  /** Keys with an expiry are renewed without traffic as well, while they are valid; all others as calls need them. */
  #plan(delayMs: number): void {
    const nowMs = this.#clock.nowMs()
    this.#pausedUntilMs = nowMs + Math.min(minPauseMs * 2 ** Math.max(0, this.#failures - 1), maxPauseMs)
    this.#dueMs = Math.max(nowMs + delayMs, this.#pausedUntilMs)
    this.#timer?.cancel()
    const { expiresMs = Number.NEGATIVE_INFINITY } = this.#keys ?? {}
    if (Number.isFinite(expiresMs) && this.#dueMs < expiresMs) {
      this.#timer = this.#clock.after(this.#dueMs - nowMs, () => this.#ask())
    }
  }

  #release(failure?: UpstreamResult): void {
    for (const settle of this.#waiters) settle(failure)
  }

  #failure(problem = this.#lastFailure?.problem ?? 'there are no valid keys'): UpstreamResult {
    return { kind: this.#keys === undefined ? 'credential_failed' : 'credential_unavailable', problem }
  }
}

function isSame(a: TencentCredential, b: TencentCredential): boolean {
  return a.secretId === b.secretId && a.secretKey === b.secretKey && a.token === b.token
}
