import { type Finding, toneOf } from '../../findings.js'
import { type Html, html } from '../html.js'
import { type PartContext, whyText } from './part.js'

/** The answer in a line, which screen readers announce when it changes; nothing in it ticks. */
export function headline({ site, texts, formats }: PartContext): Html {
  const [worst] = site.findings
  const { title } = texts.findings[worst.kind]
  const sinceMs = sinceOf(worst)
  const from = sinceMs === undefined ? '' : ` ${texts.outages.from.toLowerCase()} ${formats.time(sinceMs)}`
  return html`<span class="mark" data-tone="${toneOf(worst)}" aria-hidden="true"></span>${title}${
    sinceMs !== undefined && html`<span class="unseen">${from}</span>`
  }`
}

/** Since when, why, what happens to users, and what can be done. */
export function answer(context: PartContext): Html {
  const { site, texts, formats } = context
  const [worst, ...others] = site.findings
  const { users, todo } = adviceFor(worst, context)
  const steps = todo.length > 0 && html`<h3>${texts.todo}</h3><ul>${todo.map((step) => html`<li>${step}</li>`)}</ul>`
  return html`<p class="when">${timing(worst, context)}</p>
${reason(worst, context)}
<h3>${texts.users}</h3><p>${users}</p><p>${texts.recent(site.recent, (value) => formats.number(value))}</p>
${steps}${others.length > 0 && html`<h3>${texts.also}</h3><ul class="also">${others.map((other) => alsoLine(other, context))}</ul>`}
<p class="soft runbook">${texts.runbook} ${site.findings.map(({ kind }) => html`<code>${kind}</code> `)}</p>`
}

/** In an outage nothing passes unverified while the override says so. */
function adviceFor(finding: Finding, { site, texts }: PartContext) {
  const isOutage = finding.kind === 'api_outage' || finding.kind === 'client_path_outage'
  const refusesAll = isOutage && site.override.mode === 'verify_only'
  return texts.findings[refusesAll ? 'override_verify_only' : finding.kind]
}

function alsoLine(finding: Finding, context: PartContext): Html {
  const { title, todo } = context.texts.findings[finding.kind]
  return html`<li data-tone="${toneOf(finding)}"><b>${title}</b> ${timing(finding, context)} ${todo[0]}</li>`
}

function sinceOf(finding: Finding): number | undefined {
  return 'path' in finding ? Date.parse(finding.path.since) : undefined
}

function timing(finding: Finding, { site, texts, formats, nowMs }: PartContext): string {
  switch (finding.kind) {
    case 'api_outage':
    case 'client_path_outage':
    case 'api_suspect':
    case 'client_path_suspect': {
      const sinceMs = Date.parse(finding.path.since)
      const all = site.fleet.processes.length
      const share = all > 1 ? ` · ${texts.ofProcesses(finding.path.processes, all)}` : ''
      return texts.since(formats.time(sinceMs), formats.since(sinceMs)) + share
    }
    case 'override_pass':
    case 'override_verify_only': {
      const { until, by } = finding
      const untilMs = until === undefined ? undefined : Date.parse(until)
      const end =
        untilMs === undefined
          ? texts.untilChanged
          : texts.until(formats.time(untilMs), formats.duration(untilMs - nowMs))
      return `${end} · ${texts.by(by ?? texts.unnamed)}`
    }
    case 'keys_failing':
      return finding.expiresAt === undefined
        ? ''
        : `${texts.credential.expires}: ${formats.time(Date.parse(finding.expiresAt))}`
    case 'endpoint_moved':
      return finding.url
    case 'store_down':
      return texts.ofProcesses(finding.processes, site.fleet.processes.length)
    case 'healthy':
      return lastOutage({ site, texts, formats, nowMs })
    case 'misconfigured':
    case 'limits_refuse':
    case 'none_verified':
      return ''
  }
}

function reason(finding: Finding, { texts }: PartContext): Html | undefined {
  if ('path' in finding) return html`<p>${texts.why}: ${whyText(texts, finding.path.why)}</p>`
  return finding.kind === 'keys_failing' ? html`<p>${texts.why}: ${finding.problem}</p>` : undefined
}

/** When the last outage was; empty without one. */
function lastOutage({ site, texts, formats, nowMs }: Omit<PartContext, 'id'>): string {
  const [last] = site.fleet.outages
  if (last?.toMs === undefined) return ''
  const { fromMs, toMs } = last
  const ago = formats.duration(nowMs - toMs)
  return texts.lastOutage(`${formats.time(fromMs)} – ${formats.time(toMs)}`, formats.duration(toMs - fromMs), ago)
}
