import type { LogReport } from './build-report.js'
import type { Counts, Figures } from './figures.js'

type Cell = string | number | null | undefined
type Row = Readonly<Record<string, Cell>>

/** One row for each outage, and one for everything outside of them; a column for each cause, reason and limit that occurs. */
export function reportCsv(report: LogReport): string {
  const rows: Row[] = [
    ...report.outages.map(({ captchaAppId, fromMs, toMs, isEndLogged, paths, figures }, index) => ({
      outage: index + 1,
      captchaAppId,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      durationMs: toMs - fromMs,
      isEndLogged: String(isEndLogged),
      paths: paths.join(' '),
      ...figureCells(figures),
    })),
    ...report.outside.map(({ captchaAppId, figures }) => ({
      outage: 'outside',
      captchaAppId,
      ...figureCells(figures),
    })),
  ]
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))]
  return lines.map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('')
}

function figureCells(figures: Figures): Row {
  const { waits, clients, slowestMinute, late, bots } = figures
  return {
    passes: figures.passes,
    ...named('passes', figures.passesByCause),
    ...named('passesFrom', figures.passesByPurse),
    ...named('passesOf', figures.passesByClient),
    degradedRefusals: figures.degradedRefusals,
    ...named('degradedRefusals', figures.degradedRefusalsByReason),
    ...Object.fromEntries(
      figures.limits.map(({ purse, exhaustedBy, refusals }) => [`limit.${purse}.${exhaustedBy}`, refusals]),
    ),
    refused: figures.refused,
    ...named('refused', figures.refusedByReason),
    verified: figures.verified,
    waitP50Ms: waits?.p50Ms,
    waitP90Ms: waits?.p90Ms,
    waitP99Ms: waits?.p99Ms,
    waitMaxMs: waits?.maxMs,
    waitsOver100Ms: waits?.over100Ms,
    waitsOver1000Ms: waits?.over1000Ms,
    slowestMinute: slowestMinute ? new Date(slowestMinute.startMs).toISOString() : null,
    topClient: clients.top[0]?.client,
    topClientPasses: clients.top[0]?.passes,
    lateGenuine: late.genuine,
    lateRefused: late.refused,
    lateInconclusive: late.inconclusive,
    bots: bots?.bots,
    botsLow: bots?.botsLow,
    botsHigh: bots?.botsHigh,
    uncheckedPasses: bots?.uncheckedPasses,
  }
}

function named(prefix: string, counts: Counts): Row {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}.${name}`, count]))
}

/** A cell that a spreadsheet would read as a formula is written as text. */
function cellText(value: Cell): string {
  const text = value === null || value === undefined ? '' : String(value)
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
