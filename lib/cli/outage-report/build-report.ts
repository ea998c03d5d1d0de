import { type Figures, figuresOf } from './figures.js'
import type { LineCounts } from './line-scanner.js'
import { type AppTally, type LogTally, minuteMs, type OverrideMark } from './log-tally.js'
import type { MinuteTally } from './minute-tally.js'
import { outageWindows } from './outage-windows.js'

/** Late verification goes on for five minutes after the last pass; the line may be a little later. */
const lateMinutes = 6

/** One outage of one CAPTCHA application. */
export interface OutageReport {
  readonly captchaAppId: number
  /** Milliseconds since 1970, as logged. */
  readonly fromMs: number
  readonly toMs: number
  /** False where no line tells the end: `toMs` is then the last decision of the outage. */
  readonly isEndLogged: boolean
  readonly paths: readonly string[]
  readonly whys: readonly string[]
  /** Processes that told of it. */
  readonly processes: number
  readonly overrides: readonly OverrideMark[]
  readonly figures: Figures
}

/** What a set of log files says about outages; the shape of `--json`. */
export interface LogReport {
  readonly version: 1
  readonly lines: number
  readonly captchaLines: number
  readonly brokenLines: number
  /** Files that could not be read to their end, and why. */
  readonly damagedFiles: readonly string[]
  /** First and last line of the guard, in milliseconds since 1970; `null` without one. */
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly processes: number
  readonly events: Readonly<Record<string, number>>
  readonly outages: readonly OutageReport[]
  /** Every other minute, by application. */
  readonly outside: readonly { readonly captchaAppId: number; readonly figures: Figures }[]
  readonly overrides: readonly (OverrideMark & { readonly captchaAppId: number })[]
  readonly approximations: readonly string[]
}

/** What reading the files brought beside the tally. */
export interface ReadResult extends LineCounts {
  readonly damagedFiles: readonly string[]
}

/** Makes the report of what was read. */
export function buildReport(tally: LogTally, read: ReadResult): LogReport {
  const apps = [...tally.apps.values()].sort((a, b) => a.captchaAppId - b.captchaAppId)
  const reports = apps.map(reportApp)
  const outages = reports.flatMap((report) => report.outages).sort((a, b) => a.fromMs - b.fromMs)
  const captchaLines = [...tally.events.values()].reduce((sum, lines) => sum + lines, 0)
  return {
    version: 1,
    lines: read.lines,
    captchaLines,
    brokenLines: read.broken,
    damagedFiles: read.damagedFiles,
    fromMs: captchaLines > 0 ? tally.fromMs : null,
    toMs: captchaLines > 0 ? tally.toMs : null,
    processes: tally.processes.size,
    events: Object.fromEntries([...tally.events].sort(([, a], [, b]) => b - a)),
    outages,
    outside: reports.map(({ captchaAppId, outside }) => ({ captchaAppId, figures: outside })),
    overrides: apps.flatMap(({ captchaAppId, overrideMarks }) =>
      [...overrideMarks].sort((a, b) => a.atMs - b.atMs).map((mark) => ({ captchaAppId, ...mark })),
    ),
    approximations: [...tally.approximations, ...clientNote(outages)],
  }
}

function reportApp(app: AppTally) {
  const windows = outageWindows(app)
  const minutes = [...app.minutes.values()].sort((a, b) => a.startMs - b.startMs)
  const inOutage = new Set<MinuteTally>()
  const lateTaken = new Set<MinuteTally>()
  const outages = windows.map((window, index): OutageReport => {
    const { firstMinuteMs, lastMinuteMs, processes, ...rest } = window
    const own = between(minutes, firstMinuteMs, lastMinuteMs)
    const nextMs = windows[index + 1]?.firstMinuteMs ?? Number.POSITIVE_INFINITY
    const later = between(
      minutes,
      lastMinuteMs + minuteMs,
      Math.min(lastMinuteMs + lateMinutes * minuteMs, nextMs - minuteMs),
    )
    for (const minute of own) inOutage.add(minute)
    for (const minute of later) lateTaken.add(minute)
    return {
      captchaAppId: app.captchaAppId,
      ...rest,
      processes: processes.length,
      overrides: app.overrideMarks.filter(({ atMs }) => atMs >= firstMinuteMs && atMs < lastMinuteMs + minuteMs),
      figures: figuresOf(own, later),
    }
  })
  const others = minutes.filter((minute) => !inOutage.has(minute))
  // A late verdict counts once.
  const outside = [app.folded, ...others].map((minute) => (lateTaken.has(minute) ? minute.withoutLate() : minute))
  const { minutes: _, ...figures } = figuresOf(outside, [])
  return { captchaAppId: app.captchaAppId, outages, outside: { ...figures, minutes: [] } satisfies Figures }
}

function between(minutes: readonly MinuteTally[], firstMs: number, lastMs: number): readonly MinuteTally[] {
  return minutes.filter(({ startMs }) => startMs >= firstMs && startMs <= lastMs)
}

function clientNote(outages: readonly OutageReport[]): string[] {
  return outages.some(({ figures }) => figures.clients.missedAtMost > 0)
    ? ['There were too many clients to count each: the ones with most passes are shown with at least so many.']
    : []
}
