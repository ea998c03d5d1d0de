import type { CaptchaGuard, GuardSnapshot } from '../guard/guard-types.js'

/** The name of a guard that was given without one. */
const onlyName = 'default'

/** Guards by the value of their label `guard`. */
export type GuardsByName = Readonly<Record<string, CaptchaGuard>>

/** The guards of one registration, found by name and by the ids of their messages. Each snapshot is taken once a scrape. */
export class NamedGuards {
  readonly names: readonly string[]
  readonly #guards: ReadonlyMap<string, CaptchaGuard>
  readonly #nameByGuardId = new Map<string, string>()
  readonly #namesBySiteId = new Map<string, string[]>()
  #snapshots: ReadonlyMap<string, GuardSnapshot> | undefined

  /** Throws a `TypeError` on what is no guard. */
  constructor(given: CaptchaGuard | GuardsByName) {
    this.#guards = new Map(Object.entries(isGuard(given) ? { [onlyName]: given } : checked(given)))
    this.names = [...this.#guards.keys()]
    for (const [name, { siteId, guardId }] of this.snapshots()) {
      this.#nameByGuardId.set(guardId, name)
      this.#namesBySiteId.set(siteId, [...this.ofSite(siteId), name])
    }
  }

  /** The guard that made a message; `undefined` for one that is not registered. */
  ofGuard(guardId: string): string | undefined {
    return this.#nameByGuardId.get(guardId)
  }

  /** The guards of the site that a message is about. */
  ofSite(siteId: string): readonly string[] {
    return this.#namesBySiteId.get(siteId) ?? []
  }

  /** All snapshots by name. A registry collects its metrics in one turn of the event loop, in which they are taken once. */
  snapshots(): ReadonlyMap<string, GuardSnapshot> {
    if (this.#snapshots === undefined) {
      queueMicrotask(() => {
        this.#snapshots = undefined
      })
      this.#snapshots = new Map([...this.#guards].map(([name, guard]) => [name, guard.snapshot()]))
    }
    return this.#snapshots
  }
}

function isGuard(given: unknown): given is CaptchaGuard {
  return typeof given === 'function' && typeof (given as Partial<CaptchaGuard>).snapshot === 'function'
}

function checked(given: GuardsByName): GuardsByName {
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : []
  if (entries.length === 0) {
    throw new TypeError('tencent-captcha-guard: captchaMetrics() needs a guard, or guards by name: { login: guard }.')
  }
  for (const [name, guard] of entries) {
    if (!isGuard(guard)) throw new TypeError(`tencent-captcha-guard: \`${name}\` of captchaMetrics() is no guard.`)
  }
  return given
}
