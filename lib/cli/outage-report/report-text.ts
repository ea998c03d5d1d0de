import type { BotEstimate } from './bot-estimate.js'
import type { LogReport, OutageReport } from './build-report.js'
import type { Counts, Figures } from './figures.js'
import { durationText, minuteText, timeText, zoneText } from './times.js'

/** The report for a terminal. */
export function reportText(report: LogReport): string {
  const sections = [head(report), ...report.outages.map(outageSection), ...report.outside.map(outsideSection)]
  if (report.overrides.length > 0) sections.push(overrideSection(report))
  if (report.approximations.length > 0)
    sections.push(['Approximated:', ...report.approximations.map((text) => `  ${text}`)])
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function head(report: LogReport): string[] {
  const { lines, captchaLines, brokenLines, damagedFiles, fromMs, toMs, outages } = report
  const counted = `${number(lines)} lines, ${number(captchaLines)} of the guard, ${number(brokenLines)} broken`
  const damaged = damagedFiles.map((file) => `Not read to the end: ${file}`)
  if (fromMs === null || toMs === null) return [counted, ...damaged, noLines(report)]
  const span = `${timeText(fromMs)} to ${timeText(toMs)} (${zoneText(fromMs)}), processes: ${report.processes}`
  return [counted, span, ...damaged, `Outages: ${outages.length}`]
}

function noLines({ lines, brokenLines }: LogReport): string {
  if (lines > 0 && brokenLines > lines / 2) {
    return 'No line of the guard: most lines are no JSON. Give the lines as pino wrote them, not as pino-pretty shows them.'
  }
  return 'No line of the guard. Its lines have an `event` that starts with `captcha_`, at the levels info, warn and error.'
}

function outageSection(outage: OutageReport, index: number): string[] {
  const { fromMs, toMs, isEndLogged, paths, whys, figures, overrides } = outage
  const end = isEndLogged ? '' : ', end not logged'
  const lines = [
    `Outage ${index + 1}: ${timeText(fromMs)} to ${timeText(toMs)}, ${durationText(toMs - fromMs)}${end}`,
    row('application', `${outage.captchaAppId}, processes that told of it: ${outage.processes}`),
  ]
  if (paths.length > 0) lines.push(row('path', paths.join(', ')))
  if (whys.length > 0) lines.push(row('why', whys.slice(0, 5).join('; ')))
  if (overrides.length > 0) lines.push(row('overrides', overrides.map(({ mode, by }) => `${mode} by ${by}`).join('; ')))
  return [...lines, ...figureRows(figures)]
}

function outsideSection({ captchaAppId, figures }: LogReport['outside'][number]): string[] {
  if (figures.passes + figures.degradedRefusals + figures.refused + figures.verified === 0) return []
  return [`Outside of outages, application ${captchaAppId}`, ...figureRows(figures)]
}

function figureRows(figures: Figures): string[] {
  const { waits, clients, slowestMinute, late, bots, suppressed } = figures
  const rows = [
    row('degraded passes', total(figures.passes, figures.passesByCause)),
    row('  from purse', breakdown(figures.passesByPurse)),
    row(
      '  of clients',
      'known' in figures.passesByClient || 'new' in figures.passesByClient ? breakdown(figures.passesByClient) : '',
    ),
    row('degraded refusals', total(figures.degradedRefusals, figures.degradedRefusalsByReason)),
  ]
  for (const { purse, exhaustedBy, refusals } of figures.limits) {
    rows.push(row('  refused by limit', `${purse} purse, ${exhaustedBy}: ${number(refusals)}`))
  }
  if (suppressed.degradedRefusals > 0) {
    rows.push(row('  lines sampled away', `${number(suppressed.degradedRefusals)}, not broken down by limit`))
  }
  rows.push(row('other refusals', total(figures.refused, figures.refusedByReason)))
  rows.push(row('verified', figures.verified > 0 ? number(figures.verified) : 'not in the log (level debug)'))
  if (waits !== null) {
    rows.push(
      row(
        'waits of who passed',
        `median ${waits.p50Ms} ms, p90 ${waits.p90Ms}, p99 ${waits.p99Ms}, most ${waits.maxMs}`,
      ),
      row(
        '',
        `over 100 ms: ${number(waits.over100Ms)}, over 1 s: ${number(waits.over1000Ms)}, of ${number(waits.requests)}`,
      ),
    )
  }
  if (slowestMinute !== null) {
    const { p50Ms, p99Ms, totalMs, requests } = slowestMinute.waits
    const longest = `median ${p50Ms} ms, p99 ${p99Ms}; ${durationText(totalMs)} in all, ${number(requests)} requests`
    rows.push(row('slowest minute', `${minuteText(slowestMinute.startMs)}, ${longest}`))
  }
  for (const [index, { client, passes }] of clients.top.slice(0, 5).entries()) {
    const least = clients.missedAtMost > 0 ? 'at least ' : ''
    rows.push(row(index === 0 ? 'most passes' : '', `${client}: ${least}${number(passes)}`))
  }
  rows.push(row('verified late', lateText(late)), row('bots among passes', botText(bots, figures)))
  return rows.filter((line) => line.trim() !== '')
}

function lateText({ genuine, refused, inconclusive, refusedByReason }: Figures['late']): string {
  const why = refused > 0 ? ` (${breakdown(refusedByReason)})` : ''
  return `genuine ${number(genuine)}, refused ${number(refused)}${why}, inconclusive ${number(inconclusive)}`
}

function botText(bots: BotEstimate | null, { passes }: Figures): string {
  if (passes === 0) return 'no passes'
  if (bots === null) return 'no estimate: no late verdict tells'
  const { share, shareLow, shareHigh, botsLow, botsHigh, ordinaryPasses, uncheckedPasses, checked } = bots
  const unchecked =
    uncheckedPasses > 0 ? `; ${number(uncheckedPasses)} with a fallback ticket or none cannot be checked` : ''
  return `about ${number(bots.bots)} (${number(botsLow)} to ${number(botsHigh)}) of ${number(ordinaryPasses)}: ${percent(share)} (${percent(shareLow)} to ${percent(shareHigh)}) of ${number(checked)} checked late${unchecked}`
}

function overrideSection({ overrides }: LogReport): string[] {
  const shown = overrides.slice(0, 20).map(({ atMs, mode, by, why, until }) => {
    return `  ${timeText(atMs)}  ${mode} by ${by}, ${why}${until ? `, until ${until}` : ''}`
  })
  const more = overrides.length > shown.length ? [`  and ${overrides.length - shown.length} more`] : []
  return ['Overrides:', ...shown, ...more]
}

function total(sum: number, byName: Counts): string {
  const parts = breakdown(byName)
  return parts === '' ? number(sum) : `${number(sum)} (${parts})`
}

function breakdown(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ')
}

function row(name: string, value: string): string {
  return value === '' ? '' : `  ${name.padEnd(20)} ${value}`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
