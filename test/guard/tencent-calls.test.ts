import { describe, expect, test } from '@jest/globals'
import type { Outcome } from '../../lib/admission/outcome.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { codeResult, makeWorld, verifiedResult } from './decision-under-test.js'

const timeout: UpstreamResult = { kind: 'timeout', loopBlocked: false }
const junk = codeResult(15)
const keptMs = 30_000

function callsUnderTest(options: Parameters<typeof makeWorld>[0] = {}) {
  const world = makeWorld(options)
  const { calls } = world.services

  /** A caller that asks about a ticket: what it was told, and how it leaves. */
  function ask(ticket = 'tr03abc*', { limitKey = 'a', timeoutMs = 2000 } = {}) {
    const call = { channel: 'web', ticket, randstr: '@abc', userIp: '203.0.113.7' } as const
    const replies: Outcome[] = []
    const asked = calls.ask({ call, callKey: ticket, limitKey, timeoutMs }, (reply) => replies.push(reply))
    if (asked.kind === 'answered') replies.push(asked.reply)
    return { replies, leave: asked.kind === 'waiting' ? asked.leave : () => {} }
  }

  return { ...world, ask, knows: (ticket = 'tr03abc*') => calls.knows(ticket) }
}

describe('a call to Tencent', () => {
  test('is one for all who bring its ticket meanwhile', () => {
    const t = callsUnderTest()
    const callers = [t.ask(), t.ask(), t.ask()]
    expect(t.calls()).toHaveLength(1)
    expect(t.site.inFlight.total).toBe(1)
    t.calls()[0]?.answer(verifiedResult)
    for (const { replies } of callers) expect(replies).toMatchObject([{ kind: 'verified' }])
    expect(t.knows()).toBe(false)
  })

  test('is another for another ticket', () => {
    const t = callsUnderTest()
    t.ask('one')
    t.ask('two')
    expect(t.calls()).toHaveLength(2)
  })

  test('runs on without its caller, and counts for the circuit', async () => {
    const t = callsUnderTest()
    for (let time = 0; time < 5; time++) t.ask(`ticket ${time}`, { limitKey: `client ${time}` }).leave()
    expect(t.calls().some(({ isGivenUp }) => isGivenUp)).toBe(false)
    for (const call of t.calls()) call.answer(timeout)
    expect(t.site.circuit.snapshot()).toMatchObject({ state: 'suspect', consecutiveFailures: 5, callsUnderWay: 0 })
    t.services.close()
  })

  test('keeps its place among the calls under way until it ends', () => {
    const t = callsUnderTest({ maxInFlight: 64 })
    t.ask('one').leave()
    expect(t.ask('two').replies).toMatchObject([{ kind: 'degraded', cause: 'overloaded', wasSent: false }])
    t.calls()[0]?.answer(junk)
    expect(t.ask('two').replies).toEqual([])
  })

  test('has no result for a caller that has left', () => {
    const t = callsUnderTest()
    const [gone, waiting] = [t.ask(), t.ask()]
    gone.leave()
    t.calls()[0]?.answer(verifiedResult)
    expect([gone.replies.length, waiting.replies.length]).toEqual([0, 1])
  })

  // Each copied the list of all before it: 100 000 took minutes, in which the event loop stood still.
  test('takes 100 000 callers of one ticket, and lets them go, each in constant work', () => {
    const t = callsUnderTest()
    const [first, ...others] = Array.from({ length: 100_000 }, () => t.ask())
    for (const { leave } of others) leave()
    t.calls()[0]?.answer(verifiedResult)
    expect(first?.replies).toMatchObject([{ kind: 'verified' }])
    expect(others.every(({ replies }) => replies.length === 0)).toBe(true)
    expect(t.knows()).toBe(false)
  })

  test('is given up when the circuit opens over it', async () => {
    const t = callsUnderTest()
    const caller = t.ask()
    await t.clock.advance(500)
    t.canaries()[0]?.answer(timeout)
    expect(t.calls()[0]?.isGivenUp).toBe(true)
    expect(caller.replies).toMatchObject([{ kind: 'degraded', cause: 'circuit_open' }])
    expect(t.knows()).toBe(false)
    t.services.close()
  })

  test('is not made while the circuit is open, and needs no place among the calls under way to be refused', async () => {
    const t = callsUnderTest({ maxInFlight: 64 })
    t.ask()
    await t.clock.advance(500)
    t.canaries()[0]?.answer(timeout)
    t.site.inFlight.enter('a', false)
    expect(t.ask('another').replies).toMatchObject([{ kind: 'degraded', cause: 'circuit_open', wasSent: false }])
    expect(t.calls()).toHaveLength(1)
    t.services.close()
  })

  test('outlives a caller with a shorter deadline, who is told of a timeout that is no evidence', async () => {
    const t = callsUnderTest()
    const [first, second] = [t.ask(), t.ask('tr03abc*', { timeoutMs: 300 })]
    await t.clock.advance(300)
    expect(second.replies).toMatchObject([{ kind: 'degraded', cause: 'timeout', isEvidence: false }])
    t.calls()[0]?.answer(verifiedResult)
    expect([first.replies.length, second.replies.length]).toEqual([1, 1])
    expect(t.site.circuit.snapshot()).toMatchObject({ state: 'closed', consecutiveFailures: 0 })
  })
})

describe('the reply to a call without a caller', () => {
  test('is collected by the same ticket within 30 s, once', async () => {
    const t = callsUnderTest()
    t.ask().leave()
    t.calls()[0]?.answer(verifiedResult)
    await t.clock.advance(keptMs - 1)
    expect(t.knows()).toBe(true)
    expect(t.ask().replies).toMatchObject([{ kind: 'verified' }])
    expect(t.knows()).toBe(false)
    t.ask()
    expect(t.calls()).toHaveLength(2)
  })

  test('is forgotten after 30 s', async () => {
    const t = callsUnderTest()
    t.ask().leave()
    t.calls()[0]?.answer(verifiedResult)
    await t.clock.advance(keptMs)
    expect(t.knows()).toBe(false)
    t.ask()
    expect(t.calls()).toHaveLength(2)
  })

  test('is not kept where a caller took it', () => {
    const t = callsUnderTest()
    t.ask()
    t.calls()[0]?.answer(junk)
    expect(t.knows()).toBe(false)
  })

  test('is not kept where it is a bug', () => {
    const t = callsUnderTest()
    t.ask().leave()
    t.calls()[0]?.answer({ kind: 'bug', error: new Error('x') })
    expect(t.knows()).toBe(false)
  })

  test('gives the client no history', () => {
    const t = callsUnderTest()
    t.ask().leave()
    t.calls()[0]?.answer(verifiedResult)
    expect(t.site.ledger.verifiedPerMinute('a')).toBe(0)
  })
})

describe('a client is charged', () => {
  const askTimes = (t: ReturnType<typeof callsUnderTest>, times: number) =>
    Array.from({ length: times }, (_, time) => t.ask(`ticket ${time}`))

  test('for a call that Tencent refuses', () => {
    const t = callsUnderTest()
    askTimes(t, 10)
    expect(t.site.charges.isLimited('a')).toBe(false)
    for (const call of t.calls()) call.answer(junk)
    expect(t.site.charges.isLimited('a')).toBe(true)
    expect(t.site.charges.isLimited('b')).toBe(false)
  })

  test('while its calls run on without a caller, and no longer where they are verified', () => {
    const t = callsUnderTest()
    for (const caller of askTimes(t, 10)) caller.leave()
    expect(t.site.charges.isLimited('a')).toBe(true)
    for (const call of t.calls()) call.answer(verifiedResult)
    expect(t.site.charges.isLimited('a')).toBe(false)
  })

  test('no more once the ticket is sent again while its call runs', () => {
    const t = callsUnderTest()
    for (const caller of askTimes(t, 10)) caller.leave()
    askTimes(t, 10)
    expect(t.site.charges.isLimited('a')).toBe(false)
    expect(t.calls()).toHaveLength(10)
  })

  test('once for a call that it left and that is refused', () => {
    const t = callsUnderTest()
    for (const caller of askTimes(t, 9)) caller.leave()
    for (const call of t.calls()) call.answer(junk)
    expect(t.site.charges.isLimited('a')).toBe(false)
    t.ask('tenth')
    t.calls().at(-1)?.answer(junk)
    expect(t.site.charges.isLimited('a')).toBe(true)
  })

  test('not for calls that Tencent does not answer, once they have ended', () => {
    const t = callsUnderTest()
    for (const caller of askTimes(t, 10)) caller.leave()
    for (const call of t.calls()) call.answer(codeResult(26))
    expect(t.site.charges.isLimited('a')).toBe(false)
    t.services.close()
  })

  test('not where its own shorter deadline ended the wait', async () => {
    const t = callsUnderTest()
    for (let time = 0; time < 10; time++) {
      t.ask(`ticket ${time}`)
      t.ask(`ticket ${time}`, { timeoutMs: 100 })
    }
    await t.clock.advance(100)
    expect(t.site.charges.isLimited('a')).toBe(false)
  })
})

test('a client with history is limited while Tencent throttles, and for a minute after', async () => {
  const t = callsUnderTest()
  void t.site.recordVerified('earned', 'a')
  for (let second = 0; second < 3; second++) {
    for (let time = 0; time < 20; time++) t.site.charges.charge('a')
    await t.clock.advance(1000)
  }
  expect(t.site.charges.isLimited('a')).toBe(false)
  t.ask('any', { limitKey: 'b' })
  t.calls()[0]?.answer({ kind: 'sdk_api_error', errorCode: 'RequestLimitExceeded', requestId: undefined })
  expect(t.site.charges.isLimited('a')).toBe(true)
})

describe('a call that has no keys to be signed with', () => {
  /** A provider whose end a test decides. */
  function withoutKeys() {
    const t = callsUnderTest()
    const waits: { timeoutMs: number; done: (failure?: UpstreamResult) => void }[] = []
    const keys = {
      isThere: false,
      take: () => (keys.isThere ? { secretId: 'a', secretKey: 'b' } : undefined),
      wait(timeoutMs: number, done: (failure?: UpstreamResult) => void) {
        waits.push({ timeoutMs, done })
        return () => {}
      },
    }
    Object.assign(t.services.endpoints.inUse.ways.calls, { keys })
    return { ...t, keys, waits }
  }

  const missing: UpstreamResult = { kind: 'credential_unavailable', problem: 'p' }

  test('waits for them outside the circuit: no suspicion, no canary, and a place among the calls under way', async () => {
    const t = withoutKeys()
    const caller = t.ask()
    await t.clock.advance(1900)
    expect([t.canaries(), t.calls(), t.waits.map(({ timeoutMs }) => timeoutMs)]).toEqual([[], [], [2000]])
    expect(t.site.circuit.snapshot()).toMatchObject({ state: 'closed', callsUnderWay: 0 })
    expect(t.site.inFlight.total).toBe(1)
    t.waits[0]?.done(missing)
    expect(caller.replies).toMatchObject([{ kind: 'degraded', cause: 'credential_unavailable', wasSent: false }])
    expect([t.site.inFlight.total, t.knows()]).toEqual([0, false])
    t.services.close()
  })

  test('is sent, once, when they are there, and watched from then on', async () => {
    const t = withoutKeys()
    const callers = [t.ask(), t.ask()]
    await t.clock.advance(1000)
    t.waits[0]?.done()
    expect([t.waits.length, t.calls().length]).toEqual([1, 1])
    expect(t.site.circuit.snapshot().callsUnderWay).toBe(1)
    await t.clock.advance(499)
    expect(t.site.circuit.state).toBe('closed')
    t.calls()[0]?.answer(verifiedResult)
    for (const { replies } of callers) expect(replies).toMatchObject([{ kind: 'verified' }])
    t.services.close()
  })

  test('does not wait for them while the circuit is open, nor goes out when it opened meanwhile', async () => {
    const t = withoutKeys()
    const early = t.ask('early')
    t.keys.isThere = true
    const waiting = t.ask('waiting')
    await t.clock.advance(500)
    t.canaries()[0]?.answer(timeout)
    expect(t.site.circuit.state).toBe('open')
    expect(waiting.replies).toMatchObject([{ cause: 'circuit_open' }])
    t.keys.isThere = false
    expect(t.ask('late').replies).toMatchObject([{ cause: 'circuit_open', wasSent: false }])
    expect(t.waits).toHaveLength(1)
    t.waits[0]?.done()
    expect(early.replies).toMatchObject([{ cause: 'circuit_open', wasSent: false }])
    expect([t.calls().length, t.site.inFlight.total]).toEqual([1, 0])
    t.services.close()
  })

  test('leaves no failure to be collected by the next caller with its ticket', () => {
    const t = withoutKeys()
    t.ask().leave()
    t.waits[0]?.done(missing)
    expect(t.knows()).toBe(false)
    t.keys.isThere = true
    expect(t.ask().replies).toEqual([])
    expect(t.calls()).toHaveLength(1)
  })
})

describe('where Tencent leaves calls unanswered beside a healthy canary', () => {
  /** Calls of 80 ms are usual, and then calls of three clients run into their deadlines. */
  async function leftUnanswered() {
    const t = callsUnderTest()
    let tickets = 0
    const newTicket = () => `ticket ${tickets++}`
    /** A caller whose call is answered after a while, or runs into its deadline. */
    async function asked(limitKey: string, result: UpstreamResult, afterMs: number) {
      const caller = t.ask(newTicket(), { limitKey })
      await t.clock.advance(afterMs)
      for (const canary of t.canaries()) canary.answer(codeResult(21))
      t.calls().at(-1)?.answer(result)
      return caller
    }
    for (let user = 0; user < 20; user++) await asked(`user ${user}`, verifiedResult, 80)
    for (const limitKey of ['x', 'y', 'z']) await asked(limitKey, timeout, 2000)
    await t.clock.advance(1500)
    for (const canary of t.canaries()) canary.answer(codeResult(21))
    expect(t.site.circuit.state).toBe('closed')
    return { ...t, newTicket }
  }

  test('a caller waits four times the usual latency, is told of a timeout that is no evidence, and is not charged', async () => {
    const t = await leftUnanswered()
    const callers = Array.from({ length: 10 }, (_, time) => t.ask(`late ${time}`, { limitKey: 'honest' }))
    await t.clock.advance(319)
    expect(callers.flatMap(({ replies }) => replies)).toEqual([])
    await t.clock.advance(1)
    for (const { replies, leave } of callers) {
      expect(replies).toMatchObject([{ kind: 'degraded', cause: 'timeout', isEvidence: false, wasSent: true }])
      leave()
    }
    expect(t.site.charges.isLimited('honest')).toBe(false)
    t.services.close()
  })

  test('the call runs on to its own deadline, and its code 1 ends the short wait', async () => {
    const t = await leftUnanswered()
    t.ask('late', { limitKey: 'honest' })
    await t.clock.advance(1900)
    const [call] = t.calls().filter(({ call }) => call.ticket === 'late')
    expect([call?.timeoutMs, call?.isGivenUp]).toEqual([2000, false])
    call?.answer(verifiedResult)
    const next = t.ask('next', { limitKey: 'honest' })
    await t.clock.advance(1999)
    expect(next.replies).toEqual([])
    t.services.close()
  })

  test('a caller whose answer comes as fast as usual is verified, and the next one waits as long as ever', async () => {
    const t = await leftUnanswered()
    const honest = t.ask('honest', { limitKey: 'honest' })
    await t.clock.advance(80)
    t.calls().at(-1)?.answer(verifiedResult)
    expect(honest.replies).toMatchObject([{ kind: 'verified' }])
    expect(t.site.circuit.limits.callerWaitMs(2000)).toBe(2000)
    t.services.close()
  })

  test('an answer that a blocked event loop reads late still counts', async () => {
    const t = await leftUnanswered()
    const honest = t.ask('honest', { limitKey: 'honest' })
    t.clock.afterPoll = (run) => {
      t.calls().at(-1)?.answer(verifiedResult)
      queueMicrotask(run)
    }
    await t.clock.block(400)
    expect(honest.replies).toMatchObject([{ kind: 'verified' }])
    t.services.close()
  })

  test('the ticket of a caller that stopped waiting is verified for any client that sends it again', async () => {
    const t = await leftUnanswered()
    t.ask('late', { limitKey: 'honest' })
    await t.clock.advance(1000)
    t.calls().at(-1)?.answer(verifiedResult)
    expect(t.ask('late', { limitKey: 'honest' }).replies).toMatchObject([{ kind: 'verified' }])
    t.services.close()
  })
})
