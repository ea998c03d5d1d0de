import { type CanaryReport, canaryReport, type Outcome } from '../admission/outcome.js'
import type { Clock, Timer } from '../clock.js'
import { Endpoint, type EndpointSnapshot, scoutReport } from './endpoint.js'
import { type AskEndpoint, EndpointReturn } from './endpoint-return.js'
import type { Upstream, Upstreams } from './upstream.js'

/** A canary that has no answer for this long makes the other endpoints be asked as well. */
const patienceMs = 300

/** A change of the endpoint in use. */
export interface EndpointMove {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly why: 'canary_failed' | 'trial_failed' | 'preferred_is_back'
}

/** What the list of endpoints is made of. */
export interface EndpointsParts {
  readonly upstreams: Pick<Upstreams, 'url' | 'calls' | 'canary' | 'scout' | 'siblings'>
  readonly clock: Clock
  /**
   * Sends one canary, under the longest deadline of a call where none is given. Calls `done` exactly once, never before it has
   * returned. Returns what gives it up.
   */
  readonly ask: (upstream: Upstream, timeoutMs: number | undefined, done: (reply: Outcome) => void) => () => void
  /** Whether the endpoint in use has answered a user's call that began later, or one that it was late with. */
  readonly hasAnsweredSince: (timeMs: number) => boolean
  /** Called with each reply to a canary of the endpoint in use. */
  readonly onCanary: (reply: Outcome) => void
  /** Called after each move; `inUse` is the new endpoint then. */
  readonly onMove: (move: EndpointMove) => void
}

/**
 * The endpoints of a site and which of them is in use. Calls move where the canary of the one in use fails, or users fail there
 * while it is on trial, and another one answers a canary with a `CaptchaCode`. No caller can cause any of these. Timers run only
 * while something is wrong.
 */
export class Endpoints {
  readonly #parts: EndpointsParts
  /** Most preferred first. */
  readonly #all: readonly Endpoint[]
  readonly #return: EndpointReturn
  #inUse: Endpoint
  /** Start of the last canary of the endpoint in use, if it failed: the first other one that is healthy is moved to. */
  #failedMs: number | undefined
  /** Those that answered a scout since the canary of the endpoint in use was last healthy. */
  readonly #fit = new Set<Endpoint>()
  /** Scouts under way, with what gives each up. */
  readonly #scouts = new Map<Endpoint, () => void>()
  #giveUpCanary = () => {}

  constructor(parts: EndpointsParts) {
    const { upstreams, clock } = parts
    const preferred = new Endpoint(upstreams, true, clock)
    this.#parts = parts
    this.#inUse = preferred
    this.#all = [preferred, ...(upstreams.siblings ?? []).map((ways) => new Endpoint(ways, false, clock))]
    this.#return = new EndpointReturn(clock, this.#scouting(preferred), () =>
      this.#move(preferred, 'preferred_is_back'),
    )
  }

  /** Where calls go now. */
  get inUse(): Endpoint {
    return this.#inUse
  }

  /**
   * Runs a canary at the endpoint in use, and asks the others when it takes long or fails. Calls `done` exactly once, never
   * before it has returned; with `unknown` where calls have moved meanwhile. Returns a function that gives the canary up.
   */
  runCanary(timeoutMs: number, done: (report: CanaryReport) => void): () => void {
    const { clock, ask, onCanary } = this.#parts
    const asked = this.#inUse
    const startedMs = clock.nowMs()
    const timer: Timer | undefined = this.#all.length > 1 ? clock.after(patienceMs, () => this.#search()) : undefined
    const giveUp = ask(asked.ways.canary, timeoutMs, (reply) => {
      this.#giveUpCanary = () => {}
      timer?.cancel()
      onCanary(reply)
      const report = canaryReport(reply)
      asked.note(report)
      if (asked !== this.#inUse) return done('unknown')
      this.#learn(report, startedMs)
      done(report)
    })
    this.#giveUpCanary = giveUp
    return giveUp
  }

  /**
   * Users fail at the endpoint in use while its canary is healthy. On trial, that is a host that answers and does not know our
   * tickets: the next one that is healthy has its turn.
   */
  noteUsersFailing(): void {
    if (!this.#inUse.isOnTrial) return
    this.#inUse.failTrial()
    this.#search()
  }

  /** The endpoints as plain JSON, most preferred first; empty with a client of the application's. */
  snapshot(): readonly EndpointSnapshot[] {
    return this.#all
      .map((endpoint) => endpoint.snapshot(endpoint === this.#inUse))
      .filter((shown) => shown !== undefined)
  }

  /** Frees timers and gives up the canaries of the endpoints that are not in use. */
  close(): void {
    this.#stopSearch()
    this.#return.close()
  }

  #learn(report: CanaryReport, startedMs: number): void {
    if (report === 'healthy') return this.#inUse.hasFailedTrial ? this.noteUsersFailing() : this.#stopSearch()
    if (report === 'unknown') return
    this.#failedMs = startedMs
    if (!this.#isFailing) return
    const fit = this.#all.find((endpoint) => this.#fit.has(endpoint))
    if (fit === undefined) this.#search()
    else this.#move(fit, 'canary_failed')
  }

  /** Users who are answered say more than a canary that failed, which may have been a lost packet. */
  get #isFailing(): boolean {
    if (this.#inUse.hasFailedTrial) return true
    return this.#failedMs !== undefined && !this.#parts.hasAnsweredSince(this.#failedMs)
  }

  /** Asks the other endpoints side by side, but for those that are being asked or have just failed their trial. */
  #search(): void {
    const others = this.#all.filter(
      (endpoint) => endpoint !== this.#inUse && !this.#scouts.has(endpoint) && !endpoint.hasFailedTrial,
    )
    for (const endpoint of others) {
      const giveUp = this.#scouting(endpoint)((report) => {
        this.#scouts.delete(endpoint)
        if (report === 'healthy') this.#found(endpoint)
        else this.#fit.delete(endpoint)
      })
      this.#scouts.set(endpoint, giveUp)
    }
  }

  #found(endpoint: Endpoint): void {
    if (this.#isFailing) this.#move(endpoint, this.#inUse.hasFailedTrial ? 'trial_failed' : 'canary_failed')
    else this.#fit.add(endpoint)
  }

  #stopSearch(): void {
    this.#failedMs = undefined
    this.#fit.clear()
    const scouts = [...this.#scouts.values()]
    this.#scouts.clear()
    for (const giveUp of scouts) giveUp()
  }

  #scouting(endpoint: Endpoint): AskEndpoint {
    return (done) =>
      this.#parts.ask(endpoint.ways.scout ?? endpoint.ways.canary, undefined, (reply) => {
        const report = scoutReport(reply)
        endpoint.note(report)
        done(report)
      })
  }

  #move(to: Endpoint, why: EndpointMove['why']): void {
    const from = this.#inUse
    this.#inUse = to
    this.#stopSearch()
    if (to.isPreferred) this.#return.returned()
    else this.#return.left()
    this.#parts.onMove({ from, to, why })
    // It asks an endpoint that calls no longer go to.
    this.#giveUpCanary()
  }
}
