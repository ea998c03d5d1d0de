import type { FleetPurse } from '../../fleet-view.js'
import { type Html, html } from '../html.js'
import { facts, type PartContext, table } from './part.js'

/** Both purses: what is left, by what they refill, and what each limit refused. */
export function purses(context: PartContext): Html {
  const { texts, site } = context
  return html`<h3>${texts.purses.title}</h3><p class="soft">${texts.purses.intro}</p>
<div class="pair">${purse('outage', site.fleet.purses.outage, context)}${purse('doubt', site.fleet.purses.doubt, context)}</div>`
}

function purse(name: 'outage' | 'doubt', purse: FleetPurse, { site, texts, formats }: PartContext): Html {
  const { baselinePerMinute } = site.fleet
  const says = texts.purses
  const share = purse.capacity === 0 ? 0 : Math.min(1, Math.max(0, purse.remaining / purse.capacity))
  const { limit, windowMs } = purse.perClient
  const { client, total } = purse.refusedLastHour
  const left = says.left(formats.number(purse.remaining), formats.number(purse.capacity))
  return html`<section aria-label="${says[name]}"><h4>${says[name]} <small>${says[`${name}For`]}</small></h4>
<svg class="meter" role="img" aria-label="${left}" viewBox="0 0 100 4" preserveAspectRatio="none"><rect class="track" width="100" height="4"/><rect class="fill" data-tone="${
    share < 0.25 ? 'bad' : share < 0.5 ? 'warn' : 'good'
  }" width="${Math.round(share * 1000) / 10}" height="4"/></svg>
<p>${left}</p>
${facts([
  [says.refill, says.perMinute(formats.number(purse.perMinute))],
  [
    says.basisLabel,
    purse.basis === 'baseline' && baselinePerMinute !== null
      ? `${says.basis.baseline}, ${says.baseline(formats.number(baselinePerMinute))}`
      : says.basis[purse.basis],
  ],
  [says.perClient, limit === 0 ? says.closed : says.perClientIs(formats.number(limit), formats.duration(windowMs))],
  [says.taken, formats.number(purse.taken)],
  [says.refused, says.refusedBy(formats.number(client), formats.number(total))],
])}</section>`
}

/** The clients that a limit refused last. */
export function limited({ site, texts, formats, id }: PartContext): Html {
  const says = texts.limited
  const rows = site.fleet.limited.map(({ userIp, purse, by, refusals, lastMs }) => [
    userIp === undefined ? says.notLogged : html`<code>${userIp}</code>`,
    says.names[`${purse}_${by}`],
    formats.number(refusals),
    formats.time(lastMs),
  ])
  const columns = [
    { head: says.client },
    { head: says.limit },
    { head: says.times, isNumber: true },
    { head: says.last, isNumber: true },
  ]
  return html`<h3>${says.title}</h3>${table(`${id}-limited-scroll`, says.title, columns, rows, says.none)}`
}
