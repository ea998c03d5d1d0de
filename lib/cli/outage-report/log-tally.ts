import { captchaReasons } from '../../admission/cause-table.js'
import { plainText } from '../plain-text.js'
import type { CaptchaLine } from './captcha-line.js'
import { type DecisionKind, type LateKind, MinuteTally } from './minute-tally.js'

/** The step in which a log is summed up, in milliseconds. */
export const minuteMs = 60_000

/** Bounds of what is kept. Beyond them figures are approximated, and the report says so. */
export interface TallyBounds {
  /** Minutes in which something was decided. @default 20 000 */
  readonly minutes: number
  /** Clients, summed over minutes. @default 100 000 */
  readonly clients: number
  /** Of each: outage lines, override lines, process names, kinds of decisions. @default 10 000 */
  readonly others: number
}

/** See {@link TallyBounds}. */
export const defaultBounds: TallyBounds = { minutes: 20_000, clients: 100_000, others: 10_000 }

/** `captcha_outage_started` or `captcha_outage_ended`, as logged. */
export interface OutageMark {
  readonly kind: 'started' | 'ended'
  readonly atMs: number
  readonly process: string
  readonly path: string
  readonly why: string
  /** 0 for a start. */
  readonly durationMs: number
}

/** `captcha_override`, as logged. */
export interface OverrideMark {
  readonly atMs: number
  readonly mode: string
  readonly by: string
  readonly why: string
  readonly until: string | undefined
}

/** What is kept of one CAPTCHA application. */
export class AppTally {
  readonly captchaAppId: number
  readonly minutes = new Map<number, MinuteTally>()
  readonly outageMarks: OutageMark[] = []
  readonly overrideMarks: OverrideMark[] = []
  /** Minutes that there was no room for, as one. */
  readonly folded = new MinuteTally(Number.NaN)

  constructor(captchaAppId: number) {
    this.captchaAppId = captchaAppId
  }

  minuteOf(atMs: number): MinuteTally | undefined {
    return this.minutes.get(Math.floor(atMs / minuteMs) * minuteMs)
  }
}

/** Applications beyond these share one tally: who writes the log must not choose how much memory it takes. */
const maxApps = 32
const fewestClients = 10
const maxKindLength = 300
const noClient = '(address not logged)'

/** Sums up the guard's lines by minute, in any order and in bounded memory. */
export class LogTally {
  readonly apps = new Map<number, AppTally>()
  /** Lines by event, `captcha_` events without figures included. */
  readonly events = new Map<string, number>()
  readonly processes = new Set<string>()
  /** What the bounds cost, in words. */
  readonly approximations = new Set<string>()
  fromMs = Number.POSITIVE_INFINITY
  toMs = Number.NEGATIVE_INFINITY
  readonly #bounds: TallyBounds
  readonly #decisionKinds = new Map<string, DecisionKind>()
  readonly #lateKinds = new Map<string, LateKind>()
  #minutes = 0
  #clients = 0
  #clientCapacity = Number.POSITIVE_INFINITY
  #last: { readonly app: AppTally; readonly minute: MinuteTally } | undefined

  constructor(bounds: TallyBounds = defaultBounds) {
    this.#bounds = bounds
  }

  /** Returns false for a line whose fields are not those of its event. */
  add(line: CaptchaLine): boolean {
    const isCounted = this.#route(line)
    if (!isCounted) return false
    if (this.events.size < 64 || this.events.has(line.event)) {
      this.events.set(line.event, (this.events.get(line.event) ?? 0) + 1)
    }
    if (this.processes.size < this.#bounds.others) this.processes.add(line.process)
    this.fromMs = Math.min(this.fromMs, line.atMs)
    this.toMs = Math.max(this.toMs, line.atMs)
    return true
  }

  #route(line: CaptchaLine): boolean {
    switch (line.event) {
      case 'captcha_degraded':
      case 'captcha_refused':
      case 'captcha_verified':
        return this.#addDecision(line)
      case 'captcha_late_verdict':
        return this.#addLate(line)
      case 'captcha_outage_started':
      case 'captcha_outage_ended':
        return this.#addOutageMark(line)
      case 'captcha_override':
        return this.#addOverrideMark(line)
      default:
        return true
    }
  }

  #addDecision(line: CaptchaLine): boolean {
    const { fields } = line
    if (typeof fields.passed !== 'boolean' || typeof fields.reason !== 'string') return false
    const kind = this.#decisionKind(line)
    if (kind === undefined) return false
    const minute = this.#minute(line)
    minute.decisions.set(kind, (minute.decisions.get(kind) ?? 0) + 1)
    const { durationMs, suppressed, evidence, purse } = fields
    if (isCount(suppressed)) addSuppressed(minute, kind.event, suppressed, fields.suppressedByReason)
    if (evidence === 'outage' || purse === 'outage') this.#noteEvidence(minute, line)
    if (!kind.passed) return true
    if (isCount(durationMs)) minute.waits.add(durationMs)
    if (kind.event === 'captcha_degraded') this.#countClient(minute, fields.userIp)
    return true
  }

  /** Minutes side by side with evidence are one outage, see `outageWindows`. */
  #noteEvidence(minute: MinuteTally, { fields, atMs }: CaptchaLine): void {
    const isFirst = minute.evidence === undefined
    minute.noteEvidence(atMs)
    if (!isFirst) return
    const app = this.#app(fields)
    for (const neighbour of [app.minuteOf(atMs - minuteMs), app.minuteOf(atMs + minuteMs)]) {
      if (neighbour?.evidence === undefined) continue
      const before = minute.clients.size + neighbour.clients.size
      minute.joinClients(neighbour)
      this.#clients -= before - minute.clients.size
    }
  }

  #countClient(minute: MinuteTally, userIp: unknown): void {
    const client = typeof userIp === 'string' && userIp.length <= 64 ? plainText(userIp) : noClient
    if (!minute.clients.add(client)) return
    this.#clients++
    const capacity = this.#clientCapacity
    // Up to twice as many: to look for the ones with fewest passes takes a sort.
    if (minute.clients.size > 2 * capacity) this.#clients -= pruned(minute, capacity)
    if (this.#clients > this.#bounds.clients && capacity > fewestClients) this.#pruneAll()
  }

  #pruneAll(): void {
    const largest = Math.min(this.#clientCapacity, this.#bounds.clients / 8)
    this.#clientCapacity = Math.max(fewestClients, Math.floor(largest / 2))
    for (const app of this.apps.values()) {
      for (const each of [...app.minutes.values(), app.folded]) this.#clients -= pruned(each, this.#clientCapacity)
    }
  }

  #addLate(line: CaptchaLine): boolean {
    const { outcome, reason } = line.fields
    if (typeof outcome !== 'string') return false
    const key = `${outcome}|${reason ?? ''}`
    const kind = this.#intern(this.#lateKinds, key, () => ({ outcome: plainText(outcome), reason: text(reason) }))
    if (kind === undefined) return false
    const { late } = this.#minute({ ...line, atMs: passTime(line) })
    late.set(kind, (late.get(kind) ?? 0) + 1)
    return true
  }

  #addOutageMark({ event, atMs, process, fields }: CaptchaLine): boolean {
    const { path, why, durationMs } = fields
    const isEnd = event === 'captcha_outage_ended'
    if (isEnd && !(isCount(durationMs) && durationMs <= atMs)) return false
    this.#keep(this.#app(fields).outageMarks, {
      kind: isEnd ? 'ended' : 'started',
      atMs,
      process,
      path: text(path) ?? 'api',
      why: text(why) ?? '',
      durationMs: isEnd ? (durationMs as number) : 0,
    })
    return true
  }

  #addOverrideMark({ atMs, fields }: CaptchaLine): boolean {
    const { mode, by, why, until } = fields
    if (typeof mode !== 'string') return false
    const mark = { atMs, mode: plainText(mode), by: text(by) ?? '', why: text(why) ?? '', until: text(until) }
    this.#keep(this.#app(fields).overrideMarks, mark)
    return true
  }

  #keep<Mark>(marks: Mark[], mark: Mark): void {
    if (marks.length < this.#bounds.others) marks.push(mark)
    else this.approximations.add(`More than ${this.#bounds.others} outage or override lines: the others are not shown.`)
  }

  #decisionKind({ event, fields }: CaptchaLine): DecisionKind | undefined {
    const { reason, cause, purse, exhaustedBy, passed, clientErrorCode, ticketHash, clientKnown } = fields
    const ticket = clientErrorCode !== undefined ? 'fallback' : ticketHash !== undefined ? 'ordinary' : 'none'
    const client = clientKnown === true ? 'known' : clientKnown === false ? 'new' : 'unknown'
    const key = `${event}|${reason}|${cause}|${purse}|${exhaustedBy}|${passed}|${client}|${ticket}`
    return this.#intern(this.#decisionKinds, key, () => ({
      event,
      reason: plainText(reason as string),
      cause: text(cause),
      purse: text(purse),
      exhaustedBy: text(exhaustedBy),
      passed: passed === true,
      client,
      ticket,
    }))
  }

  /** Equal kinds are one object, so that a minute counts them by identity. */
  #intern<Kind>(kinds: Map<string, Kind>, key: string, make: () => Kind): Kind | undefined {
    const known = kinds.get(key)
    if (known !== undefined) return known
    if (kinds.size >= this.#bounds.others || key.length > maxKindLength) return undefined
    const kind = make()
    kinds.set(key, kind)
    return kind
  }

  #app({ captchaAppId }: CaptchaLine['fields']): AppTally {
    const given = isCount(captchaAppId) ? captchaAppId : 0
    const id = this.apps.has(given) || this.apps.size < maxApps ? given : 0
    const known = this.apps.get(id)
    if (known !== undefined) return known
    const app = new AppTally(id)
    this.apps.set(id, app)
    return app
  }

  #minute({ fields, atMs }: CaptchaLine): MinuteTally {
    const startMs = Math.floor(atMs / minuteMs) * minuteMs
    if (this.#last?.minute.startMs === startMs && this.#last.app.captchaAppId === fields.captchaAppId) {
      return this.#last.minute
    }
    const app = this.#app(fields)
    const minute = app.minutes.get(startMs) ?? this.#openMinute(app, startMs)
    this.#last = { app, minute }
    return minute
  }

  #openMinute(app: AppTally, startMs: number): MinuteTally {
    if (this.#minutes >= this.#bounds.minutes) this.#foldOne()
    this.#minutes++
    const minute = new MinuteTally(startMs)
    app.minutes.set(startMs, minute)
    return minute
  }

  /** Makes room: the minute that came first of those without evidence, else the first of all. */
  #foldOne(): void {
    this.approximations.add(
      `More than ${this.#bounds.minutes} minutes with decisions: the figures of the first ones count as outside of outages.`,
    )
    const all = [...this.apps.values()].flatMap((app) => [...app.minutes.values()].map((minute) => ({ app, minute })))
    const quiet = all.filter(({ minute }) => minute.evidence === undefined)
    // Many at once: to look for one takes as long.
    for (const { app, minute } of (quiet.length > 0 ? quiet : all).slice(0, Math.ceil(this.#bounds.minutes / 10))) {
      app.folded.merge(minute)
      // The clients of an outage's minute are those of its other minutes, too.
      if (minute.evidence === undefined) {
        app.folded.clients.merge(minute.clients)
      }
      app.minutes.delete(minute.startMs)
      this.#minutes--
    }
    this.#last = undefined
    this.#clients = this.#countedClients()
  }

  #countedClients(): number {
    const tallies = [...this.apps.values()].flatMap((app) => [...app.minutes.values(), app.folded])
    return [...new Set(tallies.map(({ clients }) => clients))].reduce((sum, { size }) => sum + size, 0)
  }
}

function pruned({ clients }: MinuteTally, capacity: number): number {
  const before = clients.size
  clients.prune(capacity)
  return before - clients.size
}

/** Adds lines that were left out. A log may come from outside: only reasons that exist are counted. */
function addSuppressed(minute: MinuteTally, event: string, lines: number, byReason: unknown): void {
  minute.addSuppressed(event, lines)
  if (typeof byReason !== 'object' || byReason === null) return
  for (const reason of captchaReasons) {
    const count: unknown = Reflect.get(byReason, reason)
    if (isCount(count)) minute.addSuppressedReason(event, reason, count)
  }
}

/** A ticket is verified late within five minutes of its pass; the same again is left to clocks. */
const longestLateMs = 10 * minuteMs

/** When the pass was that a late verdict is about; lines of older versions do not say. */
function passTime({ atMs, fields: { passedAt } }: CaptchaLine): number {
  const passedMs = typeof passedAt === 'string' ? Date.parse(passedAt) : Number.NaN
  return passedMs <= atMs && atMs - passedMs <= longestLateMs ? passedMs : atMs
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? plainText(value) : undefined
}
