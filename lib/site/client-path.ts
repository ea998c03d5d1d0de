import type { ProbeReport } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import { RollingCounts } from '../structures/rolling-counts.js'
import type { ExpectedPasses } from './expected-passes.js'
import type { PathFinding } from './outage-watch.js'

/**
 * Fetches the script. Calls `done` exactly once, never before it has returned, and never throws. Returns a function that gives
 * the probe up.
 */
export type RunProbe = (done: (report: ProbeReport) => void) => () => void

/** What a client path is made of. */
export interface ClientPathOptions {
  readonly clock: Clock
  /** Returns what fetches the vendor's script; `undefined` where probing is off. */
  readonly probe: () => RunProbe | undefined
  readonly expected: Pick<ExpectedPasses, 'evidentPerMinute' | 'certainPerMinute'>
  /** Called at the end of every probe. */
  readonly onChange: () => void
}

/** Made once: the finding is asked for with every request. */
const findings = {
  unreachable: { state: 'outage', why: 'the vendor script cannot be fetched' },
  collapsed: { state: 'outage', why: 'verified passes collapsed' },
  onlyProbeFails: { state: 'suspect', why: 'the vendor script cannot be fetched, but users are verified' },
  reachable: { state: 'healthy', why: 'the vendor script can be fetched' },
  unknown: { state: 'healthy', why: 'no failure seen' },
  disproved: {
    state: 'healthy',
    why: 'the vendor script cannot be fetched, but users were verified as usual for long',
  },
} as const satisfies Record<string, PathFinding>

const probeEveryMs = 600_000
const probeEveryMsOnFallback = 10_000
const fiveMinutesMs = 300_000
const slotCount = 60

/** Shortest look-back for half of what is expected, and the passes expected in it that make it mean something. */
const shortWindowMs = 30_000
const meaningfulPasses = 10
/** Sites that expect fewer than this in five minutes are too quiet for their passes to say anything. */
const tellingPasses = 30
const collapseShare = 0.05
const collapseExpiresMs = 900_000
/** A probe that fails this long says nothing about the users when they are verified as expected meanwhile. */
const disproofMs = 900_000

/**
 * Decides whether the vendor's script reaches the users. Fallback tickets claim that it does not, but any caller can type one,
 * so their number is no evidence. Evidence is what this server sees itself: its own probe of the script, and verified passes,
 * which cannot be forged, that fall away.
 */
export class ClientPath {
  readonly #options: ClientPathOptions
  readonly #passes = new RollingCounts(['verified'], fiveMinutesMs, slotCount)
  /** Since when passes that are missing mean something; infinite while Tencent is not asked. */
  #watchedSinceMs: number
  #lastProbeStartMs = Number.NEGATIVE_INFINITY
  #giveUpProbe: (() => void) | undefined
  #isClosed = false
  /** A probe is trusted from its first success on, until users disprove its failure. */
  #trust: 'unproven' | 'trusted' | 'disproved' = 'unproven'
  /** Since when the trusted probe fails, and the verified passes since then; begun anew where they were too few. */
  #failing: { readonly sinceMs: number; passes: number } | undefined
  #collapsedSinceMs: number | undefined

  constructor(options: ClientPathOptions) {
    this.#options = options
    this.#watchedSinceMs = options.clock.nowMs()
  }

  /** Any request that brought a ticket: keeps the probe fresh, without a timer. */
  noteTraffic(isFallback: boolean): void {
    const intervalMs = isFallback ? probeEveryMsOnFallback : probeEveryMs
    if (this.#options.clock.nowMs() - this.#lastProbeStartMs >= intervalMs) this.#startProbe()
  }

  /** One client's verified pass, counted once a minute. */
  noteVerified(): void {
    this.#passes.add('verified', this.#options.clock.nowMs())
    if (this.#failing !== undefined) this.#weighFailure(this.#failing)
  }

  /** Ends the watch for a collapse of verified passes, or begins it anew: where Tencent is not asked none is verified. */
  watchPasses(isOn: boolean): void {
    this.#watchedSinceMs = isOn ? this.#options.clock.nowMs() : Number.POSITIVE_INFINITY
  }

  /** The state now; `outage` is evidence for fallback tickets. */
  finding(): PathFinding {
    const probeFails = this.#failing !== undefined
    if (probeFails && this.#passesAreHalved()) return findings.unreachable
    if (this.#hasCollapsed()) return findings.collapsed
    if (probeFails) return findings.onlyProbeFails
    if (this.#trust === 'disproved') return findings.disproved
    return this.#trust === 'trusted' ? findings.reachable : findings.unknown
  }

  /** Gives up the probe under way; none starts after it. */
  close(): void {
    this.#isClosed = true
    this.#giveUpProbe?.()
  }

  /** True below half of what is expected, and on a quiet site, whose probe is evidence without passes. */
  #passesAreHalved(): boolean {
    const perMinute = this.#options.expected.evidentPerMinute()
    if (perMinute === undefined || (perMinute * fiveMinutesMs) / 60_000 < tellingPasses) return true
    const windowMs = Math.min(fiveMinutesMs, Math.max(shortWindowMs, (meaningfulPasses / perMinute) * 60_000))
    const passes = this.#passes.count('verified', this.#options.clock.nowMs(), windowMs)
    return passes < 0.5 * ((perMinute * windowMs) / 60_000)
  }

  /**
   * Takes its trust from a probe that fails while users are verified: a firewall may have closed the way of this machine, and
   * each quiet night would be evidence. It is trusted again when it has succeeded once more.
   */
  #weighFailure(failing: { readonly sinceMs: number; passes: number }): void {
    failing.passes++
    const nowMs = this.#options.clock.nowMs()
    const lastedMs = nowMs - failing.sinceMs
    if (lastedMs < disproofMs) return
    const half = (0.5 * (this.#options.expected.evidentPerMinute() ?? 0) * lastedMs) / 60_000
    if (failing.passes >= Math.max(meaningfulPasses, half)) {
      this.#trust = 'disproved'
      this.#failing = undefined
    } else if (half >= meaningfulPasses) {
      this.#failing = { sinceMs: nowMs, passes: 0 }
    }
  }

  #learnFromProbe(report: ProbeReport): void {
    if (report === 'reachable') {
      this.#trust = 'trusted'
      this.#failing = undefined
    } else if (report === 'unreachable' && this.#trust === 'trusted') {
      this.#failing ??= { sinceMs: this.#options.clock.nowMs(), passes: 0 }
    }
  }

  /**
   * True while hardly any of many expected passes is verified; false again after 15 minutes of that, as the new normal. Who
   * buys solves and stops makes passes collapse, but none of those that could be expected without them.
   */
  #hasCollapsed(): boolean {
    const nowMs = this.#options.clock.nowMs()
    const expected = ((this.#options.expected.certainPerMinute() ?? 0) * fiveMinutesMs) / 60_000
    const isSeenWhole = nowMs - this.#watchedSinceMs >= fiveMinutesMs
    if (!isSeenWhole || expected < tellingPasses || this.#passes.count('verified', nowMs) >= collapseShare * expected) {
      this.#collapsedSinceMs = undefined
      return false
    }
    this.#collapsedSinceMs ??= nowMs
    return nowMs - this.#collapsedSinceMs < collapseExpiresMs
  }

  #startProbe(): void {
    const probe = this.#options.probe()
    if (probe === undefined || this.#giveUpProbe !== undefined || this.#isClosed) return
    this.#lastProbeStartMs = this.#options.clock.nowMs()
    this.#giveUpProbe = () => {}
    this.#giveUpProbe = probe((report) => {
      this.#giveUpProbe = undefined
      if (this.#isClosed) return
      this.#learnFromProbe(report)
      this.#options.onChange()
    })
  }
}
