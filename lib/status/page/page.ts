import { toneOf } from '../findings.js'
import type { WrongField } from '../http/override-fields.js'
import type { SiteStatus, StatusReport } from '../status-report.js'
import { Formats } from './formats.js'
import { Html, html } from './html.js'
import { pageAssets } from './page-assets.generated.js'
import { answer, headline } from './parts/answer.js'
import { degraded } from './parts/degraded.js'
import { credential, late, store } from './parts/details.js'
import { endpoints } from './parts/endpoints.js'
import { outages } from './parts/outages.js'
import { overrideForm, overrideNow } from './parts/override.js'
import type { PartContext } from './parts/part.js'
import { limited, purses } from './parts/purses.js'
import { tiles } from './parts/tiles.js'
import { type Language, languages, type StatusTexts } from './texts.js'
import { textsOf } from './texts-of.js'
import { verdictChart } from './verdict-chart.js'

/** What a page is made for. */
export interface PageOptions {
  readonly language: Language
  /** Whether the language was asked for by `?lang=`. */
  readonly isLanguageAsked: boolean
  /** Allows this page's script and style alone. */
  readonly nonce: string
  /** The override's address, relative to the page. */
  readonly action: string
  /** Whether an override was just set, or which field of it was wrong. */
  readonly result?: 'done' | WrongField | 'guard' | undefined
}

/** Parts that the stream replaces, in the order of the page. Each stands in an element whose id ends with its name. */
const liveParts = {
  headline,
  answer,
  'override-now': overrideNow,
  tiles,
  verdicts: ({ site, texts, formats, id }: PartContext) => verdictChart(site.fleet, texts, formats, id),
  purses,
  limited,
  endpoints,
  outages,
  degraded,
  late,
  credential,
  store,
} as const satisfies Record<string, (context: PartContext) => Html>

type PartName = keyof typeof liveParts

/** Every live part of the page by the id of its element. */
export function pageParts(report: StatusReport, language: Language): Record<string, string> {
  const texts = textsOf[language]
  const { nowMs, formats } = timesOf(report, language)
  const parts: Record<string, string> = {
    title: title(report, texts).text,
    updated: updated(texts, formats, nowMs).text,
  }
  for (const [index, site] of report.sites.entries()) {
    const context = { site, texts, formats, id: `s${index}`, nowMs }
    for (const [name, render] of Object.entries(liveParts)) parts[`s${index}-${name}`] = render(context).text
  }
  return parts
}

/** The whole page. */
export function statusPage(report: StatusReport, options: PageOptions): string {
  const { language, isLanguageAsked, nonce, action, result } = options
  const texts = textsOf[language]
  const parts = pageParts(report, language)
  const { formats } = timesOf(report, language)
  const lang = isLanguageAsked ? language : undefined
  const sites = report.sites.map((site, index) => {
    const id = `s${index}`
    const form = overrideForm({ texts, formats, id, action, site, lang })
    return siteSection({ site, texts, id, parts, form })
  })
  return html`<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title id="title">${new Html(parts.title ?? '')}</title><style nonce="${nonce}">${new Html(pageAssets.style)}</style></head>
<body data-stream="?parts=${language}">
<a class="skip" href="#s0-override">${texts.skip}</a>
<header><h1>${texts.title}</h1><p id="updated">${new Html(parts.updated ?? '')}</p>
<p id="live" hidden data-on="${texts.live}" data-off="${texts.stale}"></p>
<p class="push">${languages
    .filter((other) => other !== language)
    .map(
      (other) => html`<a href="?lang=${other}" lang="${other}" hreflang="${other}">${textsOf[other].languageName}</a>`,
    )}</p></header>
<main>${notice(result, texts)}${sites}</main>
<script nonce="${nonce}">${new Html(pageAssets.script)}</script></body></html>
`.text
}

interface SiteSection {
  readonly site: SiteStatus
  readonly texts: StatusTexts
  readonly id: string
  readonly parts: Readonly<Record<string, string>>
  readonly form: Html
}

/** The answer first, then what can be done, then the details. */
function siteSection({ site, texts, id, parts, form }: SiteSection): Html {
  const name = `${texts.app(site.captchaAppId)} · ${site.names.join(', ')}`
  const content = (part: PartName) => new Html(parts[`${id}-${part}`] ?? '')
  const card = (part: PartName, size = '') =>
    html`<section class="card${size && ` ${size}`}" id="${id}-${part}">${content(part)}</section>`
  return html`<section class="site" aria-label="${name}">
<p class="site-name">${name}</p>
<section class="card answer" data-tone="${toneOf(site.findings[0])}"><h2><span class="headline" id="${id}-headline" role="status">${content('headline')}</span></h2><div id="${id}-answer">${content('answer')}</div></section>
<div class="tiles-box" id="${id}-tiles">${content('tiles')}</div>
<section class="card override" id="${id}-override" tabindex="-1" aria-label="${texts.override.title}"><h3>${texts.override.title}</h3><div id="${id}-override-now">${content('override-now')}</div>${form}</section>
${card('verdicts')}${card('outages')}${card('purses')}${card('degraded')}${card('limited')}${card('endpoints')}${card('late', 'half')}${card('credential', 'half')}${card('store')}
</section>`
}

function notice(result: PageOptions['result'], texts: StatusTexts): Html | undefined {
  if (result === undefined) return undefined
  const says = texts.override
  return result === 'done'
    ? html`<p class="notice" data-tone="good" role="status">${says.done}</p>`
    : html`<p class="notice" data-tone="bad" role="alert">${says.failed} ${says.refused[result]}</p>`
}

function timesOf({ at }: StatusReport, language: Language) {
  const nowMs = Date.parse(at)
  return { nowMs, formats: new Formats(language, nowMs) }
}

function updated(texts: StatusTexts, formats: Formats, nowMs: number): Html {
  return html`${texts.updated} <time datetime="${new Date(nowMs).toISOString()}">${formats.seconds(nowMs)}</time> ${formats.zone}`
}

/** The worst news of all sites ahead of the name, for a tab among others. */
function title({ sites }: StatusReport, texts: StatusTexts): Html {
  const findings = sites.map((site) => site.findings[0])
  const alarm =
    findings.find((finding) => toneOf(finding) === 'bad') ?? findings.find((finding) => toneOf(finding) === 'warn')
  return html`${alarm && `${texts.findings[alarm.kind].title} · `}${texts.title}`
}
