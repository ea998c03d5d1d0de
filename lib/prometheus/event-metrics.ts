import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { callHook } from '../report/call-hook.js'
import { type CallMessage, captchaChannels, type LateVerdictMessage, type VerdictMessage } from '../report/channels.js'
import type { CaptchaChannel } from '../types.js'
import { KnownShare } from './known-share.js'
import type { NamedGuards } from './named-guards.js'
import { labelsOf, verdictSeries } from './verdict-series.js'

/** Around what Tencent usually takes, and the default deadline of 2 s. */
const callBuckets = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5]
const decisionBuckets = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5]

const lateOutcomes = ['genuine', 'refused', 'inconclusive'] as const

/** What is counted as it happens, from the messages of the diagnostics channels. */
export class EventMetrics {
  readonly names: readonly string[]
  readonly #guards: NamedGuards
  readonly #verdicts: Counter
  readonly #verified: Counter
  readonly #decisions: Histogram
  readonly #late: Counter
  readonly #calls: Counter
  readonly #callDurations: Histogram
  readonly #knownShares: ReadonlyMap<string, KnownShare>
  readonly #begun = new Set<string>()
  readonly #subscriptions: readonly (readonly [name: string, take: (message: unknown) => void])[]

  constructor(guards: NamedGuards, register: Registry) {
    const registers = [register]
    const shares = new Map(guards.names.map((name) => [name, new KnownShare()]))
    this.#guards = guards
    this.#knownShares = shares
    this.#verdicts = new Counter({
      name: 'tencent_captcha_verdicts_total',
      help: 'Decisions. A degraded one lacks the verdict of Tencent for its cause, and the reason of a degraded pass is its cause.',
      labelNames: ['guard', 'channel', 'result', 'reason', 'cause'],
      registers,
    })
    this.#verified = new Counter({
      name: 'tencent_captcha_verified_passes_total',
      help: 'Verified passes, by whether the client had history before: half of each purse is reserved for clients that have.',
      labelNames: ['guard', 'known'],
      registers,
    })
    const knownRatio = new Gauge({
      name: 'tencent_captcha_verified_known_ratio',
      help: 'Share of the verified passes of the last hour whose client had history before; absent without any.',
      labelNames: ['guard'],
      registers,
      collect() {
        this.reset()
        for (const [guard, share] of shares) {
          const ratio = share.ratio(performance.now())
          if (ratio !== undefined) this.set({ guard }, ratio)
        }
      },
    })
    this.#decisions = new Histogram({
      name: 'tencent_captcha_decision_duration_seconds',
      help: 'Time that requests spent in the guard.',
      labelNames: ['guard', 'result'],
      buckets: decisionBuckets,
      registers,
    })
    this.#late = new Counter({
      name: 'tencent_captcha_late_verdicts_total',
      help: 'What Tencent said later about tickets that had passed degraded.',
      labelNames: ['guard', 'outcome'],
      registers,
    })
    this.#calls = new Counter({
      name: 'tencent_captcha_calls_total',
      help: 'Calls to Tencent that ended, canaries included, by what they brought; circuit_open was given up.',
      labelNames: ['guard', 'endpoint', 'kind', 'outcome'],
      registers,
    })
    this.#callDurations = new Histogram({
      name: 'tencent_captcha_call_duration_seconds',
      help: 'Time that calls to Tencent took, canaries included, calls that were given up excepted.',
      labelNames: ['guard', 'endpoint', 'kind'],
      buckets: callBuckets,
      registers,
    })
    const own = [
      this.#verdicts,
      this.#verified,
      knownRatio,
      this.#decisions,
      this.#late,
      this.#calls,
      this.#callDurations,
    ]
    this.names = own.map((metric) => (metric as unknown as { readonly name: string }).name)
    for (const name of guards.names) this.#beginAtZero(name)
    this.#subscriptions = [
      listener<VerdictMessage>(captchaChannels.verdict, (message) => this.#countVerdict(message)),
      listener<LateVerdictMessage>(captchaChannels.lateVerdict, (message) => this.#countLate(message)),
      listener<CallMessage>(captchaChannels.call, (message) => this.#countCall(message)),
    ]
    for (const [name, take] of this.#subscriptions) subscribe(name, take)
  }

  /** Ends the subscriptions. */
  close(): void {
    for (const [name, take] of this.#subscriptions) unsubscribe(name, take)
  }

  #beginAtZero(guard: string): void {
    this.#beginChannel(guard, 'web')
    for (const known of ['true', 'false']) this.#verified.inc({ guard, known }, 0)
    for (const outcome of lateOutcomes) this.#late.inc({ guard, outcome }, 0)
  }

  #beginChannel(guard: string, channel: CaptchaChannel): void {
    const key = `${channel} ${guard}`
    if (this.#begun.has(key)) return
    this.#begun.add(key)
    for (const labels of verdictSeries()) this.#verdicts.inc({ guard, channel, ...labels }, 0)
  }

  #countVerdict({ guardId, channel, verdict, known }: VerdictMessage): void {
    const guard = this.#guards.ofGuard(guardId)
    if (guard === undefined) return
    const labels = labelsOf(verdict)
    this.#beginChannel(guard, channel)
    this.#verdicts.inc({ guard, channel, ...labels })
    this.#decisions.observe({ guard, result: labels.result }, verdict.durationMs / 1000)
    if (verdict.reason !== 'verified') return
    this.#verified.inc({ guard, known: String(known) })
    this.#knownShares.get(guard)?.note(known, performance.now())
  }

  #countLate({ guardId, lateVerdict }: LateVerdictMessage): void {
    const guard = this.#guards.ofGuard(guardId)
    if (guard !== undefined) this.#late.inc({ guard, outcome: lateVerdict.outcome })
  }

  /** A call belongs to the site, so it counts for each of its guards. */
  #countCall({ siteId, endpoint = 'client', kind, outcome, cause, durationMs }: CallMessage): void {
    for (const guard of this.#guards.ofSite(siteId)) {
      this.#calls.inc({ guard, endpoint, kind, outcome })
      if (cause !== 'circuit_open') this.#callDurations.observe({ guard, endpoint, kind }, durationMs / 1000)
    }
  }
}

/** What a subscriber throws would end the process. */
function listener<Message>(name: string, take: (message: Message) => void) {
  return [name, (message: unknown) => callHook(() => take(message as Message))] as const
}
