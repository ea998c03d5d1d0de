import type { FleetView } from '../fleet-view.js'
import { type VerdictColumn, type VerdictFamily, verdictColumns } from '../recording/columns.js'
import { minutesKept, sumOf } from '../recording/minute-counts.js'
import type { Formats } from './formats.js'
import { type Html, html } from './html.js'
import type { StatusTexts } from './texts.js'

/** One colour of the stack. */
interface Series {
  readonly name: string
  readonly family: VerdictFamily
  /** Class of its colour. */
  readonly colour: string
  readonly counts: readonly number[]
  readonly total: number
}

/** Reasons of a family that have a colour of their own; the rest of them share one. */
const mostReasons: Readonly<Record<VerdictFamily, number>> = {
  verified: 1,
  degraded_pass: 4,
  degraded_refusal: 3,
  refusal: 3,
}

const families = Object.keys(mostReasons) as readonly VerdictFamily[]

const slot = 10
const barWidth = 8
const height = 160
/** A minute with one of these among thousands has to show them. */
const leastHeight = 2

/** Verdicts per minute as a stacked chart, with a legend, and as a table. */
export function verdictChart(fleet: FleetView, texts: StatusTexts, formats: Formats, id: string): Html {
  const series = families.flatMap((family) => seriesOf(family, fleet.verdicts, texts))
  const totals = sumByMinute(series)
  const most = Math.max(...totals)
  const heading = html`<h3 id="${id}-chart-title">${texts.chart.title} <small>${texts.chart.span}</small></h3>`
  if (most === 0) return html`${heading}<p class="soft">${texts.chart.none}</p>`
  const top = niceTop(most)
  const firstMs = (fleet.minute - minutesKept + 1) * 60_000
  const sum = formats.number(sumOf(totals))
  const summary = texts.chart.summary(sum, formats.number(most))
  return html`${heading}
<figure class="chart">
<p class="axis">${texts.chart.perMinute(formats.number(top))}</p>
<svg role="img" aria-label="${texts.chart.title}: ${summary}. ${legendText(series, formats)}" viewBox="0 0 ${minutesKept * slot} ${height}" preserveAspectRatio="none">
${outageBands(fleet, firstMs)}<path class="grid" d="M0 ${height / 2}H${minutesKept * slot}"/>
${bars(series, top)}${hoverTitles(series, firstMs, formats)}</svg>
<p class="axis"><span>${formats.time(firstMs)}</span><span>${formats.time(firstMs + 30 * 60_000)}</span><span>${texts.chart.now}</span></p>
<ul class="legend">${series.map(({ name, colour, total }) => html`<li><span class="${colour}"></span>${name} <b>${formats.number(total)}</b></li>`)}${
    hasOutage(fleet, firstMs) && html`<li><span class="band"></span>${texts.chart.outage}</li>`
  }</ul>
</figure>
${minuteTable(series, firstMs, texts, formats, id)}`
}

function seriesOf(family: VerdictFamily, verdicts: FleetView['verdicts'], texts: StatusTexts): readonly Series[] {
  const columns = verdictColumns
    .filter((column) => column.family === family && verdicts[column.key] !== undefined)
    .sort((a, b) => sumOf(verdicts[b.key]) - sumOf(verdicts[a.key]))
  const own = columns.slice(0, mostReasons[family])
  const others = columns.slice(mostReasons[family]).map(({ key }) => verdicts[key] ?? [])
  const found = own.map((column, index) => ({
    name: nameOf(column, texts),
    family,
    colour: `${family} shade-${index}`,
    counts: verdicts[column.key] ?? [],
    total: sumOf(verdicts[column.key]),
  }))
  if (others.length === 0) return found
  const counts = Array.from({ length: minutesKept }, (_, index) => sumOf(others.map((each) => each[index] ?? 0)))
  const name = texts.chart.other(texts.families[family])
  return [...found, { name, family, colour: `${family} shade-rest`, counts, total: sumOf(counts) }]
}

function nameOf({ family, reason }: VerdictColumn, texts: StatusTexts): string {
  return family === 'verified' ? texts.families.verified : `${texts.families[family]}: ${texts.reason(reason)}`
}

function sumByMinute(series: readonly Series[]): readonly number[] {
  return Array.from({ length: minutesKept }, (_, index) => sumOf(series.map(({ counts }) => counts[index] ?? 0)))
}

/** A round number: an axis that does not move with every verdict. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return (
    [1, 1.5, 2, 3, 4, 5, 6, 8, 10]
      .map((factor) => factor * power)
      .find((top) => top >= most && Number.isInteger(top)) ?? most
  )
}

function legendText(series: readonly Series[], formats: Formats): string {
  return series.map(({ name, total }) => `${name} ${formats.number(total)}`).join(', ')
}

/** One path for each series: a rectangle for each element would make the page ten times as large. */
function bars(series: readonly Series[], top: number): Html[] {
  const stacked = Array.from({ length: minutesKept }, () => 0)
  return series.map(({ colour, counts, family }) => {
    const shapes = counts.map((count, index) => {
      if (count === 0) return ''
      const least = family === 'verified' ? 0 : leastHeight
      const size = Math.max(least, (count / top) * height)
      const bottom = height - (stacked[index] ?? 0)
      stacked[index] = (stacked[index] ?? 0) + size
      return `M${index * slot + 1} ${fixed(bottom)}h${barWidth}v${fixed(-size)}h-${barWidth}z`
    })
    return html`<path class="${colour}" d="${shapes.join('')}"/>`
  })
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function hoverTitles(series: readonly Series[], firstMs: number, formats: Formats): Html[] {
  return Array.from({ length: minutesKept }, (_, index) => {
    const there = series.filter(({ counts }) => (counts[index] ?? 0) > 0)
    if (there.length === 0) return html``
    const lines = there.map(({ name, counts }) => `${name}: ${formats.number(counts[index] ?? 0)}`)
    const title = [formats.time(firstMs + index * 60_000), ...lines].join('\n')
    return html`<rect class="hover" x="${index * slot}" y="0" width="${slot}" height="${height}"><title>${title}</title></rect>`
  })
}

function hasOutage({ outages }: FleetView, firstMs: number): boolean {
  return outages.some(({ toMs = Number.POSITIVE_INFINITY }) => toMs > firstMs)
}

function outageBands({ outages }: FleetView, firstMs: number): Html[] {
  const position = (epochMs: number) => {
    return Math.min(minutesKept * slot, Math.max(0, ((epochMs - firstMs) / 60_000) * slot))
  }
  return outages.map(({ fromMs, toMs = Number.POSITIVE_INFINITY }) => {
    const from = position(fromMs)
    const width = position(toMs) - from
    return width <= 0
      ? html``
      : html`<rect class="band" x="${fixed(from)}" y="0" width="${fixed(Math.max(2, width))}" height="${height}"/>`
  })
}

function minuteTable(
  series: readonly Series[],
  firstMs: number,
  texts: StatusTexts,
  formats: Formats,
  id: string,
): Html {
  const rows = Array.from({ length: minutesKept }, (_, index) => minutesKept - 1 - index)
    .filter((index) => series.some(({ counts }) => (counts[index] ?? 0) > 0))
    .map(
      (index) =>
        html`<tr><th scope="row">${formats.time(firstMs + index * 60_000)}</th>${series.map(
          ({ counts }) => html`<td class="number">${formats.number(counts[index] ?? 0)}</td>`,
        )}</tr>`,
    )
  const heads = series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)
  return html`<details id="${id}-chart-table"><summary>${texts.chart.asTable}</summary>
<div class="scroll short" id="${id}-chart-scroll" tabindex="0" role="group" aria-label="${texts.chart.title}"><table>
<thead><tr><th scope="col">${texts.chart.minute}</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div></details>`
}
