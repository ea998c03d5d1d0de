import { type Clock, systemClock } from '../clock.js'
import { AgingMap } from '../structures/aging-map.js'
import type {
  CaptchaStore,
  StoreClaim,
  StoreClaimResult,
  StoreContext,
  StoreHistory,
  StoreLearned,
  StoreLifetimes,
  StoreOverride,
  StorePurse,
  StoreSession,
  StoreState,
  StoreVerified,
} from './captcha-store.js'
import { ClientHistory } from './client-history.js'
import { clientLimit } from './client-limit.js'
import { maxStatuses } from './status-bounds.js'

/** Options of {@link memoryStore}. `undefined` equals absent. */
export interface MemoryStoreOptions {
  /** Monotonic milliseconds for every duration. @default the system clock */
  clock?: { nowMs(): number } | undefined
  /** @internal Makes the history of an app id, for simulations that must be repeatable. */
  newHistory?: (() => ClientHistory) | undefined
}

/**
 * A store in the memory of this process: for several guards of one process, for tests, and as a model of the contract. It
 * shares nothing with other processes, and a restart empties it. A guard without a `store` needs none of this.
 *
 * Its memory is bounded: the 500 000 tickets, the 500 000 clients and purses, and the million client histories that were used
 * last, for each app id; older ones are forgotten first. No timer; what is over is removed as new values arrive.
 */
export function memoryStore(options: MemoryStoreOptions = {}): CaptchaStore {
  const { clock = systemClock, newHistory = () => new ClientHistory() } = options
  const sites = new Map<number, SiteMemory>()
  return Object.freeze({
    kind: 'memory',
    connect({ captchaAppId, processId, lifetimes }: StoreContext): StoreSession {
      const site = sites.get(captchaAppId) ?? new SiteMemory(clock, newHistory())
      sites.set(captchaAppId, site)
      return {
        claim: async (claim) => site.claim(claim),
        release: async (claim) => site.release(claim),
        recordVerified: async (verified) => ({ isFirst: site.recordVerified(verified) }),
        recordHistory: async (clientKey) => site.recordHistory(clientKey),
        readHistory: async (clientKey) => site.historyOf(clientKey),
        heartbeat: async (learned) => site.beat(processId, learned, lifetimes),
        setOverride: async (override) => site.setOverride(override, lifetimes),
        publishStatus: async (status) => site.publishStatus(processId, status),
        readStatuses: async () => site.statusesBeside(processId, lifetimes),
      }
    },
  })
}

const maxKeys = 500_000
const maxByLength = 256

interface TicketMark {
  /** The claim or the pass that marked it. */
  readonly by: string
  readonly endMs: number
}

interface ClientPasses {
  /** When each claim took its pass, oldest first. */
  readonly takenMs: Map<string, number>
  readonly endMs: number
}

interface LiveProcess {
  readonly heardMs: number
  readonly learned: StoreLearned
  readonly status?: { readonly text: string; readonly publishedMs: number } | undefined
}

interface SiteRate {
  readonly perMinute: number
  readonly endMs: number
}

/** What the store keeps of one app id. Every method runs to its end at once, which makes it atomic. */
class SiteMemory {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #history: ClientHistory
  readonly #tickets = new AgingMap<TicketMark>(maxKeys)
  readonly #passes = new AgingMap<ClientPasses>(maxKeys)
  /** In the order of their last heartbeats. */
  readonly #processes = new Map<string, LiveProcess>()
  #baseline: SiteRate | undefined
  #reference: SiteRate | undefined
  #override: { readonly value: StoreOverride; readonly endMs: number } | undefined

  constructor(clock: Pick<Clock, 'nowMs'>, history: ClientHistory) {
    this.#clock = clock
    this.#history = history
  }

  claim(claim: StoreClaim): StoreClaimResult {
    const nowMs = this.#clock.nowMs()
    const { claimId, purses, clientKey, ticketKey, replayMs, requireKnown } = claim
    const history = this.historyOf(clientKey)
    const drawn = purses.map((purse) => ({ purse, key: passesKey(purse, clientKey) }))
    if (drawn.some(({ key }) => this.#passes.get(key)?.takenMs.has(claimId))) return { kind: 'granted', history }
    if (ticketKey !== undefined && this.#markOf(ticketKey, nowMs) !== undefined) return { kind: 'replayed' }
    if (requireKnown && history === undefined) return { kind: 'unknown_client' }
    for (const { purse, key } of drawn) {
      const takenMs = this.#passTimes(key, nowMs - purse.windowMs)
      const limit = clientLimit(purse, history?.verifiedPerMinute)
      if (takenMs.length < limit) continue
      const endMs = limit === 0 ? nowMs : (takenMs[takenMs.length - limit] as number)
      return { kind: 'over_limit', history, retryAfterMs: endMs + purse.windowMs - nowMs }
    }
    for (const { purse, key } of drawn) this.#takePass(key, claimId, nowMs, purse.windowMs)
    if (ticketKey !== undefined) this.#mark(ticketKey, claimId, nowMs, replayMs)
    return { kind: 'granted', history }
  }

  release({ claimId, purses, clientKey, ticketKey }: StoreClaim): void {
    for (const purse of purses) {
      const key = passesKey(purse, clientKey)
      const passes = this.#passes.get(key)
      if (passes?.takenMs.delete(claimId) && passes.takenMs.size === 0) this.#passes.delete(key)
    }
    if (ticketKey !== undefined && this.#tickets.get(ticketKey)?.by === claimId) this.#tickets.delete(ticketKey)
  }

  /** Returns false if the ticket has passed already. */
  recordVerified({ passId, ticketKey, clientKey, replayMs, isVouched }: StoreVerified): boolean {
    const nowMs = this.#clock.nowMs()
    const by = this.#markOf(ticketKey, nowMs)
    if (by !== undefined) return by === passId
    this.#mark(ticketKey, passId, nowMs, replayMs)
    this.recordHistory(clientKey, isVouched)
    return true
  }

  recordHistory(clientKey: string, isVouched?: boolean): void {
    this.#history.noteVerified(clientKey, this.#clock.nowMs(), isVouched)
  }

  historyOf(clientKey: string): StoreHistory | undefined {
    const verifiedPerMinute = this.#history.verifiedPerMinute(clientKey, this.#clock.nowMs())
    return verifiedPerMinute > 0 ? { verifiedPerMinute } : undefined
  }

  beat(processId: string, learned: StoreLearned, lifetimes: StoreLifetimes): StoreState {
    const nowMs = this.#clock.nowMs()
    const status = this.#processes.get(processId)?.status
    this.#processes.delete(processId)
    this.#processes.set(processId, { heardMs: nowMs, learned, status })
    for (const [id, { heardMs }] of this.#processes) {
      if (nowMs - heardMs >= lifetimes.processMs) this.#processes.delete(id)
    }
    this.#baseline = this.#sum('baselinePerMinute', this.#baseline, nowMs, lifetimes.baselineMs)
    this.#reference = this.#sum('referencePerMinute', this.#reference, nowMs, lifetimes.referenceMs)
    if (this.#override !== undefined && this.#override.endMs <= nowMs) this.#override = undefined
    const override = this.#override?.value
    if (override !== undefined) this.#override = { value: override, endMs: nowMs + lifetimes.overrideMs }
    return {
      nowMs,
      processes: this.#processes.size,
      baselinePerMinute: this.#baseline?.perMinute,
      referencePerMinute: this.#reference?.perMinute,
      override,
    }
  }

  setOverride(override: StoreOverride, { overrideMs }: StoreLifetimes): StoreOverride {
    const nowMs = this.#clock.nowMs()
    const current = this.#override
    if (current !== undefined && current.endMs > nowMs) {
      const { id, setMs } = current.value
      if (id === override.id || (setMs > override.setMs && setMs <= nowMs)) return current.value
    }
    const value = { ...override, by: override.by.slice(0, maxByLength) }
    this.#override = { value, endMs: nowMs + overrideMs }
    return value
  }

  publishStatus(processId: string, text: string): void {
    const process = this.#processes.get(processId)
    if (process === undefined) return
    this.#processes.set(processId, { ...process, status: { text, publishedMs: this.#clock.nowMs() } })
  }

  statusesBeside(processId: string, { processMs }: StoreLifetimes): string[] {
    const sinceMs = this.#clock.nowMs() - processMs
    const others = [...this.#processes].filter(([id, { heardMs }]) => id !== processId && heardMs > sinceMs)
    return others
      .slice(-maxStatuses)
      .flatMap(([, { status }]) => (status !== undefined && status.publishedMs > sinceMs ? status.text : []))
  }

  /** The sum of what all live processes have learned; else the last one, as long as it lasts; else scaled from some of them. */
  #sum(rate: keyof StoreLearned, last: SiteRate | undefined, nowMs: number, lastsMs: number): SiteRate | undefined {
    const standing = last !== undefined && last.endMs > nowMs ? last : undefined
    const live = this.#processes.size
    const learned = [...this.#processes.values()].flatMap((process) => process.learned[rate] ?? [])
    if (learned.length < live && (learned.length === 0 || standing !== undefined)) return standing
    const sum = learned.reduce((total, perMinute) => total + perMinute, 0)
    return { perMinute: (sum * live) / learned.length, endMs: nowMs + lastsMs }
  }

  #markOf(ticketKey: string, nowMs: number): string | undefined {
    const mark = this.#tickets.get(ticketKey)
    return mark !== undefined && mark.endMs > nowMs ? mark.by : undefined
  }

  #mark(ticketKey: string, by: string, nowMs: number, replayMs: number): void {
    this.#tickets.set(ticketKey, { by, endMs: nowMs + replayMs }, ({ endMs }) => endMs <= nowMs)
  }

  /** Returns when the passes after `sinceMs` were taken, oldest first, and forgets the others. */
  #passTimes(key: string, sinceMs: number): readonly number[] {
    const takenMs = this.#passes.get(key)?.takenMs
    if (takenMs === undefined) return []
    for (const [claimId, atMs] of takenMs) {
      if (atMs > sinceMs) break
      takenMs.delete(claimId)
    }
    return [...takenMs.values()]
  }

  #takePass(key: string, claimId: string, nowMs: number, windowMs: number): void {
    const takenMs = this.#passes.get(key)?.takenMs ?? new Map<string, number>()
    takenMs.set(claimId, nowMs)
    this.#passes.set(key, { takenMs, endMs: nowMs + windowMs }, ({ endMs }) => endMs <= nowMs)
  }
}

/** A purse's name has no slash, so that no two pairs have the same key. */
function passesKey({ name, clientKey }: StorePurse, claimant: string): string {
  return `${name}/${clientKey ?? claimant}`
}
