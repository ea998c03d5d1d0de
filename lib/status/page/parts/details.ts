import { type Html, html } from '../html.js'
import { badge, facts, type PartContext, table, toneOfState } from './part.js'

/** What Tencent said late of tickets that had passed. */
export function late({ site, texts, formats }: PartContext): Html {
  const { genuine, refused, inconclusive, waiting } = site.fleet.late
  const says = texts.late
  const counts = { genuine, refused, inconclusive, waiting }
  const pairs = (Object.keys(counts) as (keyof typeof counts)[]).map(
    (name) => [says[name], formats.number(counts[name])] as const,
  )
  return html`<h3>${says.title}</h3><p class="soft">${says.intro}</p>${facts(pairs)}`
}

/** Where the keys come from and how old they are. */
export function credential({ site, texts, formats, nowMs }: PartContext): Html {
  const { source, ageMs, expiresAt, lastFailure } = site.fleet.credential
  const says = texts.credential
  const startedAtMs = site.fleet.processes[0]?.startedAtMs ?? nowMs
  const unknownAge = {
    fixed: says.sinceStart(formats.since(startedAtMs)),
    provider: says.noKeys,
    client: says.notKnown,
  }
  const expiresMs = expiresAt === undefined ? undefined : Date.parse(expiresAt)
  return html`<h3>${says.title}</h3><p>${says.sources[source]}</p>${facts([
    [says.age, ageMs === undefined ? unknownAge[source] : formats.duration(ageMs)],
    [says.expires, expiresMs !== undefined && says.left(formats.time(expiresMs), formats.duration(expiresMs - nowMs))],
    [says.lastFailure, lastFailure && says.ago(lastFailure.problem, formats.duration(lastFailure.agoMs))],
  ])}`
}

/** The store, and every process that shares it. */
export function store({ site, texts, formats, id, nowMs }: PartContext): Html {
  const says = texts.store
  const { processes, inFlight } = site.fleet
  const [{ store: own }] = Object.values(site.guards) as [(typeof site.guards)[string]]
  const silent = own.processes - processes.length
  const rows = processes.map((process, index) => [
    html`<code>${process.host} ${process.pid}</code>${index === 0 && html`<small>${says.answers}</small>`}`,
    badge(toneOfState[process.api], texts.states[process.api]),
    badge(toneOfState[process.clientPath], texts.states[process.clientPath]),
    badge(toneOfState[process.circuit], texts.circuits[process.circuit]),
    badge(process.store === 'up' ? 'good' : 'bad', says[process.store]),
    formats.number(process.inFlight),
    formats.time(process.startedAtMs),
    says.ago(formats.duration(nowMs - process.atMs)),
  ])
  const columns = [
    { head: says.process },
    { head: texts.tiles.api },
    { head: texts.tiles.clientPath },
    { head: texts.tiles.circuit },
    { head: says.kind },
    { head: says.inFlight, isNumber: true },
    { head: says.started, isNumber: true },
    { head: says.seen, isNumber: true },
  ]
  return html`<h3>${says.title}</h3>${facts([
    [says.kind, html`${own.kind} ${badge(own.state === 'up' ? 'good' : 'bad', says[own.state])}`],
    [says.processes, formats.number(own.processes)],
    [says.inFlight, formats.number(inFlight)],
  ])}${own.kind === 'memory' && html`<p class="soft">${says.alone}</p>`}${
    silent > 0 && html`<p class="soft">${says.silent(formats.number(silent))}</p>`
  }${table(`${id}-processes-scroll`, says.processes, columns, rows)}`
}
