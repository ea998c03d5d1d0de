import type { Clock } from '../../lib/clock.js'
import { ClientHistory } from '../../lib/site/client-history.js'
import { ReplayMemory } from '../../lib/site/replay-memory.js'
import type {
  CaptchaStore,
  SharedClaim,
  SharedClaimResult,
  SharedHistory,
  SharedOverride,
  SharedState,
  StoreContext,
  StorePurse,
  StoreSession,
} from '../../lib/store/captcha-store.js'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'
import { SlidingLog } from '../../lib/structures/sliding-log.js'

/** A process that was not heard of for this long is dead. */
const aliveMs = 15_000
const maxKeys = 1_000_000

/** What the processes of a simulated site share, as Redis would hold it. It outlives them. */
export class MemoryStore implements CaptchaStore {
  readonly kind = 'simulated'
  readonly #clock: Clock
  readonly #history = new ClientHistory(new KeyedHash(Buffer.from('same key')))
  readonly #replay = new ReplayMemory()
  readonly #passes = new Map<string, SlidingLog>()
  readonly #claims = new Map<string, number>()
  readonly #processes = new Map<string, { heardMs: number; baselinePerMinute: number | undefined }>()
  #baselinePerMinute: number | undefined
  #override: SharedOverride | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  connect({ processId }: StoreContext): StoreSession {
    return {
      claim: async (claim) => this.#claim(claim),
      release: async (claim) => this.#release(claim),
      recordVerified: async ({ ticketKey, clientKey }) => {
        const isFirst = this.#replay.markPassed(ticketKey, this.#now())
        if (isFirst) this.#history.noteVerified(clientKey, this.#now())
        return { isFirst }
      },
      recordHistory: async (clientKey) => {
        this.#history.noteVerified(clientKey, this.#now())
      },
      readHistory: async (clientKey) => this.#historyOf(clientKey),
      heartbeat: async ({ baselinePerMinute }) => this.#beat(processId, baselinePerMinute),
      setOverride: async (override) => {
        this.#override = override
      },
    }
  }

  #now(): number {
    return this.#clock.nowMs()
  }

  #claim(claim: SharedClaim): SharedClaimResult {
    const nowMs = this.#now()
    const history = this.#historyOf(claim.clientKey)
    if (claim.ticketKey !== undefined && this.#replay.has(claim.ticketKey, nowMs)) return { kind: 'replayed' }
    if (claim.requireKnown && history === undefined) return { kind: 'unknown_client' }
    const purse = claim.purses[0] as StorePurse
    const log = this.#passesOf(claim)
    if (log.count(claim.clientKey, nowMs) >= limitFor(purse, history)) return { kind: 'over_limit', history }
    log.add(claim.clientKey, nowMs)
    if (claim.ticketKey !== undefined) this.#replay.markPassed(claim.ticketKey, nowMs)
    this.#claims.set(claim.claimId, nowMs)
    if (this.#claims.size > 10_000) this.#claims.clear()
    return { kind: 'granted', history }
  }

  #release(claim: SharedClaim): void {
    const takenMs = this.#claims.get(claim.claimId)
    if (takenMs === undefined) return
    this.#claims.delete(claim.claimId)
    this.#passesOf(claim).remove(claim.clientKey, takenMs)
    if (claim.ticketKey !== undefined) this.#replay.unmark(claim.ticketKey)
  }

  #passesOf({ purses }: SharedClaim): SlidingLog {
    const { name: purse, windowMs } = purses[0] as StorePurse
    const log = this.#passes.get(purse) ?? new SlidingLog(windowMs, maxKeys)
    this.#passes.set(purse, log)
    return log
  }

  #historyOf(clientKey: string): SharedHistory | undefined {
    const nowMs = this.#now()
    return this.#history.isKnown(clientKey, nowMs)
      ? { verifiedPerMinute: this.#history.verifiedPerMinute(clientKey, nowMs) }
      : undefined
  }

  #beat(processId: string, baselinePerMinute: number | undefined): SharedState {
    const nowMs = this.#now()
    this.#processes.set(processId, { heardMs: nowMs, baselinePerMinute })
    for (const [id, { heardMs }] of this.#processes) if (nowMs - heardMs > aliveMs) this.#processes.delete(id)
    const alive = [...this.#processes.values()]
    const learned = alive.flatMap((process) => process.baselinePerMinute ?? [])
    if (learned.length === alive.length) this.#baselinePerMinute = learned.reduce((total, own) => total + own, 0)
    return { processes: alive.length, baselinePerMinute: this.#baselinePerMinute, override: this.#override }
  }
}

function limitFor({ limit, windowMs, ownRateFactor }: StorePurse, history: SharedHistory | undefined): number {
  if (limit === 0 || history === undefined) return limit
  return Math.max(limit, Math.floor((ownRateFactor * history.verifiedPerMinute * windowMs) / 60_000))
}
