import { replayWindowMs } from '../../site/replay-memory.js'
import type {
  SharedClaim,
  SharedClaimResult,
  SharedHistory,
  SharedOverride,
  SharedState,
  SharedVerified,
  StoreContext,
  StorePurse,
  StoreSession,
} from '../captcha-store.js'
import type { KeyKind, KeyNames } from './key-names.js'
import type { LuaScript } from './lua-script.js'
import type { ScriptCall, ScriptRunner } from './script-runner.js'
import { claimScript } from './scripts/claim.js'
import { heartbeatScript } from './scripts/heartbeat.js'
import { readHistoryScript } from './scripts/read-history.js'
import { recordVerifiedScript } from './scripts/record-verified.js'
import { releaseScript } from './scripts/release.js'
import { setOverrideScript } from './scripts/set-override.js'

/** A process that has not been heard of for this long lives no more: three heartbeats. */
const aliveMs = 15_000
const keepBaselineMs = 24 * 3_600_000
/** How long an override without an end outlives the last process; every heartbeat renews it. */
const keepOverrideMs = 7 * 24 * 3_600_000
const maxByLength = 256

/** One guard's operations on Redis. They reject when Redis or the client does; the caller has the deadline. */
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

  async claim(claim: SharedClaim): Promise<SharedClaimResult> {
    const { claimId, clientKey, requireKnown, replayMs } = claim
    const { name: purse, limit, windowMs, ownRateFactor } = claim.purses[0] as StorePurse
    const [kind, perMinute] = await this.#run(claimScript, {
      keys: [this.#keys.history(clientKey), this.#keys.passes(purse, clientKey), ...this.#ticketKeys(claim.ticketKey)],
      args: [claimId, limit, windowMs, ownRateFactor, requireKnown ? 1 : 0, replayMs].map(String),
    })
    switch (kind) {
      case 'granted':
      case 'over_limit':
        return { kind, history: historyOf(perMinute) }
      case 'replayed':
      case 'unknown_client':
        return { kind }
      default:
        throw unreadable()
    }
  }

  async release({ claimId, purses, clientKey, ticketKey }: SharedClaim): Promise<void> {
    await this.#run(releaseScript, {
      keys: [this.#keys.passes((purses[0] as StorePurse).name, clientKey), ...this.#ticketKeys(ticketKey)],
      args: [claimId],
    })
  }

  async recordVerified({ passId, ticketKey, clientKey }: SharedVerified): Promise<{ isFirst: boolean }> {
    const keys = [this.#keys.history(clientKey), this.#keys.ticket(ticketKey)]
    const [kind] = await this.#run(recordVerifiedScript, { keys, args: [String(replayWindowMs), passId] })
    return { isFirst: kind === 'recorded' }
  }

  async recordHistory(clientKey: string): Promise<void> {
    await this.#run(recordVerifiedScript, { keys: [this.#keys.history(clientKey)], args: [] })
  }

  async readHistory(clientKey: string): Promise<SharedHistory | undefined> {
    const [, perMinute] = await this.#run(readHistoryScript, { keys: [this.#keys.history(clientKey)], args: [] })
    return historyOf(perMinute)
  }

  async heartbeat({ baselinePerMinute }: { baselinePerMinute: number | undefined }): Promise<SharedState> {
    const own = baselinePerMinute ?? ''
    const [processes, baseline, mode, by, until, set] = await this.#run(heartbeatScript, {
      keys: [this.#keys.processes, this.#keys.baseline, this.#keys.override],
      args: [this.#context.processId, own, aliveMs, keepBaselineMs, keepOverrideMs].map(String),
    })
    return {
      processes: Math.max(1, finite(processes)),
      baselinePerMinute: baseline ? finite(baseline) : undefined,
      override: isMode(mode) ? sharedOverride(mode, by ?? '', until ?? '', set ?? '') : undefined,
    }
  }

  /** Its end counts from its setting, both by the clock of the process that set it. */
  async setOverride({ mode, by, untilEpochMs, setEpochMs }: SharedOverride): Promise<void> {
    const lastsMs = untilEpochMs === null ? keepOverrideMs : Math.max(1, Math.ceil(untilEpochMs - setEpochMs))
    await this.#run(setOverrideScript, {
      keys: [this.#keys.override],
      args: [mode, by.slice(0, maxByLength), untilEpochMs ?? '', setEpochMs, lastsMs].map(String),
    })
  }

  #ticketKeys(ticketKey: string | undefined): string[] {
    return ticketKey === undefined ? [] : [this.#keys.ticket(ticketKey)]
  }

  /** Runs a script and passes on what it found spoiled. Replies are read as text: clients may be set to give buffers. */
  async #run(script: LuaScript, call: ScriptCall): Promise<string[]> {
    const reply = await this.#runner.run(script, call)
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

function historyOf(perMinute: string | undefined): SharedHistory | undefined {
  return perMinute ? { verifiedPerMinute: finite(perMinute) } : undefined
}

function isMode(mode: string | undefined): mode is SharedOverride['mode'] {
  return mode === 'pass' || mode === 'verify_only' || mode === 'none'
}

function sharedOverride(mode: SharedOverride['mode'], by: string, until: string, set: string): SharedOverride {
  return { mode, by, untilEpochMs: until === '' ? null : finite(until), setEpochMs: finite(set) }
}

function finite(text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || !Number.isFinite(value)) throw unreadable()
  return value
}

function unreadable(): Error {
  return new Error('unreadable answer from Redis')
}
