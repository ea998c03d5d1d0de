import { type Html, html } from '../html.js'
import { type PartContext, table, whyText } from './part.js'

const width = 1000
/** The strip shows at least this long a time. */
const shortestMs = 3_600_000

/** The last outages on a strip of time, and as a table. */
export function outages(context: PartContext): Html {
  const { site, texts, formats, id, nowMs } = context
  const says = texts.outages
  const { outages: found } = site.fleet
  if (found.length === 0) return html`<h3>${says.title}</h3><p class="soft">${says.none}</p>`
  const rows = found.map(({ path, why, fromMs, toMs }) => [
    formats.time(fromMs),
    toMs === undefined ? says.goesOn : formats.time(toMs),
    formats.duration((toMs ?? nowMs) - fromMs),
    says.paths[path],
    whyText(texts, why),
  ])
  const columns = [
    { head: says.from },
    { head: says.to },
    { head: says.lasted, isNumber: true },
    { head: says.path },
    { head: texts.why },
  ]
  return html`<h3>${says.title}</h3>${strip(context)}${table(`${id}-outages-scroll`, says.title, columns, rows)}`
}

function strip({ site, texts, formats, nowMs }: PartContext): Html {
  const { outages: found } = site.fleet
  const firstMs = Math.min(nowMs - shortestMs, ...found.map(({ fromMs }) => fromMs - shortestMs / 6))
  const position = (epochMs: number) => ((epochMs - firstMs) / (nowMs - firstMs)) * width
  const bars = found.map(({ path, fromMs, toMs = nowMs }) => {
    const size = Math.max(3, position(toMs) - position(fromMs))
    const title = `${texts.outages.paths[path]}: ${formats.time(fromMs)} – ${formats.duration(toMs - fromMs)}`
    const x = Math.min(width - size, position(fromMs)).toFixed(1)
    return html`<rect class="outage" x="${x}" y="${path === 'api' ? 0 : 10}" width="${size.toFixed(1)}" height="8"><title>${title}</title></rect>`
  })
  return html`<figure class="strip"><svg role="img" aria-label="${texts.outages.strip(formats.time(firstMs))}" viewBox="0 0 ${width} 18" preserveAspectRatio="none"><rect class="track" width="${width}" height="8"/><rect class="track" y="10" width="${width}" height="8"/>${bars}</svg>
<p class="axis"><span>${formats.time(firstMs)}</span><span>${texts.chart.now}</span></p></figure>`
}
