import { describe, expect, test } from '@jest/globals'
import { SharedRequest } from '../../lib/guard/shared-request.js'
import type { Upstream } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { VerifyCall } from '../../lib/tencent/verify-call.js'
import type { ManualClock } from '../support/manual-clock.js'
import { codeResult, makeWorld, ordinary, verifiedResult } from './decision-under-test.js'

const unreachable: UpstreamResult = { kind: 'unreachable', problem: 'ENOTFOUND' }
const otherApp = codeResult(16)
const visitEveryMs = 500

type Reply = (ticket: string) => UpstreamResult

/** A host that answers each call after 20 ms; canaries with 21, unless it is told otherwise. */
class PlayedHost implements Upstream {
  canary: UpstreamResult = codeResult(21)
  /** Tickets of users that it was asked about. */
  asked = 0
  /** Canaries that it was asked. */
  canaries = 0
  reply: Reply
  readonly #clock: () => ManualClock

  constructor(clock: () => ManualClock, reply: Reply) {
    this.#clock = clock
    this.reply = reply
  }

  verify({ ticket }: VerifyCall, _timeoutMs: number, done: (result: UpstreamResult) => void): () => void {
    const isCanary = ticket.startsWith('trerror_')
    if (isCanary) this.canaries++
    else this.asked++
    const timer = this.#clock().after(20, () => done(isCanary ? this.canary : this.reply(ticket)))
    return () => {
      timer.cancel()
      done({ kind: 'aborted' })
    }
  }
}

/** A site with 120 verified passes a minute, the preferred endpoint a, which fails now, and the siblings b and c; calls go to b. */
async function siteAtSibling(b: Reply, c: Reply = () => verifiedResult) {
  const clock = (): ManualClock => w.clock
  const hosts = { b: new PlayedHost(clock, b), c: new PlayedHost(clock, c) }
  const moves: string[] = []
  const w = makeWorld({
    siblings: [waysTo('b', hosts.b), waysTo('c', hosts.c)],
    onEvent: (_level, event, fields) => {
      if (event !== 'captcha_endpoint_moved') return
      const { from, to, why } = fields as Record<string, string>
      moves.push(`${new URL(from ?? '').hostname} → ${new URL(to ?? '').hostname}, ${why}`)
    },
  })
  let tickets = 0
  const visit = (limitKey: string, kind = 'genuine') => {
    const ticket = { ...ordinary, ticket: `${kind} ${++tickets}*` }
    return w.run(
      w.contextOf({ ticket, ticketKey: ticket.ticket, limitKey, clientKey: limitKey, shared: new SharedRequest() }),
    )
  }
  /** A visit each half a second, `count` of them. */
  const visits = async (count: number, keyOf: (n: number) => string, kind?: string) => {
    const made = []
    for (let n = 0; n < count; n++) {
      made.push(visit(keyOf(n), kind))
      await w.clock.advance(visitEveryMs)
    }
    return made.map(({ decision }) => decision?.verdict)
  }
  for (let n = 0; n < 40; n++) {
    visit(user(n))
    w.calls().at(-1)?.answer(verifiedResult)
    await w.clock.advance(visitEveryMs)
  }
  hosts.c.canary = unreachable
  visit('the first to fail')
  w.calls().at(-1)?.answer(unreachable)
  w.canaries().at(-1)?.answer(unreachable)
  await w.clock.advance(100)
  hosts.c.canary = codeResult(21)
  expect(moves).toEqual(['a → b, canary_failed'])
  moves.length = 0
  return { ...w, ...hosts, moves, visits }
}

function waysTo(name: string, host: Upstream) {
  return { url: `http://${name}/`, calls: host, canary: host, scout: host }
}

/** Forty clients with history. */
function user(n: number): string {
  return `198.51.100.${n % 40}`
}

function stranger(n: number): string {
  return `203.0.113.${n}`
}

describe('a sibling on trial that answers canaries and refuses clients with history', () => {
  test.each<[string, UpstreamResult]>([
    ['code 15', codeResult(15)],
    ['code 16', otherApp],
    ['code 100', codeResult(100)],
    ['InvalidParameter', { kind: 'sdk_api_error', errorCode: 'InvalidParameter', requestId: undefined }],
    ['AuthFailure', { kind: 'sdk_api_error', errorCode: 'AuthFailure.SecretIdNotFound', requestId: undefined }],
  ])('with %s loses the calls after ten seconds, and later tickets are verified at the next one', async (_, reply) => {
    const t = await siteAtSibling(() => reply)
    const before = await t.visits(20, user)
    expect(t.moves).toEqual([])
    const meanwhile = await t.visits(10, user)
    expect(t.moves).toEqual(['b → c, trial_failed'])
    const after = await t.visits(10, user)
    expect([...before, ...meanwhile].filter((verdict) => !verdict?.passed)).toEqual([])
    expect(after.map((verdict) => verdict?.reason)).toEqual(Array(10).fill('verified'))
  })

  test('leaves the decisions degraded with evidence where no other endpoint is healthy, and moves once one is', async () => {
    const t = await siteAtSibling(() => otherApp)
    t.c.canary = unreachable
    await t.visits(40, user)
    expect([t.moves, t.site.circuit.snapshot()]).toMatchObject([[], { state: 'open', why: 'canary_disagrees' }])
    const [askedBefore, scoutsBefore] = [t.b.asked, t.c.canaries]
    const verdicts = await t.visits(60, user)
    expect(verdicts.filter((verdict) => !(verdict?.passed && verdict.reason === 'circuit_open'))).toEqual([])
    expect(t.b.asked - askedBefore).toBeLessThan(10)
    expect(t.c.canaries).toBeGreaterThan(scoutsBefore)
    t.c.canary = codeResult(21)
    await t.visits(40, user)
    expect(t.moves).toEqual(['b → c, trial_failed'])
  })

  test('is not tried again for five minutes, so that two of them do not take turns', async () => {
    const t = await siteAtSibling(
      () => otherApp,
      () => otherApp,
    )
    await t.visits(2 * 250, user)
    expect(t.moves).toEqual(['b → c, trial_failed'])
    await t.visits(2 * 150, user)
    expect(t.moves).toEqual(['b → c, trial_failed', 'c → b, trial_failed'])
  })

  test('keeps the calls where it verifies a probe: the trial is over', async () => {
    const t = await siteAtSibling(() => otherApp)
    t.c.canary = unreachable
    await t.visits(40, user)
    t.b.reply = () => verifiedResult
    await t.visits(40, user)
    t.c.canary = codeResult(21)
    t.b.reply = () => otherApp
    const verdicts = await t.visits(60, user)
    expect(verdicts.filter((verdict) => verdict?.reason === 'circuit_open')).toEqual([])
    expect(t.moves).toEqual([])
  })
})

describe('a caller takes no calls away from a fit sibling on trial', () => {
  const fit: Reply = (ticket) => (ticket.startsWith('genuine') ? verifiedResult : codeResult(15))

  test('with junk of new clients, however long no honest ticket comes', async () => {
    const t = await siteAtSibling(fit)
    await t.visits(600, stranger, 'junk')
    expect([t.moves, t.site.circuit.state, t.c.asked]).toEqual([[], 'closed', 0])
    expect((await t.visits(1, user))[0]?.reason).toBe('verified')
  })

  test('with junk of two bought keys', async () => {
    const t = await siteAtSibling(fit)
    await t.visits(120, (n) => user(n % 2), 'junk')
    expect([t.moves, t.site.circuit.state, t.c.asked]).toEqual([[], 'closed', 0])
  })

  test('with junk of forty bought keys, where an honest ticket is verified within ten seconds', async () => {
    const t = await siteAtSibling(fit)
    for (let round = 0; round < 10; round++) {
      await t.visits(16, user, 'junk')
      await t.visits(1, stranger)
    }
    expect([t.moves, t.site.circuit.state, t.c.asked]).toEqual([[], 'closed', 0])
  })

  test('once it has verified a ticket, with nothing that is refused', async () => {
    const t = await siteAtSibling(fit)
    await t.visits(1, stranger)
    await t.visits(120, user, 'junk')
    expect([t.moves, t.site.circuit.state, t.c.asked]).toEqual([[], 'closed', 0])
  })
})
