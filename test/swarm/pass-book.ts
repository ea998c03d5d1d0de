import type { PurseName } from '../../lib/admission/question.js'
import type { DegradationConfig } from '../../lib/options/config.js'

/** A degraded pass. */
export interface BookedPass {
  readonly process: number
  readonly guard: number
  readonly purse: PurseName
  readonly clientKey: string
  readonly isFallback: boolean
  readonly atMs: number
  /** Tickets of this client's that Tencent could verify, so far: what it may have earned. */
  readonly genuineTickets: number
}

/** What the limits allow, worked out by hand from the settings. */
export interface Bounds {
  readonly guards: readonly DegradationConfig[]
  /** Whether the processes see each other's passes all the time. */
  readonly isShared: boolean
  /** The busiest minute of verified passes of the whole site, or the operator's estimate. */
  readonly expectedPerMinute: number
}

const minuteMs = 60_000
const purses = ['outage', 'doubt'] as const
/** A key with history may pass this many times its own verified rate; that is averaged over ten minutes. */
const ownRateFactor = { outage: 3, doubt: 0 } as const
const rateMemoryMinutes = 10
const leastCapacity = 10
const capacitySeconds = 10

/** Every degraded pass of a site; says where more passed than the purses allow. */
export class PassBook {
  readonly #passes: BookedPass[] = []

  note(pass: BookedPass): void {
    this.#passes.push(pass)
  }

  get count(): number {
    return this.#passes.length
  }

  /** Sentences about limits that were not kept; none where all is well. */
  violations(bounds: Bounds): readonly string[] {
    return purses.flatMap((purse) => {
      const drawn = this.#passes.filter((pass) => pass.purse === purse)
      return [...clientViolations(purse, drawn, bounds), ...totalViolations(purse, drawn, bounds)]
    })
  }
}

function clientViolations(purse: PurseName, drawn: readonly BookedPass[], { guards, isShared }: Bounds): string[] {
  const settings = guards.map((guard) => guard[purse].perClient)
  const rate = ({ limit, windowMs }: (typeof settings)[number]) => limit / windowMs
  // Several settings are bounded by the largest of them.
  const largest = settings.reduce((most, setting) => (rate(setting) > rate(most) ? setting : most))
  return [
    ...groups(drawn, ({ process, clientKey }) => (isShared ? clientKey : `${clientKey} at process ${process}`)),
  ].flatMap(([who, passes]) => [
    ...settings.flatMap((setting, index) =>
      overLimit(
        `${who}, ${purse} purse of guard ${index}`,
        passes.filter(({ guard }) => isSame(settings[guard], setting)),
        setting,
        purse,
      ),
    ),
    ...overLimit(`${who}, ${purse} purse`, passes, largest, purse),
  ])
}

function isSame(a: { limit: number; windowMs: number } | undefined, b: { limit: number; windowMs: number }): boolean {
  return a?.limit === b.limit && a.windowMs === b.windowMs
}

function overLimit(
  who: string,
  passes: readonly BookedPass[],
  { limit, windowMs }: { readonly limit: number; readonly windowMs: number },
  purse: PurseName,
): string[] {
  return windowsOf(passes, windowMs).flatMap((within) => {
    const { genuineTickets, atMs } = within.at(-1) as BookedPass
    const earned = Math.floor((ownRateFactor[purse] * genuineTickets * windowMs) / (rateMemoryMinutes * minuteMs))
    const allowed = limit === 0 ? 0 : Math.max(limit, earned)
    return within.length > allowed
      ? [`${who}: ${within.length} passes in ${windowMs} ms at ${atMs}, ${allowed} allowed`]
      : []
  })
}

function totalViolations(purse: PurseName, drawn: readonly BookedPass[], bounds: Bounds): string[] {
  const most = (figure: 'startPerMinute' | 'floorPerMinute' | 'baselineFactor') =>
    Math.max(...bounds.guards.map((guard) => guard[purse].total[figure]))
  const perMinute = Math.max(
    most('startPerMinute'),
    most('floorPerMinute'),
    most('baselineFactor') * bounds.expectedPerMinute,
  )
  const inMinute = (rate: number, least: number) => rate + Math.max(least, (rate * capacitySeconds) / 60)
  return [...groups(drawn, ({ process }) => `process ${process}`)].flatMap(([who, passes]) => {
    const worst = Math.max(...windowsOf(passes, minuteMs).map(({ length }) => length))
    const fallback = passes.filter(({ isFallback }) => isFallback && purse === 'doubt')
    const worstFallback = Math.max(0, ...windowsOf(fallback, minuteMs).map(({ length }) => length))
    return [
      ...(worst > inMinute(perMinute, leastCapacity)
        ? [`${who}, ${purse} purse: ${worst} passes in a minute, total ${perMinute}`]
        : []),
      ...(worstFallback > inMinute(perMinute / 2, leastCapacity / 2)
        ? [`${who}: ${worstFallback} fallback passes from ${purse}, total ${perMinute}`]
        : []),
    ]
  })
}

/** The passes within each window that ends with one. They are in the order of their time. */
function windowsOf(passes: readonly BookedPass[], windowMs: number): readonly (readonly BookedPass[])[] {
  let first = 0
  return passes.map(({ atMs }, index) => {
    while (atMs - (passes[first] as BookedPass).atMs >= windowMs) first++
    return passes.slice(first, index + 1)
  })
}

function groups(passes: readonly BookedPass[], keyOf: (pass: BookedPass) => string): Map<string, BookedPass[]> {
  const found = new Map<string, BookedPass[]>()
  for (const pass of passes) {
    const key = keyOf(pass)
    const group = found.get(key)
    if (group) group.push(pass)
    else found.set(key, [pass])
  }
  return found
}
