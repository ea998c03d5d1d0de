import { type AppTally, minuteMs, type OutageMark } from './log-tally.js'

/** Calls that failed before the evidence was there belong to the outage, too. */
export const leadMs = 5_000
/** An `ended` line waits so long for late verdicts. */
const endLineDelayMs = 6_000

/** One outage of an application, over all its processes. */
export interface OutageWindow {
  readonly fromMs: number
  readonly toMs: number
  /** False where no line tells the end. */
  readonly isEndLogged: boolean
  /** `api`, `client`; empty where only decisions tell of it. */
  readonly paths: readonly string[]
  readonly whys: readonly string[]
  readonly processes: readonly string[]
}

interface Piece extends OutageWindow {
  /** First and last minute whose figures it has. */
  readonly firstMinuteMs: number
  readonly lastMinuteMs: number
}

/**
 * Finds the outages of an application: from the lines that tell of their start and end, and from decisions with evidence of an
 * outage where those lines are missing. What touches the same minute or the next one is one outage.
 */
export function outageWindows(app: AppTally): readonly Piece[] {
  const pieces = [...markedPieces(app.outageMarks), ...evidencePieces(app)]
  const joined: Piece[] = []
  for (const piece of pieces.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1)
    if (last !== undefined && piece.firstMinuteMs <= last.lastMinuteMs + minuteMs)
      joined.splice(-1, 1, join(last, piece))
    else joined.push(piece)
  }
  return joined
}

function markedPieces(marks: readonly OutageMark[]): Piece[] {
  const starts = marks.filter(({ kind }) => kind === 'started').sort((a, b) => a.atMs - b.atMs)
  const used = new Set<OutageMark>()
  const pieces = marks
    .filter(({ kind }) => kind === 'ended')
    .map((end) => {
      const start = startOf(end, starts, used)
      if (start !== undefined) used.add(start)
      const fromMs = start?.atMs ?? end.atMs - end.durationMs
      return piece(fromMs, fromMs + end.durationMs, true, end)
    })
  const open = starts.filter((start) => !used.has(start)).map((start) => piece(start.atMs, start.atMs, false, start))
  return [...pieces, ...open]
}

function startOf(
  end: OutageMark,
  starts: readonly OutageMark[],
  used: ReadonlySet<OutageMark>,
): OutageMark | undefined {
  const latestMs = end.atMs - end.durationMs + 1000
  return starts.findLast(
    (start) =>
      start.process === end.process &&
      start.path === end.path &&
      start.atMs <= latestMs &&
      start.atMs >= latestMs - 1000 - endLineDelayMs &&
      !used.has(start),
  )
}

function evidencePieces({ minutes }: AppTally): Piece[] {
  return [...minutes.values()].flatMap(({ evidence }) =>
    evidence === undefined ? [] : [piece(evidence.fromMs, evidence.toMs, false)],
  )
}

function piece(fromMs: number, toMs: number, isEndLogged: boolean, mark?: OutageMark): Piece {
  return {
    fromMs,
    toMs,
    isEndLogged,
    paths: mark ? [mark.path] : [],
    whys: mark?.why ? [mark.why] : [],
    processes: mark ? [mark.process] : [],
    firstMinuteMs: minuteStart(fromMs - leadMs),
    lastMinuteMs: minuteStart(toMs),
  }
}

function join(first: Piece, second: Piece): Piece {
  const later = second.toMs > first.toMs ? second : first
  return {
    fromMs: Math.min(first.fromMs, second.fromMs),
    toMs: later.toMs,
    isEndLogged: first.isEndLogged || second.isEndLogged,
    paths: union(first.paths, second.paths),
    whys: union(first.whys, second.whys),
    processes: union(first.processes, second.processes),
    firstMinuteMs: Math.min(first.firstMinuteMs, second.firstMinuteMs),
    lastMinuteMs: Math.max(first.lastMinuteMs, second.lastMinuteMs),
  }
}

function union(first: readonly string[], second: readonly string[]): readonly string[] {
  return second.every((value) => first.includes(value)) ? first : [...new Set([...first, ...second])]
}

function minuteStart(atMs: number): number {
  return Math.floor(atMs / minuteMs) * minuteMs
}
