/** An outage of one path, as the page lists it. */
export interface TimelineOutage {
  readonly path: 'api' | 'client_path'
  readonly why: string
  /** Milliseconds since 1970. */
  readonly fromMs: number
  /** Absent while it goes on. */
  readonly toMs?: number
}

/** Outages that are kept. */
export const outagesKept = 20

/** The last outages of a site, oldest first. */
export class OutageTimeline {
  #outages: readonly TimelineOutage[] = []

  /** An outage goes on, for this reason now. */
  start(path: TimelineOutage['path'], why: string, fromMs: number): void {
    const isUnderWay = this.#outages.some((outage) => outage.path === path && outage.toMs === undefined)
    if (!isUnderWay) this.#outages = [...this.#outages, { path, why, fromMs }].slice(-outagesKept)
  }

  /** The outage of this path is over, if there is one. */
  end(path: TimelineOutage['path'], toMs: number): void {
    this.#outages = this.#outages.map((outage) => {
      return outage.path === path && outage.toMs === undefined ? { ...outage, toMs } : outage
    })
  }

  /** The outages, oldest first. */
  read(): readonly TimelineOutage[] {
    return this.#outages
  }
}
