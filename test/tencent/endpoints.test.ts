import { describe, expect, test } from '@jest/globals'
import type { CanaryReport } from '../../lib/admission/outcome.js'
import { degraded, noFacts, type Outcome } from '../../lib/admission/outcome.js'
import { type EndpointMove, Endpoints } from '../../lib/tencent/endpoints.js'
import type { Upstream } from '../../lib/tencent/upstream.js'
import { ManualClock } from '../support/manual-clock.js'

const healthy: Outcome = { kind: 'refused', reason: 'risk_rejected', facts: { captchaCode: 21 } }
const verified: Outcome = { kind: 'verified', facts: { captchaCode: 1 } }
const unknownSecret: Outcome = { kind: 'refused', reason: 'app_mismatch', facts: { captchaCode: 16 } }
const down = degraded('unreachable')

interface Host {
  /** `undefined`: no answer until the deadline. */
  reply: Outcome | undefined
  afterMs: number
}

const deadlineMs = 2000

/** Endpoints a, b, c, … on a manual clock, with the canaries and scouts that each was sent. */
class World {
  readonly clock = new ManualClock()
  readonly hosts: Record<string, Host> = {}
  /** `a` for a canary at host a, `a?` for a scout. */
  readonly asked: string[] = []
  readonly moves: string[] = []
  /** When a call of a user began that the endpoint in use has answered. */
  answeredMs = Number.NEGATIVE_INFINITY
  readonly endpoints: Endpoints
  readonly #names = new Map<Upstream, string>()

  constructor(names = 'abc') {
    const ways = [...names].map((name) => {
      this.hosts[name] = { reply: healthy, afterMs: 10 }
      const [calls, canary, scout] = [this.#way(name), this.#way(name), this.#way(`${name}?`)]
      return { url: `http://${name}/`, calls, canary, scout }
    })
    const [preferred, ...siblings] = ways
    this.endpoints = new Endpoints({
      upstreams: { ...(preferred as NonNullable<typeof preferred>), siblings },
      clock: this.clock,
      ask: (upstream, _timeoutMs, done) => this.#ask(upstream, done),
      hasAnsweredSince: (timeMs) => this.answeredMs > timeMs,
      onCanary: () => {},
      onMove: (move) => this.moves.push(describeMove(move)),
    })
  }

  get inUse(): string {
    return new URL(this.endpoints.inUse.ways.url ?? '').hostname
  }

  /** Lets a canary run to its end. */
  async canary(): Promise<CanaryReport> {
    let report: CanaryReport | undefined
    this.endpoints.runCanary(2000, (ended) => {
      report = ended
    })
    while (report === undefined) await this.clock.advance(10)
    return report
  }

  set(name: string, reply: Outcome | undefined, afterMs = 10): void {
    this.hosts[name] = { reply, afterMs }
  }

  #way(name: string): Upstream {
    const way: Upstream = { verify: () => () => {} }
    this.#names.set(way, name)
    return way
  }

  #ask(upstream: Upstream, done: (reply: Outcome) => void): () => void {
    const name = this.#names.get(upstream) ?? ''
    this.asked.push(name)
    const { reply, afterMs } = this.hosts[name.slice(0, 1)] as Host
    let isOver = false
    const end = (outcome: Outcome) => {
      if (isOver) return
      isOver = true
      done(outcome)
    }
    const timer = this.clock.after(reply === undefined ? deadlineMs : afterMs, () => end(reply ?? degraded('timeout')))
    return () => {
      timer.cancel()
      end(degraded('circuit_open'))
    }
  }
}

function describeMove({ from, to, why }: EndpointMove): string {
  return `${from.ways.url} → ${to.ways.url} (${why})`
}

describe('while the preferred endpoint is healthy', () => {
  test('no other one is asked, and no timer runs after the canary', async () => {
    const t = new World()
    expect(await t.canary()).toBe('healthy')
    await t.clock.advance(100_000)
    expect([t.asked, t.clock.pendingTimers, t.inUse]).toEqual([['a'], 0, 'a'])
  })

  test('but slow, the others are asked side by side after 300 ms, and calls stay', async () => {
    const t = new World()
    t.set('a', healthy, 1000)
    t.set('c', undefined)
    const report = t.canary()
    await t.clock.advance(299)
    expect(t.asked).toEqual(['a'])
    await t.clock.advance(1)
    expect(t.asked).toEqual(['a', 'b?', 'c?'])
    expect([await report, t.inUse, t.moves]).toEqual(['healthy', 'a', []])
    // What was found then is no ground for a move later.
    expect(t.clock.pendingTimers).toBe(0)
    t.set('a', down)
    t.set('b', undefined)
    await t.canary()
    await t.clock.advance(3000)
    expect(t.inUse).toBe('a')
  })

  test('a canary that says nothing moves nothing', async () => {
    const t = new World()
    for (const reply of [degraded('overloaded', { isEvidence: false }), degraded('timeout', { isEvidence: false })]) {
      t.set('a', reply, 500)
      expect(await t.canary()).toBe('unknown')
    }
    expect([t.inUse, t.moves]).toEqual(['a', []])
  })

  test.each<[string, Outcome]>([
    ['throttling', degraded('throttled', { facts: { errorCode: 'RequestLimitExceeded' } })],
    ['an error of the operator’s', degraded('misconfigured', { facts: { errorCode: 'AuthFailure' } })],
  ])('an answer that says %s moves nothing', async (_, reply) => {
    const t = new World()
    t.set('a', reply)
    expect([await t.canary(), t.inUse]).toEqual(['healthy', 'a'])
  })
})

describe('when the preferred endpoint fails', () => {
  test('at once, the others are asked, and calls move to the first that answers', async () => {
    const t = new World()
    t.set('a', down)
    t.set('b', healthy, 200)
    expect(await t.canary()).toBe('failed')
    await t.clock.advance(20)
    expect([t.inUse, t.moves]).toEqual(['c', ['http://a/ → http://c/ (canary_failed)']])
    expect(t.asked).toEqual(['a', 'b?', 'c?'])
  })

  test('after a while, calls move with it to the most preferred one that has answered', async () => {
    const t = new World()
    t.set('a', undefined)
    t.set('b', healthy, 900)
    const report = t.canary()
    await t.clock.advance(1999)
    expect(t.inUse).toBe('a')
    expect(await report).toBe('failed')
    expect(t.inUse).toBe('b')
  })

  test('a made-up AppSecretKey goes to the others until calls move there, the real one afterwards', async () => {
    const t = new World('ab')
    t.set('a', down)
    t.set('b', unknownSecret)
    await t.canary()
    await t.clock.advance(20)
    expect(t.asked).toEqual(['a', 'b?'])
    t.set('b', healthy)
    expect(await t.canary()).toBe('healthy')
    expect(t.asked.at(-1)).toBe('b')
  })

  const unfit: readonly [string, Outcome | undefined][] = [
    ['cannot be reached', down],
    ['does not answer', undefined],
    ['answers 503', degraded('http_error')],
    ['answers without a CaptchaCode', degraded('bad_response')],
    ['answers InvalidAction', degraded('misconfigured', { facts: { errorCode: 'InvalidAction' } })],
    ['answers InvalidParameter', { kind: 'refused', reason: 'rejected', facts: { errorCode: 'InvalidParameter' } }],
    ['throttles', degraded('throttled', { facts: { errorCode: 'RequestLimitExceeded' } })],
    ['is busy', degraded('system_busy', { facts: { captchaCode: 26 } })],
    ['could not be asked for reasons of this machine', degraded('overloaded', { isEvidence: false })],
    ['brought an exception', { kind: 'bug', error: new Error() }],
  ]
  test.each(unfit)('one that %s is not moved to; the next one is', async (_, reply) => {
    const t = new World()
    t.set('a', down)
    t.set('b', reply)
    t.set('c', healthy, 500)
    await t.canary()
    await t.clock.advance(3000)
    expect(t.inUse).toBe('c')
  })

  test('and the others too, calls stay; later canaries ask them again, each once at a time', async () => {
    const t = new World('ab')
    t.set('a', down)
    t.set('b', undefined)
    expect([await t.canary(), await t.canary()]).toEqual(['failed', 'failed'])
    expect(t.asked).toEqual(['a', 'b?', 'a'])
    await t.clock.advance(2000)
    expect(t.inUse).toBe('a')
    t.set('b', healthy)
    await t.canary()
    await t.clock.advance(20)
    expect(t.inUse).toBe('b')
  })

  test('a canary that is still under way at it says nothing once calls have moved', async () => {
    const t = new World('ab')
    t.set('a', down)
    t.set('b', healthy, 400)
    await t.canary()
    t.set('a', undefined)
    expect(await t.canary()).toBe('unknown')
    expect([t.inUse, t.clock.nowMs()]).toEqual(['b', 410])
  })

  test.each([
    ['where the others answer before the canary fails', 500, 10],
    ['where they answer after it', 500, 900],
  ])('while users are answered there, calls stay: %s', async (_, failsAfterMs, othersAfterMs) => {
    for (const isAnswered of [true, false]) {
      const t = new World('ab')
      t.set('a', down, failsAfterMs)
      t.set('b', healthy, othersAfterMs)
      const report = t.canary()
      await t.clock.advance(400)
      if (isAnswered) t.answeredMs = 300
      expect(await report).toBe('failed')
      await t.clock.advance(1000)
      expect(t.inUse).toBe(isAnswered ? 'a' : 'b')
    }
  })

  test('the endpoint moved to may fail in turn: calls go to any that is healthy, back included', async () => {
    const t = new World()
    t.set('a', down)
    await t.canary()
    await t.clock.advance(20)
    t.set('a', healthy)
    t.set('b', down)
    t.set('c', down)
    await t.canary()
    await t.clock.advance(20)
    expect(t.moves).toEqual(['http://a/ → http://b/ (canary_failed)', 'http://b/ → http://a/ (canary_failed)'])
    expect(t.clock.pendingTimers).toBe(0)
  })
})

describe('away from the preferred endpoint', () => {
  async function away(): Promise<World> {
    const t = new World('ab')
    t.set('a', down)
    await t.canary()
    await t.clock.advance(20)
    return t
  }

  test('it is asked in the background, and taken back after three healthy canaries', async () => {
    const t = await away()
    await t.clock.advance(25_000)
    t.set('a', healthy)
    await t.clock.advance(20_000)
    expect(t.inUse).toBe('b')
    await t.clock.advance(10_000)
    expect([t.inUse, t.moves.at(-1)]).toEqual(['a', 'http://b/ → http://a/ (preferred_is_back)'])
    expect(t.clock.pendingTimers).toBe(0)
    expect(t.asked.slice(-3)).toEqual(['a?', 'a?', 'a?'])
  })

  test('one that flaps every 20 seconds does not make the calls flap', async () => {
    const t = await away()
    const inUse = []
    for (let second = 20; second < 3600; second++) {
      t.set('a', Math.floor(second / 20) % 2 === 0 ? down : healthy)
      // Users notice a failure; at the sibling the canary is healthy.
      if (second % 2 === 0) await t.canary()
      await t.clock.advance(1000 - (t.clock.nowMs() % 1000))
      inUse.push(t.inUse)
    }
    expect(t.moves.length).toBeLessThanOrEqual(3)
    expect(inUse.filter((name) => name === 'b').length / inUse.length).toBeGreaterThan(0.95)
  })

  test('nothing runs any more once it is closed', async () => {
    const t = await away()
    t.endpoints.close()
    const asked = t.asked.length
    await t.clock.advance(100_000)
    expect([t.clock.pendingTimers, t.asked.length]).toEqual([0, asked])
  })
})

describe('an endpoint on trial', () => {
  async function onTrial(): Promise<World> {
    const t = new World('ab')
    t.set('a', down)
    await t.canary()
    await t.clock.advance(20)
    return t
  }
  const refused: Outcome = { kind: 'refused', reason: 'ticket_invalid', facts: { captchaCode: 15 } }

  test('gives no verdict by refusing: the decision is the degraded one that there would have been', async () => {
    const { inUse } = (await onTrial()).endpoints
    expect(inUse.isOnTrial).toBe(true)
    expect(inUse.judge(refused)).toEqual(degraded('circuit_open', { facts: { captchaCode: 15 }, isEvidence: false }))
    expect(inUse.judge(degraded('misconfigured'))).toMatchObject({ cause: 'circuit_open' })
    expect(inUse.isOnTrial).toBe(true)
  })

  test('may fail and throttle as any other does', async () => {
    const { inUse } = (await onTrial()).endpoints
    for (const reply of [degraded('timeout'), degraded('throttled'), { kind: 'bug', error: 1 } as const]) {
      expect(inUse.judge(reply)).toBe(reply)
    }
  })

  test.each<[string, Outcome]>([
    ['a verified ticket', verified],
    [
      'code 1 for a malicious user',
      { kind: 'refused', reason: 'risk_rejected', facts: { captchaCode: 1, evilLevel: 100 } },
    ],
  ])('has stood it with %s', async (_, reply) => {
    const { inUse } = (await onTrial()).endpoints
    expect(inUse.judge(reply)).toBe(reply)
    expect([inUse.isOnTrial, inUse.judge(refused)]).toEqual([false, refused])
  })

  test('is never the preferred one', () => {
    const { inUse } = new World().endpoints
    expect([inUse.isOnTrial, inUse.judge(refused)]).toEqual([false, refused])
    expect(inUse.judge({ kind: 'refused', reason: 'rejected', facts: noFacts })).toMatchObject({ kind: 'refused' })
  })
})

describe('the snapshot', () => {
  test('shows each endpoint: whether it is in use, its state and its last canary', async () => {
    const t = new World('ab')
    const since = '2026-01-01T00:00:00.000Z'
    const unseen = { state: 'unknown', since }
    expect(t.endpoints.snapshot()).toEqual([
      { url: 'http://a/', inUse: true, preferred: true, onTrial: false, ...unseen },
      { url: 'http://b/', inUse: false, preferred: false, onTrial: true, ...unseen },
    ])
    t.set('a', down)
    await t.canary()
    await t.clock.advance(1000)
    expect(t.endpoints.snapshot()).toEqual([
      {
        ...{ url: 'http://a/', inUse: false, preferred: true, onTrial: false, state: 'failed' },
        ...{ since: '2026-01-01T00:00:00.010Z', lastCanary: { result: 'failed', agoMs: 1000 } },
      },
      {
        ...{ url: 'http://b/', inUse: true, preferred: false, onTrial: true, state: 'healthy' },
        ...{ since: '2026-01-01T00:00:00.020Z', lastCanary: { result: 'healthy', agoMs: 990 } },
      },
    ])
    t.endpoints.inUse.judge(verified)
    expect(t.endpoints.snapshot()[1]).toMatchObject({ onTrial: false, state: 'healthy' })
  })

  test('is empty where the endpoint is not known', () => {
    const upstream: Upstream = { verify: () => () => {} }
    const endpoints = new Endpoints({
      upstreams: { calls: upstream, canary: upstream },
      clock: new ManualClock(),
      ask: () => () => {},
      hasAnsweredSince: () => false,
      onCanary: () => {},
      onMove: () => {},
    })
    expect(endpoints.snapshot()).toEqual([])
  })
})
