import type { Clock, Timer } from '../clock.js'
import type { LateSnapshot } from '../site/late-verification.js'
import type { EndedOutage, OutageListener, StateChanged } from '../site/outage-watch.js'
import type { CaptchaLogger } from '../types.js'
import type { StateChange } from './channels.js'

const noLate: LateSnapshot = Object.freeze({ waiting: 0, genuine: 0, refused: 0, inconclusive: 0 })

/** The line at an outage's end waits this long for the late verdicts it sums up. */
const waitForLateMs = 5_000

/** What the lines of one path are written from. */
export interface OutageLogOptions {
  readonly path: 'api' | 'client'
  readonly announce: {
    event(level: keyof CaptchaLogger, event: string, fields: object): void
    state(change: StateChange): void
  }
  readonly clock: Clock
  /** Absent where no ticket is verified late. */
  readonly late?: () => LateSnapshot
}

/** Publishes a path's changes, and writes a line at the start of an outage and one at its end, with the late verdicts. */
export class OutageLog implements OutageListener {
  readonly #options: OutageLogOptions
  #countsAtStart: LateSnapshot
  #pending: { readonly outage: EndedOutage; readonly timer: Timer } | undefined

  constructor(options: OutageLogOptions) {
    this.#options = options
    this.#countsAtStart = noLate
  }

  changed(change: StateChanged): void {
    const { path, announce } = this.#options
    announce.state({ kind: 'path', path, ...change })
  }

  started({ why }: { readonly why: string }): void {
    this.flush()
    this.#countsAtStart = this.#late()
    this.#options.announce.event('warn', 'captcha_outage_started', { path: this.#options.path, why })
  }

  ended(outage: EndedOutage): void {
    const timer = this.#options.clock.after(waitForLateMs, () => this.flush())
    this.#pending = { outage, timer }
    if (this.#late().waiting === 0) this.flush()
  }

  /** Writes the line that waits, if one does. */
  flush(): void {
    if (this.#pending === undefined) return
    const { outage, timer } = this.#pending
    this.#pending = undefined
    timer.cancel()
    const { path, announce } = this.#options
    const { why, durationMs, decisions } = outage
    announce.event('info', 'captcha_outage_ended', {
      path,
      why,
      durationMs: Math.round(durationMs),
      decisions,
      ...(path === 'api' && { late: this.#lateSummary() }),
    })
  }

  #late(): LateSnapshot {
    return this.#options.late?.() ?? noLate
  }

  #lateSummary(): object {
    const now = this.#late()
    const genuine = now.genuine - this.#countsAtStart.genuine
    const refused = now.refused - this.#countsAtStart.refused
    const inconclusive = now.inconclusive - this.#countsAtStart.inconclusive
    const judged = genuine + refused
    return {
      genuine,
      refused,
      inconclusive,
      ...(judged > 0 && { genuineShare: Number((genuine / judged).toFixed(3)) }),
    }
  }
}
