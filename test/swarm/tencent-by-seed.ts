import type { Answer, AskedTicket } from '../../bench/outage-simulation/tencent-model.js'
import { KeyedHash } from '../../lib/structures/keyed-hash.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { during, type Plan } from './plan.js'

const result = (response: object): UpstreamResult => ({ kind: 'sdk_result', result: response })
const healthy = {
  genuine: result({ CaptchaCode: 1 }),
  junk: result({ CaptchaCode: 15 }),
  poison: result({ Error: { Code: 'InternalError' } }),
  canary: result({ CaptchaCode: 21 }),
} as const
const internalError = result({ Error: { Code: 'InternalError' } })
const throttled = result({ Error: { Code: 'RequestLimitExceeded' } })
const authFailure = result({ Error: { Code: 'AuthFailure.SecretIdNotFound' } })
const unreachable: UpstreamResult = { kind: 'unreachable', problem: 'ECONNREFUSED' }
const unanswered: Answer = { reply: undefined, afterMs: Number.POSITIVE_INFINITY }

/**
 * Tencent, whose answer to a ticket depends on seed, ticket and time alone: what others ask, and how much, changes nothing. So the
 * same site with and without attackers meets the same Tencent.
 */
export class TencentBySeed {
  readonly #plan: Plan
  readonly #hash: KeyedHash

  constructor(plan: Plan) {
    this.#plan = plan
    this.#hash = new KeyedHash(Buffer.from('Tencent.'))
  }

  answer(ticket: AskedTicket, ticketKey: string, nowMs: number): Answer {
    const afterMs = 30 + 50 * this.#share(`latency ${ticketKey}`)
    const fault = during(this.#plan.faults, nowMs)?.kind
    switch (fault) {
      case 'hangs':
        return unanswered
      case 'errors':
        return { reply: internalError, afterMs }
      case 'unreachable':
        return { reply: unreachable, afterMs: 5 }
      case 'throttles':
        return { reply: throttled, afterMs: 10 }
      case 'misconfigured':
        return { reply: authFailure, afterMs: 10 }
      case 'ordinary_hangs':
        if (ticket !== 'canary') return unanswered
        break
      case 'some_errors':
        if (this.#share(`error ${ticketKey}`) < 0.3) return { reply: internalError, afterMs }
        break
      case 'slow':
      case undefined:
        break
    }
    if (ticket === 'tar') return unanswered
    return { reply: healthy[ticket], afterMs: fault === 'slow' ? 1900 : afterMs }
  }

  #share(text: string): number {
    this.#hash.hash(`${this.#plan.seed} ${text}`)
    return this.#hash.low / 2 ** 32
  }
}
