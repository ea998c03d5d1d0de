import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../clock.js'
import { fleetOf } from '../guard/guard-fleet.js'
import type { CaptchaGuard, GuardSnapshot } from '../guard/guard-types.js'
import { mergeProcesses } from './fleet-view.js'
import { listenToChannels } from './listen-to-channels.js'
import {
  decodeProcessStatus,
  encodeProcessStatus,
  type ProcessIdentity,
  type ProcessStatus,
  processStatus,
} from './process-status.js'
import { StatusRecorder } from './recording/status-recorder.js'
import { type SiteStatus, type StatusReport, siteStatus } from './status-report.js'

/** What the status page needs of a guard. */
export type StatusGuard = Pick<CaptchaGuard, 'snapshot' | 'override'>

interface StatusSite {
  readonly guards: readonly [NamedGuard, ...NamedGuard[]]
  readonly recorder: StatusRecorder
}

type NamedGuard = readonly [name: string, guard: StatusGuard]

/** The sites of some guards: what was recorded of each, and its state on demand. */
export class StatusSites {
  readonly #clock: Clock
  readonly #process: ProcessIdentity
  readonly #sites: readonly StatusSite[]
  readonly #ends: readonly (() => void)[]

  /** Records from now on, and publishes this process's status where the sites have a store that shares it. */
  constructor(guards: readonly NamedGuard[], clock: Clock) {
    this.#clock = clock
    this.#process = {
      id: randomUUID(),
      host: hostname().slice(0, 100),
      pid: process.pid,
      startedAtMs: Math.round(clock.epochMs() - process.uptime() * 1000),
    }
    const sites = new Map(
      [...groupBySite(guards)].map(([siteId, group]) => {
        return [siteId, { guards: group, recorder: startedRecorder(group[0], clock) }]
      }),
    )
    this.#sites = [...sites.values()]
    const stopListening = listenToChannels(new Map([...sites].map(([siteId, { recorder }]) => [siteId, recorder])))
    this.#ends = [stopListening, ...this.#sites.map((site) => this.#publish(site))]
  }

  /** The state of every site, with what the other processes have published. */
  async report(): Promise<StatusReport> {
    const sites = await Promise.all(this.#sites.map((site) => this.#siteStatus(site)))
    return { version: 1, at: new Date(this.#clock.epochMs()).toISOString(), sites }
  }

  /** Stops recording and publishing. */
  close(): void {
    for (const end of this.#ends) end()
  }

  async #siteStatus(site: StatusSite): Promise<SiteStatus> {
    const [first, ...more] = site.guards
    const others = (await fleetOf(first[1])?.read()) ?? []
    const snapshots = [snapshotOf(first), ...more.map(snapshotOf)] as const
    const own = this.#own(snapshots[0][1], site)
    return siteStatus(
      snapshots,
      mergeProcesses([own, ...others.map(decodeProcessStatus).filter((status) => status !== undefined)]),
    )
  }

  #own(snapshot: GuardSnapshot, { recorder }: StatusSite): ProcessStatus {
    return processStatus(this.#process, this.#clock.epochMs(), snapshot, recorder.read())
  }

  #publish(site: StatusSite): () => void {
    const [[, guard]] = site.guards
    const write = () => encodeProcessStatus(this.#own(guard.snapshot(), site)) ?? ''
    return fleetOf(guard)?.publish(write) ?? (() => {})
  }
}

function groupBySite(guards: readonly NamedGuard[]): Map<string, [NamedGuard, ...NamedGuard[]]> {
  const sites = new Map<string, [NamedGuard, ...NamedGuard[]]>()
  for (const named of guards) {
    const { siteId } = named[1].snapshot()
    const group = sites.get(siteId)
    if (group === undefined) sites.set(siteId, [named])
    else group.push(named)
  }
  return sites
}

/** A recorder that knows of an outage under way. */
function startedRecorder([, guard]: NamedGuard, clock: Clock): StatusRecorder {
  const recorder = new StatusRecorder(clock)
  const { api, clientPath } = guard.snapshot()
  recorder.path('api', api.state, api.why, Date.parse(api.since))
  recorder.path('client_path', clientPath.state, clientPath.why, Date.parse(clientPath.since))
  return recorder
}

function snapshotOf([name, guard]: NamedGuard): readonly [string, GuardSnapshot] {
  return [name, guard.snapshot()]
}
