// A guard that lives long, in a process of its own: the memory of a test runner says little. Bundled and forked by a test.
import fc from 'fast-check'
import { collectGarbage } from '../support/collect-garbage.js'
import { GuardUnderFuzz } from './guard-under-fuzz.js'
import { type TencentAct, tencentAct } from './tencent-answers.js'

/** How long the guard lives. */
export interface LongLifeOrder {
  readonly seed: number
  readonly rounds: number
}

/** One round of requests, as the process reports it. */
export interface RoundReport {
  readonly heapBytes: number
  /** Requests that were over and could still be reached. */
  readonly heldRequests: number
}

export const requestsInRound = 1000
/** Old values leave as new ones come: a round lasts longer than every window but that of histories. */
const roundMs = 660_000
const clients = 50

/** Requests of any outcome, some of which hang up or bring a ticket again. */
class LongLife {
  readonly #world: GuardUnderFuzz
  readonly #acts: readonly TencentAct[]
  #sent = 0

  constructor(seed: number) {
    this.#acts = fc.sample(tencentAct, { seed, numRuns: 500 })
    this.#world = new GuardUnderFuzz({}, (ticket) => this.#actFor(ticket))
  }

  async round(): Promise<RoundReport> {
    const seen: WeakRef<object>[] = []
    for (let request = 0; request < requestsInRound; request++) {
      seen.push(this.#send(this.#sent++))
      await this.#world.advance(roundMs / requestsInRound)
    }
    await this.#world.advance(10_000)
    this.#world.forget()
    await collectGarbage()
    const heldRequests = seen.filter((reference) => reference.deref() !== undefined).length
    return { heapBytes: process.memoryUsage().heapUsed, heldRequests }
  }

  #send(number: number): WeakRef<object> {
    const ticket = `tr03 ${number % 7 === 0 ? number - 1 : number}*`
    const ip = `203.0.113.${number % clients}`
    const visit = this.#world.send({ method: 'POST', rawHeaders: [], body: { ticket, randstr: '@r' }, query: {}, ip })
    if (number % 11 === 0) this.#world.clock.after(10, () => visit.hangUp())
    return new WeakRef(visit.req)
  }

  #actFor(ticket: string): TencentAct {
    if (ticket === 'canary') return { kind: 'answers', response: { CaptchaCode: 21 }, afterMs: 30 }
    return this.#acts[Number(ticket.split(/[ *]/)[1]) % this.#acts.length] as TencentAct
  }
}

process.once('message', async ({ seed, rounds }: LongLifeOrder) => {
  const life = new LongLife(seed)
  for (let round = 0; round < rounds; round++) process.send?.(await life.round())
  process.disconnect()
})
