import type { MinuteFigures } from './figures.js'

/** Text as HTML shows it. Everything that comes from a log goes through here. */
export function escaped(text: string | number): string {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A number as English text writes it, with separators: `1,234.5`. */
export function number(value: number): string {
  return value.toLocaleString('en')
}

/** A table in its own scroll box; `cells` are HTML. The first column is text, the others are numbers unless told otherwise. */
export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
): string {
  const kind = (index: number) => (index < texts ? '' : ' class="number"')
  const head = heads.map((text, index) => `<th scope="col"${kind(index)}>${escaped(text)}</th>`).join('')
  const body = rows.map((row) => `<tr>${row.map((cell, index) => `<td${kind(index)}>${cell}</td>`).join('')}</tr>`)
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escaped(caption)}"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

/** Counts as a table with bars. */
export function countTable(
  caption: string,
  heads: readonly string[],
  counts: readonly (readonly [string, number])[],
): string {
  const sum = counts.reduce((total, [, count]) => total + count, 0)
  const rows = counts.map(([name, count]) => {
    const percent = ((100 * count) / Math.max(1, sum)).toFixed(1)
    return `<tr><td><code>${escaped(name)}</code></td><td class="share" aria-hidden="true"><span style="width:${percent}%"></span></td><td class="number">${number(count)}</td><td class="number">${percent} %</td></tr>`
  })
  const [name = '', many = ''] = heads
  const head = `<th scope="col">${escaped(name)}</th><td></td><th scope="col" class="number">${escaped(many)}</th><th scope="col" class="number">%</th>`
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escaped(caption)}"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

/** One series of a chart. */
export interface Series {
  readonly name: string
  /** Class of its colour in the style. */
  readonly colour: 'a' | 'b' | 'c' | 'd'
  readonly countOf: (minute: MinuteFigures) => number
}

/** Labels of a chart's axes. */
export interface ChartLabels {
  readonly title: string
  readonly top: (value: number) => string
  readonly first: string
  readonly last: string
}

const chartHeight = 100

/** Stacked bars over time. */
export function barChart(minutes: readonly MinuteFigures[], series: readonly Series[], labels: ChartLabels): string {
  const top = Math.max(1, ...minutes.map((minute) => series.reduce((sum, { countOf }) => sum + countOf(minute), 0)))
  const bars = minutes.flatMap((minute, x) => {
    let y = chartHeight
    return series.map(({ colour, countOf }) => {
      const height = (countOf(minute) / top) * chartHeight
      y -= height
      return height > 0
        ? `<rect class="${colour}" x="${x + 0.06}" y="${y.toFixed(2)}" width=".88" height="${height.toFixed(2)}"/>`
        : ''
    })
  })
  return chart(minutes.length, bars.join(''), series, top, labels)
}

/** Lines over time. */
export function lineChart(minutes: readonly MinuteFigures[], series: readonly Series[], labels: ChartLabels): string {
  const top = Math.max(1, ...minutes.flatMap((minute) => series.map(({ countOf }) => countOf(minute))))
  const lines = series.map(({ colour, countOf }) => {
    const points = minutes.map(
      (minute, x) => `${x + 0.5},${(chartHeight - (countOf(minute) / top) * chartHeight).toFixed(2)}`,
    )
    // One minute alone is a line, too.
    const [only = ''] = points
    const shown = points.length === 1 ? [only.replace('0.5,', '0,'), only.replace('0.5,', '1,')] : points
    return `<polyline class="${colour}" points="${shown.join(' ')}"/>`
  })
  return chart(minutes.length, lines.join(''), series, top, labels)
}

function chart(width: number, content: string, series: readonly Series[], top: number, labels: ChartLabels): string {
  const legend = series.map(({ colour, name }) => `<li><span class="${colour}"></span>${escaped(name)}</li>`).join('')
  const name = `${labels.title}: ${series.map((each) => each.name).join(', ')}; 0 – ${labels.top(top)}; ${labels.first} – ${labels.last}`
  return `<figure><ul class="legend">${legend}</ul><div class="axis"><span>${escaped(labels.top(top))}</span></div>
<svg role="img" aria-label="${escaped(name)}" viewBox="0 0 ${Math.max(1, width)} ${chartHeight}" preserveAspectRatio="none">${content}</svg>
<div class="axis"><span>${escaped(labels.first)}</span><span>${escaped(labels.last)}</span></div></figure>`
}
