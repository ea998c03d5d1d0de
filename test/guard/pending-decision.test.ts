import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import type { DegradationCause } from '../../lib/admission/cause-table.js'
import { callOf } from '../../lib/guard/pending-decision.js'
import type { DegradationRule, DegradationSituation } from '../../lib/options/options.js'
import type { CaptchaStore } from '../../lib/store/captcha-store.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { CaptchaRequest } from '../../lib/types.js'
import { unhandledRejectionsDuring } from '../report/lines.js'
import { StoreDouble } from '../store/store-double.js'
import { settlePromises } from '../support/manual-clock.js'
import { codeResult, makeWorld, ordinary, verifiedResult } from './decision-under-test.js'

const timeout: UpstreamResult = { kind: 'timeout', loopBlocked: false }
const busy = codeResult(26)

describe('a decision', () => {
  test('asks Tencent about the ticket, with address and deadline, and passes what it verifies', () => {
    const { run, calls, site } = makeWorld()
    const running = run()
    expect(running.told).toEqual([])
    expect(site.inFlight.total).toBe(1)
    expect(calls()).toMatchObject([
      { timeoutMs: 2000, call: { channel: 'web', ticket: 'tr03abc*', randstr: '@abc', userIp: '203.0.113.7' } },
    ])
    calls()[0]?.answer(verifiedResult)
    expect(running.told).toEqual(['report', 'decided'])
    expect(running.decision?.verdict).toMatchObject({ passed: true, degraded: false, reason: 'verified' })
    expect(site.inFlight.total).toBe(0)
    expect(site.ledger.hasPassed('ticket 1')).toBe(true)
  })

  test('measures its time from the request’s start, in whole milliseconds', async () => {
    const { run, calls, clock } = makeWorld()
    const running = run()
    await clock.advance(123.4)
    calls()[0]?.answer(verifiedResult)
    expect(running.decision?.verdict.durationMs).toBe(123)
  })

  test('refuses what Tencent refuses, and leaves the ticket unmarked', () => {
    const { run, calls, site } = makeWorld()
    const running = run()
    calls()[0]?.answer(codeResult(7))
    expect(running.decision?.verdict.reason).toBe('randstr_mismatch')
    expect(site.ledger.hasPassed('ticket 1')).toBe(false)
  })

  test('refuses a ticket that passed on another request, and asks nothing', () => {
    const { run, calls } = makeWorld()
    run()
    calls()[0]?.answer(verifiedResult)
    expect(run().decision?.verdict.reason).toBe('ticket_reused')
    expect(calls()).toHaveLength(1)
  })

  test('asks once about a ticket that two requests bring at once, and lets one of them pass', () => {
    const { run, calls } = makeWorld()
    const [first, second] = [run(), run()]
    expect(calls()).toHaveLength(1)
    calls()[0]?.answer(verifiedResult)
    expect([first, second].map(({ decision }) => decision?.verdict.reason)).toEqual(['verified', 'ticket_reused'])
  })

  test.each([
    ['and raises its rate where the application vouches for no user', '203.0.113.7', 40],
    ['and raises no limit of it where the application vouches for the user', 'known:user', 1],
  ])('gives the address history, %s', (_, limitKey, passes) => {
    const { run, calls, contextOf, site } = makeWorld()
    for (let time = 0; time < 40; time++) {
      run(contextOf({ limitKey, addressKey: '203.0.113.7', ticketKey: `ticket of ${time}` }))
      calls().at(-1)?.answer(verifiedResult)
    }
    expect(site.ledger.verifiedPerMinute('203.0.113.7')).toBeCloseTo(passes / 10)
  })

  test('rate-limits a client after ten refusals of Tencent’s, and not a client that only waits', () => {
    const { run, calls, contextOf } = makeWorld()
    for (let time = 0; time < 10; time++) {
      const running = run(contextOf({ ticketKey: `guess ${time}` }))
      calls().at(-1)?.answer(codeResult(15))
      expect(running.decision?.verdict.reason).toBe('ticket_invalid')
    }
    expect(run(contextOf({ ticketKey: 'guess 11' })).decision?.verdict.reason).toBe('rate_limited')
    const other = { limitKey: '203.0.113.8', clientKey: '203.0.113.8', ticketKey: 'first' }
    expect(run(contextOf(other)).told).toEqual([])
    expect(calls()).toHaveLength(11)
  })

  test('is overloaded without a call where the client has its share of calls under way', () => {
    const { run, calls, contextOf, site } = makeWorld({ maxInFlight: 16 })
    run()
    const second = run(contextOf({ ticketKey: 'ticket 2' }))
    expect(second.decision).toMatchObject({
      verdict: { passed: true, degraded: true, reason: 'overloaded' },
      trace: { evidence: 'none', purse: 'doubt' },
    })
    expect(calls()).toHaveLength(1)
    expect(site.inFlight.total).toBe(1)
  })

  test('passes a missing verdict from the doubt purse, and names how far it is used', () => {
    const { run, failCall, drawn } = makeWorld()
    const running = run()
    failCall()
    expect(running.decision).toMatchObject({
      verdict: { passed: true, degraded: true, reason: 'system_busy', cause: 'system_busy', captchaCode: 26 },
      trace: {
        stage: 'resolve',
        rule: 'pass',
        ruleFrom: 'default',
        evidence: 'none',
        purse: 'doubt',
        purseUsed: 1,
        purseLimit: 3,
        purseRemaining: 9,
      },
    })
    expect(drawn()).toBe(1)
  })

  test('is refused where the client has used up its passes, and says so', () => {
    const world = makeWorld()
    const { run, calls, contextOf } = world
    for (let time = 1; time <= 4; time++) {
      const running = run(contextOf({ ticketKey: `ticket ${time}` }))
      calls().at(-1)?.answer({ kind: 'sdk_api_error', errorCode: 'RequestLimitExceeded', requestId: undefined })
      expect(running.decision?.verdict.reason).toBe(time <= 3 ? 'throttled' : 'budget_exhausted')
      expect(running.decision?.trace.exhaustedBy).toBe(time <= 3 ? undefined : 'client')
    }
    expect(world.site.ledger.hasPassed('ticket 4')).toBe(false)
  })

  test('counts a fallback ticket against the half of the doubt purse that such tickets may use', () => {
    const world = makeWorld()
    const passes = Array.from({ length: 8 }, (_, index) => {
      const limitKey = `regular ${index}`
      void world.site.recordVerified(`verified ${index}`, limitKey)
      const context = world.fallbackContext({ limitKey, clientKey: limitKey, ticketKey: limitKey })
      return world.run(context).decision?.verdict.passed
    })
    expect(passes.filter(Boolean)).toHaveLength(5)
  })

  test('is counted by the site once, with its verdict, and not where it was abandoned', () => {
    const world = makeWorld()
    const noteVerdict = jest.spyOn(world.site, 'noteVerdict')
    world.run().pending.abandon()
    expect(noteVerdict).not.toHaveBeenCalled()
    const running = world.run(world.fallbackContext())
    expect(noteVerdict.mock.calls).toEqual([[running.decision?.verdict]])
  })

  test('keeps the probe of the script fresh, more so for a fallback ticket', () => {
    const world = makeWorld()
    const noteTraffic = jest.spyOn(world.site.clientPath, 'noteTraffic')
    world.run()
    world.run(world.fallbackContext())
    expect(noteTraffic.mock.calls).toEqual([[false], [true]])
  })

  test('is released without an answer when the circuit opens over it, with evidence of an outage', async () => {
    const world = makeWorld()
    const running = world.run()
    await world.clock.advance(500)
    expect(world.canaries()).toHaveLength(1)
    world.canaries()[0]?.answer(timeout)
    expect(world.calls()[0]?.isGivenUp).toBe(true)
    expect(running.told).toEqual(['report', 'decided'])
    expect(running.decision).toMatchObject({
      verdict: { passed: true, reason: 'circuit_open' },
      trace: { evidence: 'outage', evidenceWhy: 'circuit open: canary_failed', purse: 'outage' },
    })
    expect(world.site.inFlight.total).toBe(0)
    const next = world.run(world.contextOf({ ticketKey: 'ticket 2' }))
    expect(next.decision?.verdict.reason).toBe('circuit_open')
    expect(world.calls()).toHaveLength(1)
    expect(world.site.inFlight.total).toBe(0)
    world.services.close()
  })

  test('asks nothing about a fallback ticket', () => {
    const world = makeWorld()
    const running = world.run(world.fallbackContext())
    expect(running.decision?.verdict).toMatchObject({ passed: true, reason: 'client_fallback', clientErrorCode: 1001 })
    expect(world.calls()).toEqual([])
    expect(world.run(world.fallbackContext()).decision?.verdict.reason).toBe('fallback_replayed')
  })

  test('refuses a stale fallback ticket by the clock of the wall', async () => {
    const world = makeWorld()
    const context = world.fallbackContext()
    await world.clock.advance(300_000)
    expect(world.run(context).decision?.verdict.reason).toBe('client_fallback')
    const second = { ...world.fallbackContext(), ticketKey: 'fallback 2' }
    await world.clock.advance(301_000)
    expect(world.run(second).decision?.verdict.reason).toBe('fallback_stale')
  })

  test('follows the override as it is when the request comes, without a call', () => {
    const world = makeWorld()
    const leftMs = 60_000
    world.site.setOverride({ mode: 'pass', by: 'ops', leftMs })
    const context = world.contextOf({ ticket: { kind: 'missing' }, ticketKey: undefined })
    expect(world.run(context).decision).toMatchObject({
      verdict: { passed: true, reason: 'override' },
      trace: { purse: 'outage' },
    })
    expect(world.calls()).toEqual([])
    world.site.setOverride({ mode: 'verify_only', by: 'ops', leftMs })
    expect(world.run(world.fallbackContext()).decision?.verdict.reason).toBe('degradation_refused')
    world.services.close()
  })
})

describe('the end of a decision', () => {
  test('is a failure where the call ended in an exception that nothing classified', () => {
    const { run, calls, drawn, site } = makeWorld()
    const running = run()
    const error = new RangeError('x')
    calls()[0]?.answer({ kind: 'bug', error })
    expect(running.told).toEqual(['failed'])
    expect(running.error).toBe(error)
    expect([drawn(), site.inFlight.total]).toEqual([0, 0])
  })

  test('is a failure where the report throws', () => {
    const error = new Error('the request is frozen')
    const world = makeWorld()
    const running = world.run(world.fallbackContext(), world.policy, () => {
      throw error
    })
    expect(running.told).toEqual(['report', 'failed'])
    expect(running.error).toBe(error)
  })

  test('is told exactly once, or not at all to a client that went away first', () => {
    const results: UpstreamResult[] = [
      ...[verifiedResult, timeout, busy, codeResult(9)],
      { kind: 'bug', error: new Error('x') },
      { kind: 'credential_failed', problem: 'x' },
    ]
    const steps = fc.constantFrom('answer', 'answer again', 'abandon', 'wait')
    const rules = fc.constantFrom<DegradationRule | undefined>(
      undefined,
      'pass',
      'refuse',
      () => 'pass',
      () => 'nonsense' as never,
      () => {
        throw new Error('rule')
      },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...results),
        fc.array(steps, { maxLength: 5 }),
        rules,
        fc.boolean(),
        (result, sequence, rule, doesReportThrow) => {
          const world = makeWorld({
            degradation: rule === undefined ? {} : { rules: { timeout: rule, system_busy: rule } },
          })
          const running = world.run(world.contextOf(), world.policy, () => {
            if (doesReportThrow) throw new Error('report')
          })
          let abandonedFirst = false
          for (const step of sequence) {
            if (step === 'abandon') {
              abandonedFirst ||= running.told.length === 0
              running.pending.abandon()
            } else if (step !== 'wait') world.calls()[0]?.answer(result)
          }
          // A failure is held for its verdict.
          world.canaries().at(-1)?.answer(codeResult(21))
          const ends = running.told.filter((end) => end !== 'report')
          const isAnswered = sequence.some((step) => step.startsWith('answer'))
          expect(ends).toHaveLength(abandonedFirst || !isAnswered ? 0 : 1)
          expect(running.told.filter((end) => end === 'report').length).toBeLessThanOrEqual(1)
          if (abandonedFirst) expect([running.told, world.drawn()]).toEqual([[], 0])
          expect(world.site.inFlight.total).toBe(isAnswered ? 0 : 1)
          world.services.close()
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('a decision that is abandoned', () => {
  test('tells neither end and draws nothing, while its call runs on to its end', async () => {
    const world = makeWorld()
    const running = world.run()
    running.pending.abandon()
    expect(world.calls()[0]?.isGivenUp).toBe(false)
    expect(world.site.inFlight.total).toBe(1)
    world.failCall()
    expect(world.site.inFlight.total).toBe(0)
    expect(running.told).toEqual([])
    expect(world.drawn()).toBe(0)
    expect(world.site.ledger.hasPassed('ticket 1')).toBe(false)
    world.services.close()
  })

  test('leaves its ticket to the next request that brings it, with the reply', () => {
    const { run, calls } = makeWorld()
    run().pending.abandon()
    calls()[0]?.answer(verifiedResult)
    expect(run().decision?.verdict.reason).toBe('verified')
    expect(run().decision?.verdict.reason).toBe('ticket_reused')
    expect(calls()).toHaveLength(1)
  })

  test('twice, or after its end, changes nothing', () => {
    const { run, failCall, drawn } = makeWorld()
    const running = run()
    failCall()
    running.pending.abandon()
    running.pending.abandon()
    expect(running.told).toEqual(['report', 'decided'])
    expect(drawn()).toBe(1)
  })

  test('from within a rule draws nothing', () => {
    let abandon = () => {}
    const rule = () => {
      abandon()
      return 'pass' as const
    }
    const { run, failCall, drawn } = makeWorld({ degradation: { rules: { system_busy: rule } } })
    const running = run()
    abandon = () => running.pending.abandon()
    failCall()
    expect([running.told, drawn()]).toEqual([[], 0])
  })
})

async function worldWithStore() {
  const session = new StoreDouble()
  const store: CaptchaStore = { kind: 'double', connect: () => session }
  const world = makeWorld({ store })
  await settlePromises()
  return { ...world, session }
}

describe('a decision that asks a store', () => {
  test('waits for the answer, and passes with it', async () => {
    const { run, failCall, session, drawn, services } = await worldWithStore()
    const running = run()
    failCall()
    expect(running.told).toEqual([])
    await settlePromises()
    expect(running.decision?.verdict.reason).toBe('system_busy')
    expect([drawn(), session.count('claim'), session.count('release')]).toEqual([1, 1, 0])
    services.close()
  })

  test('refuses a ticket that passed at another process', async () => {
    const { run, failCall, session, drawn, services } = await worldWithStore()
    session.claimResult = { kind: 'replayed' }
    const running = run()
    failCall()
    await settlePromises()
    expect(running.decision?.verdict.reason).toBe('ticket_reused')
    expect(drawn()).toBe(0)
    services.close()
  })

  test('tells neither end and gives back what was granted, where it is abandoned meanwhile', async () => {
    const { run, failCall, session, drawn, site, services } = await worldWithStore()
    session.set('hangs', 'claim')
    const running = run()
    failCall()
    await settlePromises()
    expect(session.count('claim')).toBe(1)
    running.pending.abandon()
    session.answerHanging()
    await settlePromises()
    expect(running.told).toEqual([])
    expect(drawn()).toBe(0)
    expect(site.ledger.hasPassed('ticket 1')).toBe(false)
    expect(session.count('release')).toBe(1)
    services.close()
  })

  test('gives back what the store grants after its deadline, where it was abandoned before', async () => {
    const { run, failCall, session, drawn, clock, site, services } = await worldWithStore()
    session.set('hangs', 'claim')
    const running = run()
    failCall()
    await settlePromises()
    running.pending.abandon()
    await clock.advance(250)
    expect([running.told, drawn()]).toEqual([[], 0])
    session.answerHanging()
    await settlePromises()
    expect(session.count('release')).toBe(1)
    expect(site.ledger.hasPassed('ticket 1')).toBe(false)
    services.close()
  })

  test('has nothing to give back where the store refused an abandoned claim', async () => {
    const { run, failCall, session, drawn, services } = await worldWithStore()
    session.claimResult = { kind: 'over_limit', history: undefined, retryAfterMs: 60_000 }
    session.set('hangs', 'claim')
    const running = run()
    failCall()
    await settlePromises()
    running.pending.abandon()
    session.answerHanging()
    await settlePromises()
    expect([running.told, drawn(), session.count('release')]).toEqual([[], 0, 0])
    services.close()
  })

  test('tells neither end where it is abandoned while a verified ticket is recorded, and the ticket may come again', async () => {
    const { run, calls, session, site, services } = await worldWithStore()
    session.set('hangs', 'recordVerified')
    const running = run()
    calls()[0]?.answer(verifiedResult)
    await settlePromises()
    running.pending.abandon()
    session.answerHanging()
    await settlePromises()
    expect(running.told).toEqual([])
    expect(site.ledger.hasPassed('ticket 1')).toBe(false)
    expect(session.count('release')).toBe(1)
    services.close()
  })

  test('is told one end where the store rejects, throws or hangs', async () => {
    for (const behaviour of ['rejects', 'throws', 'hangs'] as const) {
      const { run, failCall, session, clock, drawn, services } = await worldWithStore()
      session.set(behaviour, 'claim')
      const running = run()
      failCall()
      await clock.advance(250)
      expect(running.told).toEqual(['report', 'decided'])
      expect(running.decision?.verdict.reason).toBe('system_busy')
      expect(drawn()).toBe(1)
      services.close()
    }
  })

  test('fails where an exception arises on the way to the store, which is no pass', async () => {
    const { run, failCall, site, drawn, services } = await worldWithStore()
    const error = new RangeError('ledger')
    jest.spyOn(site.ledger, 'claimPass').mockReturnValue(Promise.reject(error))
    const running = run()
    failCall()
    await settlePromises()
    expect(running.told).toEqual(['failed'])
    expect(running.error).toBe(error)
    expect(drawn()).toBe(0)
    services.close()
  })

  test('fails where the report throws after the store’s answer, and no rejection is left unhandled', async () => {
    const { run, failCall, contextOf, policy, services } = await worldWithStore()
    const unhandled = await unhandledRejectionsDuring(async () => {
      const running = run(contextOf(), policy, () => {
        throw new RangeError('report')
      })
      failCall()
      await settlePromises()
      expect(running.told).toEqual(['report', 'failed'])
    })
    expect(unhandled).toEqual([])
    services.close()
  })
})

describe('a rule of the application', () => {
  function withRule(rule: DegradationRule, cause: DegradationCause = 'system_busy') {
    const world = makeWorld({ degradation: { rules: { [cause]: rule } } })
    const running = world.run()
    world.failCall()
    return { ...world, running }
  }

  test.each(['pass', 'refuse'] as const)('that is the constant %p is an option', (action) => {
    const { running } = withRule(action)
    expect(running.decision?.verdict.passed).toBe(action === 'pass')
    expect(running.decision?.trace).toMatchObject({ rule: action, ruleFrom: 'option' })
  })

  test.each(['pass', 'refuse'] as const)('that returns %p decides', (action) => {
    const { running, drawn } = withRule(() => action)
    expect(running.decision?.verdict).toMatchObject({
      passed: action === 'pass',
      reason: action === 'pass' ? 'system_busy' : 'degradation_refused',
    })
    expect(running.decision?.trace).toMatchObject({ rule: action, ruleFrom: 'function' })
    expect(drawn()).toBe(action === 'pass' ? 1 : 0)
  })

  test('is not asked about another cause', () => {
    const rule = jest.fn<() => 'pass'>(() => 'pass')
    const { running } = withRule(rule, 'timeout')
    expect(running.decision?.trace.ruleFrom).toBe('default')
    expect(rule).not.toHaveBeenCalled()
  })

  test('is asked once, with a frozen situation', () => {
    const rule = jest.fn<(situation: DegradationSituation) => 'pass'>(() => 'pass')
    const world = makeWorld({ degradation: { rules: { client_fallback: rule } } })
    const req = { url: '/login' } as CaptchaRequest
    world.run(world.fallbackContext({ req, clientKey: 'device 1' }))
    expect(rule.mock.calls).toEqual([
      [
        {
          cause: 'client_fallback',
          evidence: 'none',
          clientErrorCode: 1001,
          ticketKind: 'fallback',
          clientKey: 'device 1',
          request: req,
        },
      ],
    ])
    expect(Object.isFrozen(rule.mock.calls[0]?.[0])).toBe(true)
  })

  test('that throws fails the decision, which draws nothing', () => {
    const error = new RangeError('rule')
    const { running, drawn, site } = withRule(() => {
      throw error
    })
    expect(running.told).toEqual(['failed'])
    expect(running.error).toBe(error)
    expect([drawn(), site.inFlight.total, site.ledger.hasPassed('ticket 1')]).toEqual([0, 0, false])
  })

  test.each<[string, () => Promise<unknown>]>([
    ['resolves', async () => 'pass'],
    [
      'rejects',
      async () => {
        throw new Error('database')
      },
    ],
  ])('that returns a promise which %s fails the decision, names the option and ends no process', async (_, rule) => {
    const unhandled = await unhandledRejectionsDuring(() => {
      const { running, drawn } = withRule(rule as never)
      expect(running.told).toEqual(['failed'])
      expect(running.error).toBeInstanceOf(TypeError)
      expect(running.error).toMatchObject({ message: expect.stringContaining('`degradation.rules.system_busy`') })
      expect(drawn()).toBe(0)
    })
    expect(unhandled).toEqual([])
  })

  test.each([undefined, null, '', 'Pass', 'passed', true, 1, {}, []])(
    'that returns %p fails the decision and names the cause',
    (nonsense) => {
      const { running, drawn } = withRule((() => nonsense) as never)
      expect(running.told).toEqual(['failed'])
      expect(running.error).toBeInstanceOf(TypeError)
      expect(running.error).toMatchObject({ message: expect.stringContaining('`system_busy`') })
      expect(drawn()).toBe(0)
    },
  )
})

describe('a second decision on the same request', () => {
  test('asks nothing upstream: it reuses the reply', () => {
    const world = makeWorld()
    const context = world.contextOf()
    const first = world.run(context)
    world.calls()[0]?.answer(verifiedResult)
    const second = world.run(context)
    expect([first, second].map(({ decision }) => decision?.verdict.reason)).toEqual(['verified', 'verified'])
    expect(world.calls()).toHaveLength(1)
    expect(world.run().decision?.verdict.reason).toBe('ticket_reused')
  })

  test('reuses a refusal, which charges the client once', () => {
    const world = makeWorld()
    for (let time = 0; time < 9; time++) {
      const context = world.contextOf({ ticketKey: `guess ${time}` })
      world.run(context)
      world.calls().at(-1)?.answer(codeResult(15))
      expect(world.run(context).decision?.verdict.reason).toBe('ticket_invalid')
    }
    expect(world.calls()).toHaveLength(9)
    expect(world.site.charges.isLimited('203.0.113.7')).toBe(false)
  })

  test('draws no second token with the same purse setting', () => {
    const world = makeWorld()
    const context = world.contextOf()
    world.run(context)
    world.failCall()
    const before = world.purses()
    const second = world.run(context, world.policyOf({}))
    expect(second.decision?.verdict).toMatchObject({ passed: true, reason: 'system_busy' })
    expect(world.purses()).toEqual(before)
    expect([world.drawn(), world.calls().length]).toEqual([1, 1])
  })

  test('draws no second token for a fallback ticket, which is no replay of itself', () => {
    const world = makeWorld()
    const context = world.fallbackContext()
    for (let time = 0; time < 3; time++) expect(world.run(context).decision?.verdict.passed).toBe(true)
    expect(world.drawn()).toBe(1)
    const replay = world.run(world.fallbackContext())
    expect(replay.decision?.verdict.reason).toBe('fallback_replayed')
  })

  test('draws from its own purse with another setting, and once from what bounds them both', () => {
    const world = makeWorld()
    const other = world.policyOf({ doubt: { perClient: { limit: 2, windowMs: 600_000 } } })
    const context = world.contextOf()
    world.run(context)
    world.failCall()
    expect([world.drawn(), world.drawn(other)]).toEqual([1, 0])
    const second = world.run(context, other)
    expect(second.decision).toMatchObject({ verdict: { passed: true }, trace: { purseUsed: 1, purseLimit: 2 } })
    expect([world.drawn(), world.drawn(other)]).toEqual([1, 1])
    // Of the five passes that what bounds them has for clients without history, this request has taken one.
    const passes = Array.from({ length: 12 }, (_, index) => {
      const limitKey = `client ${index}`
      const next = world.fallbackContext({ limitKey, clientKey: limitKey, ticketKey: limitKey })
      return world.run(next, index % 2 === 0 ? other : world.policy).decision?.verdict.passed
    })
    expect(passes.filter(Boolean)).toHaveLength(4)
  })

  test.each([true, false])(
    'passes no request with limit 0, whichever guard drew before (the open one first: %p)',
    (openFirst) => {
      const world = makeWorld()
      const closed = world.policyOf({ doubt: { perClient: { limit: 0 } }, outage: { perClient: { limit: 0 } } })
      const context = world.contextOf()
      const [first, second] = openFirst ? [world.policy, closed] : [closed, world.policy]
      const decisions = [world.run(context, first)]
      world.failCall()
      decisions.push(world.run(context, second))
      const reasons = decisions.map(({ decision }) => decision?.verdict.reason)
      expect(reasons).toEqual(openFirst ? ['system_busy', 'budget_exhausted'] : ['budget_exhausted', 'system_busy'])
      expect([world.drawn(), world.drawn(closed), world.calls().length]).toEqual([1, 0, 1])
    },
  )

  test('applies its own rules to the reply of the first', () => {
    const world = makeWorld()
    const strict = world.policyOf({ rules: { system_busy: 'refuse' } })
    const context = world.contextOf()
    const first = world.run(context, strict)
    world.failCall()
    expect(first.decision?.verdict.reason).toBe('degradation_refused')
    expect(world.run(context).decision?.verdict.reason).toBe('system_busy')
    expect([world.drawn(), world.calls().length]).toEqual([1, 1])
  })

  test('joins the call of a first that was abandoned', () => {
    const world = makeWorld()
    const context = world.contextOf()
    world.run(context).pending.abandon()
    const second = world.run(context)
    world.calls()[0]?.answer(verifiedResult)
    expect(second.decision?.verdict.reason).toBe('verified')
    expect(world.calls()).toHaveLength(1)
  })

  test('does not reuse an exception: it asks again', () => {
    const world = makeWorld()
    const context = world.contextOf()
    world.run(context)
    world.calls()[0]?.answer({ kind: 'bug', error: new Error('x') })
    const second = world.run(context)
    world.calls()[1]?.answer(verifiedResult)
    expect(second.decision?.verdict.reason).toBe('verified')
  })

  test('is rate-limited by a reply of another request, and not by its own', () => {
    const world = makeWorld()
    for (let time = 0; time < 9; time++) {
      world.run(world.contextOf({ ticketKey: `guess ${time}` }))
      world.calls().at(-1)?.answer(codeResult(15))
    }
    const context = world.contextOf({ ticketKey: 'guess 10' })
    world.run(context)
    world.calls().at(-1)?.answer(codeResult(15))
    expect(world.run(context).decision?.verdict.reason).toBe('ticket_invalid')
    expect(world.run(world.contextOf({ ticketKey: 'guess 11' })).decision?.verdict.reason).toBe('rate_limited')
  })
})

describe('giving back', () => {
  test('restores purses, the client’s limit and the replay memory', () => {
    const world = makeWorld()
    const before = world.purses()
    for (let time = 0; time < 20; time++) {
      const context = world.contextOf()
      const running = world.run(context)
      world.failCall(-1)
      expect(running.decision).toMatchObject({ verdict: { reason: 'system_busy' }, trace: { purseUsed: 1 } })
      context.shared.giveBack()
    }
    expect(world.purses()).toEqual(before)
    expect(world.site.ledger.hasPassed('ticket 1')).toBe(false)
  })

  test('restores the purses of all settings and what bounds them', () => {
    const world = makeWorld()
    const other = world.policyOf({ doubt: { perClient: { limit: 2, windowMs: 600_000 } } })
    const before = [world.purses(), world.purses(other)]
    for (let time = 0; time < 20; time++) {
      const context = world.fallbackContext()
      expect(world.run(context).decision?.verdict.passed).toBe(true)
      expect(world.run(context, other).decision?.verdict.passed).toBe(true)
      context.shared.giveBack()
    }
    expect([world.purses(), world.purses(other)]).toEqual(before)
    expect(world.site.ledger.hasPassed('fallback 1', true)).toBe(false)
  })

  test('lets the next decision on this request draw anew, and mark its ticket', () => {
    const world = makeWorld()
    const context = world.fallbackContext()
    world.run(context)
    context.shared.giveBack()
    expect(world.drawn()).toBe(0)
    expect(world.run(context).decision?.verdict.passed).toBe(true)
    expect(world.drawn()).toBe(1)
    expect(world.site.ledger.hasPassed('fallback 1', true)).toBe(true)
  })

  test('follows from a hang-up while a second guard of the request still waits', () => {
    const world = makeWorld()
    const before = world.purses()
    const context = world.contextOf()
    world.site.setOverride({ mode: 'pass', by: 'test', leftMs: Number.POSITIVE_INFINITY })
    expect(world.run(context).decision?.verdict.passed).toBe(true)
    world.site.setOverride({ mode: 'none', by: 'test', leftMs: Number.POSITIVE_INFINITY })
    const second = world.run(context)
    expect([world.calls().length, world.drawn()]).toEqual([1, 1])
    second.pending.abandon()
    expect(world.purses()).toEqual(before)
    expect(world.site.ledger.hasPassed('ticket 1')).toBe(false)
  })

  test('twice restores once', () => {
    const world = makeWorld()
    const before = world.purses()
    world.run(world.fallbackContext({ ticketKey: 'fallback 0' }))
    const context = world.fallbackContext()
    world.run(context)
    context.shared.giveBack()
    context.shared.giveBack()
    expect(world.drawn()).toBe(1)
    expect(world.purses().doubt.remaining).toBe(before.doubt.remaining - 1)
  })

  test('leaves a verified ticket used: Tencent has spent it', () => {
    const world = makeWorld()
    const context = world.contextOf()
    world.run(context)
    world.calls()[0]?.answer(verifiedResult)
    context.shared.giveBack()
    expect(world.site.ledger.hasPassed('ticket 1')).toBe(true)
  })

  test('releases what the store holds', async () => {
    const { run, failCall, session, contextOf, drawn, services } = await worldWithStore()
    const context = contextOf()
    run(context)
    failCall()
    await settlePromises()
    expect([drawn(), session.count('release')]).toEqual([1, 0])
    context.shared.giveBack()
    await settlePromises()
    expect([drawn(), session.count('release')]).toEqual([0, 1])
    services.close()
  })

  test('calls the late verification off', () => {
    const world = makeWorld({ degradation: { lateVerification: true } })
    const context = world.contextOf()
    world.run(context)
    world.failCall()
    expect(world.services.late.snapshot().waiting).toBe(1)
    context.shared.giveBack()
    expect(world.services.late.snapshot().waiting).toBe(0)
    world.services.close()
  })
})

/** Two hundred users who arrive together at a site of a known size. */
function crowd() {
  const world = makeWorld({ degradation: { expectedPerMinute: 3000 } })
  const running = Array.from({ length: 200 }, (_, user) =>
    world.run(world.contextOf({ ...ticketOf(user), limitKey: `user ${user}`, addressKey: `user ${user}` })),
  )
  return { world, running }

  function ticketOf(user: number) {
    const ticket = `ticket ${user}`
    return { ticketKey: ticket, ticket: { kind: 'ordinary', ticket, randstr: '@abc' } } as const
  }
}

test('two hundred who arrive in the moment when the API begins to hang pass with its evidence, before their deadline', async () => {
  const { world, running } = crowd()
  await world.clock.advance(500)
  const [canary] = world.canaries()
  expect(canary?.timeoutMs).toBe(1450)
  await world.clock.advance(1450)
  canary?.answer({ kind: 'timeout', loopBlocked: false })
  for (const { decision } of running) {
    expect(decision).toMatchObject({ verdict: { passed: true, cause: 'circuit_open' }, trace: { purse: 'outage' } })
  }
  expect(world.clock.nowMs()).toBe(1950)
  world.services.close()
})

test('two hundred who arrive in the moment when the API begins to answer 503 pass with the canary’s verdict', async () => {
  const { world, running } = crowd()
  const unavailable: UpstreamResult = { kind: 'http_status', status: 503 }
  for (const call of world.calls()) call.answer(unavailable)
  expect(running.filter(({ decision }) => decision !== undefined)).toEqual([])
  await world.clock.advance(50)
  world.canaries()[0]?.answer(unavailable)
  for (const { decision } of running) {
    expect(decision).toMatchObject({ verdict: { passed: true, cause: 'http_error' }, trace: { purse: 'outage' } })
  }
  expect([world.calls().length, world.clock.nowMs(), world.site.inFlight.total]).toEqual([200, 50, 0])
  world.services.close()
})

test('who fails Tencent by its own ticket waits alone for the canary, and has no evidence then', async () => {
  const world = makeWorld()
  const poisoned = world.run()
  world.calls()[0]?.answer(busy)
  const other = world.run(
    world.contextOf({ ticketKey: 'ticket 2', ticket: { kind: 'ordinary', ticket: 'other*', randstr: '@abc' } }),
  )
  world.calls()[1]?.answer(verifiedResult)
  expect([poisoned.decision, other.decision?.verdict.reason]).toEqual([undefined, 'verified'])
  world.canaries()[0]?.answer(codeResult(21))
  expect(poisoned.decision).toMatchObject({
    verdict: { cause: 'system_busy' },
    trace: { evidence: 'none', purse: 'doubt' },
  })
  world.services.close()
})

test('a call whose caller has hung up is not held: it ends, and its charge with it', () => {
  const world = makeWorld()
  world.run().pending.abandon()
  world.calls()[0]?.answer(busy)
  expect([world.canaries().length, world.site.inFlight.total]).toEqual([1, 0])
  world.services.close()
})

describe('late verification', () => {
  const late = { degradation: { lateVerification: true } } as const

  test('takes the reply of the call that its caller no longer waited for, and does not ask twice about the ticket', async () => {
    const world = makeWorld(late)
    const { limits } = world.site.circuit
    for (let answer = 0; answer < 20; answer++) limits.noteVerified(80)
    for (const clientKey of ['a', 'b', 'c']) limits.noteDeadline(clientKey)
    limits.noteCanary('healthy', 50)
    const running = world.run()
    await world.clock.advance(320)
    expect(running.decision?.verdict).toMatchObject({ passed: true, degraded: true, cause: 'timeout' })
    await world.clock.advance(1500)
    world.calls()[0]?.answer(verifiedResult)
    world.canaries()[0]?.answer(codeResult(21))
    await world.clock.advance(100)
    expect(world.lateReports).toMatchObject([{ lateVerdict: { outcome: 'genuine', captchaCode: 1 } }])
    expect(world.calls()).toHaveLength(1)
    world.services.close()
  })

  test('takes an ordinary ticket that passed degraded, once for all guards of a request, and reports on it', async () => {
    const world = makeWorld(late)
    const context = world.contextOf({ clientKey: 'device 1' })
    const at = world.clock.epochMs()
    const first = world.run(context)
    world.failCall()
    world.run(context)
    expect(world.services.late.snapshot().waiting).toBe(1)
    world.canaries()[0]?.answer(codeResult(21))
    await world.clock.advance(100)
    expect(world.calls()).toHaveLength(2)
    world.calls()[1]?.answer(verifiedResult)
    expect(world.lateReports).toMatchObject([
      {
        verdict: { reason: 'system_busy' },
        lateVerdict: { outcome: 'genuine', captchaCode: 1 },
        clientKey: 'device 1',
        at,
      },
    ])
    expect(world.lateReports[0]?.verdict).toBe(first.decision?.verdict)
    world.services.close()
  })

  test.each<[string, UpstreamResult, string]>([
    ['an answer that was lost', timeout, 'inconclusive'],
    ['an answer that arrived', busy, 'refused'],
  ])('takes code 9 after %s for %s', async (_, result, outcome) => {
    const world = makeWorld(late)
    world.run()
    world.calls()[0]?.answer(result)
    world.canaries()[0]?.answer(codeResult(21))
    await world.clock.advance(100)
    world.calls()[1]?.answer(codeResult(9))
    expect(world.lateReports.map(({ lateVerdict }) => lateVerdict.outcome)).toEqual([outcome])
    world.services.close()
  })

  test.each<[string, (world: ReturnType<typeof makeWorld>) => void]>([
    ['a verified ticket', (world) => answerOne(world, verifiedResult)],
    ['a refused ticket', (world) => answerOne(world, codeResult(15))],
    ['a fallback ticket', (world) => void world.run(world.fallbackContext())],
    [
      'a ticket that an empty purse refused',
      (world) => answerOne(world, busy, world.policyOf({ doubt: { perClient: { limit: 0 } } })),
    ],
  ])('takes no %s', (_, act) => {
    const world = makeWorld(late)
    act(world)
    expect(world.services.late.snapshot().waiting).toBe(0)
    world.services.close()
  })
})

describe('the call that verifies a ticket', () => {
  const context = makeWorld().contextOf()

  test('has channel, ticket, randstr and address', () => {
    expect(callOf(context)).toEqual({ channel: 'web', ticket: 'tr03abc*', randstr: '@abc', userIp: '203.0.113.7' })
  })

  test('is made for no other ticket, and for none without an address', () => {
    expect(callOf({ ...context, ticket: { kind: 'missing' } })).toBeUndefined()
    expect(callOf({ ...context, ticket: { kind: 'malformed' } })).toBeUndefined()
    expect(callOf(makeWorld().fallbackContext())).toBeUndefined()
    expect(callOf({ ...context, ticket: ordinary, address: undefined })).toBeUndefined()
  })
})

function answerOne(world: ReturnType<typeof makeWorld>, result: UpstreamResult, policy = world.policy): void {
  world.run(world.contextOf(), policy)
  world.calls()[0]?.answer(result)
}
