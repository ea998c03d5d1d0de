import { latencyAt } from '../../fleet-view.js'
import { type Html, html } from '../html.js'
import { badge, type PartContext, table, toneOfState } from './part.js'

/** The endpoints: which is in use, what their canaries say, and how long answers take. */
export function endpoints({ site, texts, formats, id }: PartContext): Html {
  const says = texts.endpoints
  const { endpoints: found } = site.fleet
  const rows = found.map(({ url, inUse, preferred, state, since, onTrial, lastCanary }) => {
    const times = latencyAt(site.fleet, url)
    const notes = [
      inUse && says.inUse,
      preferred && says.preferred,
      inUse && onTrial && says.onTrial,
      state !== 'unknown' && texts.since(formats.time(Date.parse(since)), formats.since(Date.parse(since))),
      lastCanary && texts.lastCanary(texts.canaryResults[lastCanary.result], formats.duration(lastCanary.agoMs)),
    ].filter(Boolean)
    const ms = (value: number | null | undefined) => (value == null ? '–' : formats.milliseconds(value))
    return [
      html`<code>${url}</code>`,
      html`${badge(toneOfState[state], texts.states[state])}<small>${notes.join(' · ')}</small>`,
      ms(times?.p50Ms),
      ms(times?.p99Ms),
      formats.number(times?.calls ?? 0),
      formats.number(times?.failed ?? 0),
    ]
  })
  const columns = [
    { head: says.url },
    { head: says.state },
    { head: says.p50, isNumber: true },
    { head: says.p99, isNumber: true },
    { head: says.calls, isNumber: true },
    { head: says.failed, isNumber: true },
  ]
  return html`<h3>${says.title}</h3>${table(`${id}-endpoints-scroll`, says.title, columns, rows, says.none)}`
}
