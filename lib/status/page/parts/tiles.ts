import { type FleetPath, latencyAt } from '../../fleet-view.js'
import { type Html, html } from '../html.js'
import { type PartContext, type PartTone, toneOfState, whyText } from './part.js'

/** API, client path, circuit, known clients and latency at a glance. */
export function tiles(context: PartContext): Html {
  const { fleet } = context.site
  const { tiles: names } = context.texts
  return html`<ul class="tiles">${[
    pathTile(names.api, fleet.api, context),
    pathTile(names.clientPath, fleet.clientPath, context),
    circuitTile(context),
    latencyTile(context),
    knownTile(context),
  ]}</ul>`
}

function tile(tone: PartTone, name: string, value: string, lines: readonly (string | false | undefined)[]): Html {
  const shown = lines.filter((line) => line).map((line) => html`<p>${line}</p>`)
  return html`<li data-tone="${tone}"><h3>${name}</h3><p class="value">${value}</p>${shown}</li>`
}

function pathTile(name: string, path: FleetPath, { site, texts, formats }: PartContext): Html {
  const sinceMs = Date.parse(path.since)
  const all = site.fleet.processes.length
  return tile(toneOfState[path.state], name, texts.states[path.state], [
    whyText(texts, path.why),
    texts.since(formats.time(sinceMs), formats.since(sinceMs)),
    all > 1 && path.state !== 'healthy' && texts.ofProcesses(path.processes, all),
  ])
}

function circuitTile({ site, texts, formats }: PartContext): Html {
  const { circuit } = site.fleet
  const { lastCanary, nextCanaryInMs, state } = circuit
  const next =
    nextCanaryInMs === undefined
      ? texts.noCanaryDue
      : nextCanaryInMs === 0
        ? texts.canaryUnderWay
        : texts.nextCanary(formats.duration(Math.max(1000, nextCanaryInMs)))
  return tile(toneOfState[state], texts.tiles.circuit, texts.circuits[state], [
    texts.circuitSays[state],
    next,
    lastCanary && texts.lastCanary(texts.canaryResults[lastCanary.result], formats.duration(lastCanary.agoMs)),
  ])
}

function latencyTile({ site, texts, formats }: PartContext): Html {
  const inUse = site.fleet.endpoints.find((endpoint) => endpoint.inUse)?.url
  const found = latencyAt(site.fleet, inUse)
  if (found === undefined || found.calls === 0) return tile('plain', texts.tiles.latency, '–', [texts.noAnswers])
  const { p50Ms, p99Ms, failed, calls } = found
  const value = p50Ms === null ? '–' : formats.milliseconds(p50Ms)
  const percentiles =
    p50Ms !== null && p99Ms !== null && texts.percentiles(formats.milliseconds(p50Ms), formats.milliseconds(p99Ms))
  return tile(failed > 0 ? 'warn' : 'plain', texts.tiles.latency, value, [
    percentiles || texts.noAnswers,
    failed > 0 && texts.failedOf(formats.number(failed), formats.number(calls)),
  ])
}

function knownTile({ site, texts, formats }: PartContext): Html {
  const { verified, known, share } = site.fleet.known
  if (share === null) return tile('plain', texts.tiles.known, '–', [texts.noVerified, texts.knownMeans])
  const said = texts.knownSays(formats.number(known), formats.number(verified))
  return tile('plain', texts.tiles.known, formats.percent(share), [said, texts.knownMeans])
}
