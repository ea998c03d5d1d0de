import type { Measured } from './measure.js'
import { sumOf } from './run-result.js'
import type { Strategy } from './strategies.js'

const width = 760
const height = 440
const plot = { left: 70, right: 730, top: 84, bottom: 382 }
const maxBots = 20_000
/** The scenario that the strategies meet in: bots at their most, in an outage of the API. */
const scenarioName = 'forged-tickets-in-outage/10000-addresses/50x'

const labels: Readonly<Record<Strategy, string>> = {
  'captcha-guard': 'captcha-guard',
  'pass-on-exception': 'pass on every exception',
  'accept-fallback-tickets': 'accept every fallback ticket',
  'fail-closed': 'fail closed',
  'accept-when-unable-20s': 'accept when unable, 20 s',
}

interface Point extends Dot {
  readonly strategy: Strategy
}

interface Dot {
  readonly x: number
  readonly y: number
  readonly bots: number
  readonly honest: number
  /** Of the honest requests with history. */
  readonly known: number
  /** Share of the honest requests that waited over 100 ms. */
  readonly waited: number
}

/**
 * Honest passes against bot passes, by strategy, on the shop in an outage. The line is this package with outage purses of
 * other sizes. Readable on light and on dark: colours that stand out on both, and text that follows the scheme.
 */
export function frontierSvg(rows: readonly Measured[]): string {
  const curve = rows
    .filter(({ scenario }) => scenario.name.startsWith('frontier/'))
    .map((row) => ({ ...dotOf(row), factor: row.scenario.baselineFactor ?? 0 }))
    .sort((a, b) => a.factor - b.factor)
  const dots = rows
    .filter(({ site, scenario }) => site === 'shop' && scenario.name === scenarioName)
    .map((row) => ({ ...dotOf(row), strategy: row.strategy }))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    '<title id="title">What honest users and bots get through in an outage, by strategy</title>',
    `<desc id="desc">${describe(dots)}</desc>`,
    style,
    `<rect class="card" width="${width}" height="${height}" rx="10"/>`,
    text(24, 32, 'heading', 'Ten minutes without Tencent: who gets in?'),
    text(
      24,
      53,
      'note',
      'A shop with 300 requests a minute, 70 % of them from returning clients; 10 000 bots offer 15 000 a minute.',
    ),
    ...axes(),
    `<polyline class="curve" points="${curve.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`,
    ...curve.map(({ x, y }) => `<circle class="step" cx="${x}" cy="${y}" r="3"/>`),
    ...curveLabels(curve),
    ...byPlace(dots).flatMap(dotWithLabel),
    '</svg>',
    '',
  ].join('\n')
}

const style = `<style>
  .card { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
  .heading { font-size: 17px; font-weight: 600 }
  .note, .tick { fill: #57606a; font-size: 12px }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .curve { fill: none; stroke: #1a7f4b; stroke-width: 2.5; stroke-linejoin: round }
  .step { fill: #1a7f4b }
  .ours { fill: #1a7f4b; stroke: #ffffff; stroke-width: 2 }
  .theirs { fill: #bc4c00; stroke: #ffffff; stroke-width: 2 }
  .ours-label { fill: #1a7f4b; font-weight: 600 }
  .theirs-label { fill: #953800; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .note, .tick { fill: #9198a1 }
    .grid { stroke: #262c34 }
    .curve { stroke: #3fb950 }
    .step { fill: #3fb950 }
    .ours { fill: #3fb950; stroke: #0d1117 }
    .theirs { fill: #f0883e; stroke: #0d1117 }
    .ours-label { fill: #56d364 }
    .theirs-label { fill: #ffa657 }
  }
</style>`

function axes(): string[] {
  const shares = [0, 20, 40, 60, 80, 100].map((honest) => {
    const y = yOf(honest)
    return `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y}" y2="${y}"/>${text(plot.left - 8, y + 4, 'tick', `${honest} %`, 'end')}`
  })
  const rates = [0, 10, 100, 1000, 10_000].map((bots) => {
    const x = xOf(bots)
    const label = bots >= 10_000 ? '10 000' : String(bots)
    return `<line class="grid" x1="${x}" x2="${x}" y1="${plot.top}" y2="${plot.bottom}"/>${text(x, plot.bottom + 18, 'tick', label, 'middle')}`
  })
  return [
    ...shares,
    ...rates,
    text(24, plot.top - 9, 'note', 'honest requests passed'),
    text(plot.right, plot.bottom + 38, 'note', 'bot passes a minute (logarithmic)', 'end'),
  ]
}

function curveLabels(curve: readonly (Dot & { readonly factor: number })[]): string[] {
  const small = curve[0]
  const large = curve.at(-1)
  if (small === undefined || large === undefined) return []
  return [
    text(small.x - 8, small.y - 10, 'note', `outage purse of ${small.factor} ×`, 'end'),
    text(large.x + 9, large.y + 4, 'note', `${large.factor} ×`),
  ]
}

/** Strategies that end up at the same place share a dot. */
function dotWithLabel(strategies: readonly Point[]): string[] {
  const [first] = strategies
  if (first === undefined) return []
  const { x, y, bots, honest, known, waited } = first
  const isOurs = first.strategy === 'captcha-guard'
  const isRight = x > (plot.left + plot.right) / 2 + 100
  const labelX = isRight ? x - 14 : x + 14
  const anchor = isRight ? 'end' : 'start'
  const names = strategies.map(({ strategy }) => labels[strategy])
  const waits = waited > 0.9 && honest > 50 ? ', after a wait' : ''
  const lines = [
    ...names,
    `${honest.toFixed(0)} % honest${waits}, ${rounded(bots)} bots a minute`,
    ...(isOurs ? [`${known.toFixed(0)} % of returning clients`, 'default: 3 × the normal rate'] : []),
  ]
  const isHigh = y < plot.top + 40
  const firstY = isOurs || isHigh ? y + 24 : y - 28
  return [
    `<circle class="${isOurs ? 'ours' : 'theirs'}" cx="${x}" cy="${y}" r="8"/>`,
    ...lines.map((line, index) => {
      const className = index >= names.length ? 'note' : isOurs ? 'ours-label' : 'theirs-label'
      return text(labelX, firstY + 17 * index, className, line, anchor)
    }),
  ]
}

function rounded(figure: number): string {
  return figure < 10 ? figure.toFixed(0) : Number(figure.toPrecision(2)).toLocaleString('en').replace(',', ' ')
}

function byPlace(dots: readonly Point[]): readonly (readonly Point[])[] {
  const places = new Map<string, Point[]>()
  for (const dot of dots) {
    const place = `${Math.round(dot.x / 8)} ${Math.round(dot.y / 8)}`
    places.set(place, [...(places.get(place) ?? []), dot])
  }
  return [...places.values()]
}

function dotOf({ result, scenario }: Measured): Dot {
  const honest = (100 * sumOf(result.honestPassed)) / sumOf(result.honestRequests)
  const bots = sumOf(result.botPassed) / scenario.minutes
  const known = (100 * result.knownPassed) / Math.max(1, result.knownRequests)
  return {
    x: xOf(bots),
    y: yOf(honest),
    bots,
    honest,
    known,
    waited: result.honestWaited / sumOf(result.honestRequests),
  }
}

/** Logarithmic from one on, with room for nothing at all. */
function xOf(bots: number): number {
  const position = Math.log10(1 + bots) / Math.log10(1 + maxBots)
  return Math.round(plot.left + 14 + (plot.right - plot.left - 14) * position)
}

function yOf(honest: number): number {
  return Math.round(plot.bottom - ((plot.bottom - plot.top - 6) * honest) / 100)
}

function describe(dots: readonly Point[]): string {
  return dots
    .map(
      ({ strategy, honest, bots }) =>
        `${labels[strategy]}: ${honest.toFixed(1)} % of honest requests and ${bots.toFixed(0)} bot requests a minute pass`,
    )
    .join('; ')
}

function text(x: number, y: number, className: string, content: string, anchor = 'start'): string {
  return `<text x="${x}" y="${y}" class="${className}" text-anchor="${anchor}">${content}</text>`
}
