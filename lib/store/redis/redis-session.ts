import type {
  StoreClaim,
  StoreClaimResult,
  StoreContext,
  StoreHistory,
  StoreLearned,
  StoreOverride,
  StoreSession,
  StoreState,
  StoreVerified,
} from '../captcha-store.js'
import { maxStatusBytes, maxStatuses } from '../status-bounds.js'
import type { KeyKind, KeyNames } from './key-names.js'
import type { ScriptRunner } from './redis-client.js'
import { type LuaScript, scripts } from './scripts.js'

const maxByLength = 256

/** The operations of one process on Redis. They reject when Redis or the client does; the caller has the deadline. */
export class RedisSession implements StoreSession {
  readonly #runner: ScriptRunner
  readonly #keys: KeyNames
  readonly #context: StoreContext
  readonly #reportedKinds = new Set<string>()

  constructor(runner: ScriptRunner, keys: KeyNames, context: StoreContext) {
    this.#runner = runner
    this.#keys = keys
    this.#context = context
  }

  async claim({
    claimId,
    purses,
    clientKey,
    ticketKey,
    requireKnown,
    replayMs,
  }: StoreClaim): Promise<StoreClaimResult> {
    const limits = purses.flatMap(({ limit, windowMs, ownRateFactor }) => [limit, windowMs, ownRateFactor])
    const { rateMemoryMs } = this.#context.lifetimes
    const keys = [this.#keys.history(clientKey), ...this.#keysOf({ purses, clientKey, ticketKey })]
    const args = [claimId, requireKnown ? 1 : 0, replayMs, rateMemoryMs, ...limits]
    const [kind, perMinute, retryAfterMs] = await this.#run(scripts.claim, keys, args)
    switch (kind) {
      case 'granted':
        return { kind, history: historyOf(perMinute) }
      case 'over_limit':
        return { kind, history: historyOf(perMinute), retryAfterMs: finite(retryAfterMs) }
      case 'replayed':
      case 'unknown_client':
        return { kind }
      default:
        throw unreadable()
    }
  }

  async release(claim: StoreClaim): Promise<void> {
    await this.#run(scripts.release, this.#keysOf(claim), [claim.claimId, claim.purses.length])
  }

  async recordVerified(verified: StoreVerified): Promise<{ isFirst: boolean }> {
    const { passId, ticketKey, clientKey, replayMs, isVouched = false } = verified
    const { historyMs, rateMemoryMs } = this.#context.lifetimes
    const keys = [this.#keys.history(clientKey), this.#keys.ticket(ticketKey)]
    const args = [historyMs, rateMemoryMs, replayMs, passId, isVouched ? 1 : 0]
    const [kind] = await this.#run(scripts.recordVerified, keys, args)
    return { isFirst: kind === 'recorded' }
  }

  async recordHistory(clientKey: string): Promise<void> {
    const { historyMs, rateMemoryMs } = this.#context.lifetimes
    await this.#run(scripts.recordVerified, [this.#keys.history(clientKey)], [historyMs, rateMemoryMs])
  }

  async readHistory(clientKey: string): Promise<StoreHistory | undefined> {
    const { rateMemoryMs } = this.#context.lifetimes
    const [, perMinute] = await this.#run(scripts.readHistory, [this.#keys.history(clientKey)], [rateMemoryMs])
    return historyOf(perMinute)
  }

  async heartbeat({ baselinePerMinute, referencePerMinute }: StoreLearned): Promise<StoreState> {
    const { processMs, baselineMs, referenceMs, overrideMs } = this.#context.lifetimes
    const keys = [this.#keys.processes, this.#keys.baseline, this.#keys.reference, this.#keys.override]
    const learned = [baselinePerMinute ?? '', referencePerMinute ?? '']
    const args = [this.#context.processId, ...learned, processMs, baselineMs, referenceMs, overrideMs]
    const [nowMs, processes, baseline, reference, ...override] = await this.#run(scripts.heartbeat, keys, args)
    return {
      nowMs: finite(nowMs),
      processes: Math.max(1, finite(processes)),
      baselinePerMinute: baseline ? finite(baseline) : undefined,
      referencePerMinute: reference ? finite(reference) : undefined,
      override: override.length > 0 ? overrideOf(override) : undefined,
    }
  }

  async setOverride({ id, mode, by, forMs, setMs }: StoreOverride): Promise<StoreOverride> {
    const { overrideMs } = this.#context.lifetimes
    const args = [id, mode, by.slice(0, maxByLength), forMs ?? '', setMs, overrideMs]
    return overrideOf(await this.#run(scripts.setOverride, [this.#keys.override], args))
  }

  async publishStatus(status: string): Promise<void> {
    const { processId, lifetimes } = this.#context
    const keys = [this.#keys.processes, this.#keys.statuses]
    await this.#run(scripts.publishStatus, keys, [processId, status, lifetimes.processMs])
  }

  readStatuses(): Promise<string[]> {
    const { processId, lifetimes } = this.#context
    const keys = [this.#keys.processes, this.#keys.statuses]
    return this.#run(scripts.readStatuses, keys, [processId, lifetimes.processMs, maxStatuses, maxStatusBytes])
  }

  /** The keys that a claim takes from, and its ticket's. */
  #keysOf({ purses, clientKey, ticketKey }: Pick<StoreClaim, 'purses' | 'clientKey' | 'ticketKey'>): string[] {
    const passes = purses.map((purse) => this.#keys.passes(purse.name, purse.clientKey ?? clientKey))
    return ticketKey === undefined ? passes : [...passes, this.#keys.ticket(ticketKey)]
  }

  /** Runs a script and reports the keys that it found corrupted. Reads replies as text: some clients return buffers. */
  async #run(script: LuaScript, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<string[]> {
    const reply = await this.#runner.run(script, { keys, args: args.map(String) })
    if (!Array.isArray(reply)) throw unreadable()
    const [corrupted = '', ...values] = reply.map(String)
    for (const kind of corrupted.split(',')) this.#report(kind)
    return values
  }

  #report(kind: string): void {
    if (kind === '' || this.#reportedKinds.has(kind)) return
    this.#reportedKinds.add(kind)
    this.#context.onCorruption(this.#keys.pattern(kind as KeyKind))
  }
}

function historyOf(perMinute: string | undefined): StoreHistory | undefined {
  return perMinute ? { verifiedPerMinute: finite(perMinute) } : undefined
}

function isMode(mode: string | undefined): mode is StoreOverride['mode'] {
  return mode === 'pass' || mode === 'verify_only' || mode === 'none'
}

function overrideOf([id = '', mode, by = '', forMs, setMs]: readonly string[]): StoreOverride {
  if (!isMode(mode)) throw unreadable()
  return { id, mode, by, forMs: forMs === '' ? null : finite(forMs), setMs: finite(setMs) }
}

function finite(text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || !Number.isFinite(value)) throw unreadable()
  return value
}

function unreadable(): Error {
  return new Error('unreadable answer from Redis')
}
