import type { LogReport, OutageReport } from './build-report.js'
import type { Figures, MinuteFigures } from './figures.js'
import { barChart, countTable, escaped, lineChart, number, type Series, table } from './html-parts.js'
import { htmlStyle } from './html-style.js'
import { type HtmlTexts, htmlTexts } from './html-texts.js'
import { minuteText, timeText, zoneText } from './times.js'

/** More are not read one by one, and a browser must open the file. */
const maxDetailed = 50
const maxListed = 500
const maxBars = 120

/**
 * One HTML file with charts, in English and Chinese, without external parts and without script. It opens in Chinese where
 * `locale` is Chinese.
 */
export function reportHtml(report: LogReport, locale = Intl.DateTimeFormat().resolvedOptions().locale): string {
  const first = locale.startsWith('zh') ? 'zh' : 'en'
  const picks = htmlTexts.map(({ lang, languageName }) => {
    const checked = lang === first ? ' checked' : ''
    return `<input class="pick" type="radio" name="language" id="pick-${lang}"${checked}><label for="pick-${lang}" lang="${lang}">${languageName}</label>`
  })
  const title = htmlTexts.map((texts) => texts.title).join(' · ')
  return `<!doctype html>
<html lang="${first}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${htmlStyle}</style></head>
<body><main>
${picks.join('\n')}
${htmlTexts.map((texts) => `<div class="language" lang="${texts.lang}">${body(report, texts)}</div>`).join('\n')}
</main></body></html>
`
}

function body(report: LogReport, texts: HtmlTexts): string {
  const { outages, fromMs, toMs } = report
  const detailed = [...outages.entries()]
    .sort(([, a], [, b]) => decisions(b) - decisions(a))
    .slice(0, maxDetailed)
    .sort(([a], [b]) => a - b)
  const span =
    fromMs === null || toMs === null
      ? texts.noLines
      : texts.span(timeText(fromMs), timeText(toMs), zoneText(fromMs), report.processes)
  return [
    `<h1>${texts.title}</h1>`,
    paragraph(texts.read(number(report.lines), number(report.captchaLines), number(report.brokenLines))),
    paragraph(span),
    ...report.damagedFiles.map((file) => paragraph(`${texts.damaged} ${file}`)),
    `<h2>${texts.overview}</h2>`,
    outages.length === 0 ? paragraph(texts.noOutage) : overview(outages, texts) + paragraph(texts.minuteRule, 'soft'),
    outages.length > detailed.length ? paragraph(texts.notShown(outages.length - detailed.length), 'soft') : '',
    ...detailed.map(([index, outage]) => outageSection(outage, index + 1, texts)),
    ...report.outside.map((outside) => outsideSection(outside, texts)),
    overrides(report, texts),
    report.approximations.length > 0
      ? `<h2>${texts.approximated}</h2>${report.approximations.map((note) => paragraph(note)).join('')}`
      : '',
  ].join('\n')
}

function decisions({ figures }: OutageReport): number {
  return figures.passes + figures.degradedRefusals
}

function overview(outages: readonly OutageReport[], texts: HtmlTexts): string {
  const heads = ['#', texts.application, texts.from, texts.lasted, texts.passes, texts.degradedRefusals, texts.bots]
  const rows = outages
    .slice(0, maxListed)
    .map(({ captchaAppId, fromMs, toMs, figures }, index) => [
      texts.outage(index + 1),
      escaped(captchaAppId),
      timeText(fromMs),
      duration(toMs - fromMs, texts),
      number(figures.passes),
      number(figures.degradedRefusals),
      figures.bots
        ? `${number(figures.bots.bots)} (${number(figures.bots.botsLow)}–${number(figures.bots.botsHigh)})`
        : '–',
    ])
  return table(texts.overview, heads, rows, 4)
}

function outageSection(outage: OutageReport, index: number, texts: HtmlTexts): string {
  const { fromMs, toMs, isEndLogged, paths, whys, figures } = outage
  const end = isEndLogged ? '' : ` (${texts.endNotLogged})`
  const facts = [
    `${timeText(fromMs)} – ${timeText(toMs)}${end}`,
    duration(toMs - fromMs, texts),
    `${texts.application} ${outage.captchaAppId}`,
  ]
  if (paths.length > 0) facts.push(`${texts.path}: ${paths.join(', ')}`)
  const why = whys.length > 0 ? paragraph(`${texts.why}: ${whys.slice(0, 5).join('; ')}`) : ''
  return `<section aria-label="${texts.outage(index)}"><h2>${texts.outage(index)}</h2>${paragraph(facts.join(' · '))}${why}
${cards(figures, texts)}${charts(figures, texts)}${details(figures, texts)}</section>`
}

function outsideSection({ captchaAppId, figures }: LogReport['outside'][number], texts: HtmlTexts): string {
  if (figures.passes + figures.degradedRefusals + figures.refused + figures.verified === 0) return ''
  const name = `${texts.outside}, ${texts.application} ${captchaAppId}`
  return `<section aria-label="${name}"><h2>${name}</h2>${cards(figures, texts)}${details(figures, texts)}</section>`
}

function cards(figures: Figures, texts: HtmlTexts): string {
  const { waits, bots, slowestMinute } = figures
  const ms = (value: number) => texts.milliseconds(number(value))
  const shown: string[][] = [
    [texts.passes, number(figures.passes), `${texts.fromPurse}: ${pairs(figures.passesByPurse)}`],
    [texts.degradedRefusals, number(figures.degradedRefusals)],
    [texts.otherRefusals, number(figures.refused)],
    [
      texts.verified,
      figures.verified > 0 ? number(figures.verified) : '–',
      ...(figures.verified > 0 ? [] : [texts.verifiedNotLogged]),
    ],
    bots
      ? [
          texts.bots,
          `≈ ${number(bots.bots)}`,
          texts.botsOf(number(bots.botsLow), number(bots.botsHigh), number(bots.ordinaryPasses)),
        ]
      : [texts.bots, '–', texts.botsUnknown],
  ]
  if (waits) {
    shown.push([
      texts.waits,
      `${ms(waits.p50Ms)} (${texts.median})`,
      `${texts.p99}: ${ms(waits.p99Ms)}, ${texts.most}: ${ms(waits.maxMs)}`,
      `${texts.over(number(waits.over100Ms), ms(100))}, ${texts.over(number(waits.over1000Ms), ms(1000))}`,
    ])
  }
  if (slowestMinute) {
    const { startMs, waits: slow } = slowestMinute
    shown.push([
      texts.slowestMinute,
      minuteText(startMs).slice(11),
      `${texts.median}: ${ms(slow.p50Ms)}, ${texts.p99}: ${ms(slow.p99Ms)}`,
      texts.inAll(duration(slow.totalMs, texts), number(slow.requests)),
    ])
  }
  const items = shown.map(([name = '', ...values]) => {
    return `<div><dt>${escaped(name)}</dt>${values.map((value) => `<dd>${escaped(value)}</dd>`).join('')}</div>`
  })
  return `<dl class="cards">${items.join('')}</dl>${botNotes(figures, texts)}`
}

function botNotes({ bots }: Figures, texts: HtmlTexts): string {
  if (bots === null) return ''
  const [share, low, high] = [bots.share, bots.shareLow, bots.shareHigh].map(
    (each) => `${(each * 100).toFixed(1)} %`,
  ) as [string, string, string]
  const unchecked = bots.uncheckedPasses > 0 ? ` ${texts.botsUnchecked(number(bots.uncheckedPasses))}` : ''
  return paragraph(texts.botsHow(share, low, high, number(bots.checked)) + unchecked, 'soft')
}

function charts({ minutes, waits }: Figures, texts: HtmlTexts): string {
  const bars = joined(minutes)
  const [first, last] = [bars[0], bars.at(-1)]
  if (first === undefined || last === undefined) return ''
  const ends = { first: minuteText(first.startMs), last: minuteText(last.startMs) }
  const series: Series[] = [
    { name: texts.outagePasses, colour: 'a', countOf: (minute) => minute.outagePasses },
    { name: texts.doubtPasses, colour: 'b', countOf: (minute) => minute.doubtPasses },
    { name: texts.verified, colour: 'd', countOf: (minute) => minute.verified },
    { name: texts.degradedRefusals, colour: 'c', countOf: (minute) => minute.degradedRefusals },
  ]
  const occurring = series.filter(({ countOf }) => bars.some((minute) => countOf(minute) > 0))
  const lines: Series[] = [
    { name: texts.median, colour: 'a', countOf: ({ p50Ms }) => p50Ms ?? 0 },
    { name: texts.p99, colour: 'c', countOf: ({ p99Ms }) => p99Ms ?? 0 },
  ]
  const ms = (value: number) => texts.milliseconds(number(value))
  return `<h3>${texts.decisionsAMinute}</h3>${barChart(bars, occurring, { title: texts.decisionsAMinute, top: number, ...ends })}
${waits ? `<h3>${texts.waitsAMinute}</h3>${lineChart(bars, lines, { title: texts.waitsAMinute, top: ms, ...ends })}${paragraph(texts.waitsNote, 'soft')}` : ''}
<details><summary>${texts.table}</summary>${minuteTable(bars, texts)}</details>`
}

function minuteTable(minutes: readonly MinuteFigures[], texts: HtmlTexts): string {
  const heads = [texts.minute, texts.outagePasses, texts.doubtPasses, texts.degradedRefusals, texts.median, texts.p99]
  const rows = minutes.map((minute) => [
    minuteText(minute.startMs),
    ...[minute.outagePasses, minute.doubtPasses, minute.degradedRefusals].map((value) => number(Math.round(value))),
    ...[minute.p50Ms, minute.p99Ms].map((value) => (value === null ? '–' : texts.milliseconds(number(value)))),
  ])
  return table(texts.decisionsAMinute, heads, rows)
}

/** At most as many as there is room for: minutes side by side become one, with their mean of counts and their longest waits. */
function joined(minutes: readonly MinuteFigures[]): readonly MinuteFigures[] {
  const size = Math.ceil(minutes.length / maxBars)
  if (size <= 1) return minutes
  return Array.from({ length: Math.ceil(minutes.length / size) }, (_, index) => {
    const group = minutes.slice(index * size, (index + 1) * size)
    const mean = (of: (minute: MinuteFigures) => number) =>
      group.reduce((sum, each) => sum + of(each), 0) / group.length
    const longest = (of: (minute: MinuteFigures) => number | null) => Math.max(...group.map((each) => of(each) ?? 0))
    return {
      startMs: group[0]?.startMs ?? 0,
      outagePasses: mean((minute) => minute.outagePasses),
      doubtPasses: mean((minute) => minute.doubtPasses),
      degradedRefusals: mean((minute) => minute.degradedRefusals),
      verified: mean((minute) => minute.verified),
      p50Ms: longest((minute) => minute.p50Ms),
      p99Ms: longest((minute) => minute.p99Ms),
    }
  })
}

function details(figures: Figures, texts: HtmlTexts): string {
  const { late, clients, suppressed } = figures
  const least = clients.missedAtMost > 0 ? `${texts.atLeast} ` : ''
  const limits = figures.limits.map(({ purse, exhaustedBy, refusals }) => {
    const name = `${purse} ${exhaustedBy}`
    return [texts.limitNames[name] ?? name, refusals] as const
  })
  return [
    counted(texts.causes, [texts.cause, texts.passes], Object.entries(figures.passesByCause)),
    counted(
      texts.reasons,
      [texts.reason, texts.degradedRefusals],
      [...Object.entries(figures.degradedRefusalsByReason), ...Object.entries(figures.refusedByReason)],
    ),
    suppressed.degradedRefusals > 0 ? paragraph(texts.suppressed(number(suppressed.degradedRefusals)), 'soft') : '',
    counted(texts.limits, [texts.limit, texts.degradedRefusals], limits),
    clients.top.length > 0
      ? `<h3>${texts.clients}</h3>${table(
          texts.clients,
          [texts.client, texts.passes],
          clients.top.map(({ client, passes }) => [`<code>${escaped(client)}</code>`, least + number(passes)]),
        )}`
      : '',
    counted(
      texts.late,
      [texts.late, texts.passes],
      (
        [
          [texts.genuine, late.genuine],
          [texts.refused, late.refused],
          [texts.inconclusive, late.inconclusive],
        ] as const
      ).filter(([, count]) => count > 0),
    ),
  ].join('')
}

function counted(title: string, heads: readonly string[], counts: readonly (readonly [string, number])[]): string {
  return counts.length > 0 ? `<h3>${title}</h3>${countTable(title, heads, counts)}` : ''
}

function overrides({ overrides: marks }: LogReport, texts: HtmlTexts): string {
  if (marks.length === 0) return ''
  const rows = marks
    .slice(0, maxListed)
    .map(({ atMs, mode, by, why }) => [timeText(atMs), escaped(mode), escaped(by), escaped(why)])
  return `<h2>${texts.overrides}</h2>${table(texts.overrides, [texts.time, texts.mode, texts.by, texts.why], rows, 4)}`
}

function paragraph(text: string, kind = ''): string {
  return text === '' ? '' : `<p${kind && ` class="${kind}"`}>${escaped(text)}</p>`
}

function pairs(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${number(count)}`)
  return parts.length > 0 ? parts.join(', ') : '–'
}

function duration(durationMs: number, texts: HtmlTexts): string {
  const seconds = Math.round(durationMs / 1000)
  return texts.duration(Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60)
}
