import { describe, expect, test } from '@jest/globals'
import { SharedRequest } from '../../lib/guard/shared-request.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { codeResult, makeWorld, ordinary, StubUpstream, verifiedResult } from './decision-under-test.js'

const unreachable: UpstreamResult = { kind: 'unreachable', problem: 'ENOTFOUND' }
const noAnswer: UpstreamResult = { kind: 'timeout', loopBlocked: false }

/** A site with the endpoints a and b; every call waits for the test to answer it. */
function siteWithSibling() {
  const b = new StubUpstream()
  const scout = new StubUpstream()
  const lines: string[] = []
  const w = makeWorld({
    siblings: [{ url: 'http://b/', calls: b, canary: b, scout }],
    onEvent: (level, event, fields) => {
      if (event !== 'captcha_endpoint_moved') return
      const { from, to, why } = fields as Record<string, string>
      lines.push(`${level}: ${from} → ${to}, ${why}`)
    },
  })
  let count = 0
  /** An honest user's request, of a client of its own. */
  const visit = () => {
    const limitKey = `198.51.100.${++count}`
    const ticket = { ...ordinary, ticket: `ticket ${count}*` }
    return w.run(
      w.contextOf({ ticket, ticketKey: ticket.ticket, limitKey, clientKey: limitKey, shared: new SharedRequest() }),
    )
  }
  /** The preferred endpoint hangs, and the sibling answers. */
  const move = async () => {
    const visitor = visit()
    await w.clock.advance(800)
    scout.all.at(-1)?.answer(codeResult(100))
    w.canaries().at(-1)?.answer(noAnswer)
    await w.clock.advance(0)
    return visitor
  }
  return { ...w, b, scout, lines, visit, move }
}

describe('a move away from the preferred endpoint', () => {
  test('releases who waits there, with evidence of an outage and without asking a second time', async () => {
    const t = siteWithSibling()
    const visitor = await t.move()
    expect(visitor.decision?.verdict).toMatchObject({ passed: true, degraded: true, reason: 'circuit_open' })
    expect(visitor.decision?.trace).toMatchObject({ evidence: 'outage', purse: 'outage' })
    expect(t.calls().map(({ isGivenUp }) => isGivenUp)).toEqual([true])
    expect([t.b.all, t.site.circuit.state]).toEqual([[], 'closed'])
  })

  test('sends later calls to the sibling, and its answers teach the circuit', async () => {
    const t = siteWithSibling()
    await t.move()
    const visitor = t.visit()
    t.b.all[0]?.answer(verifiedResult)
    expect(visitor.decision?.verdict.reason).toBe('verified')
    for (let call = 1; call <= 3; call++) {
      t.visit()
      t.b.all[call]?.answer(unreachable)
    }
    expect(t.site.circuit.snapshot()).toMatchObject({ state: 'suspect', consecutiveFailures: 3 })
  })

  test('makes refusals degraded with evidence of an outage, until the first code 1', async () => {
    const t = siteWithSibling()
    await t.move()
    const first = t.visit()
    t.b.all[0]?.answer(codeResult(15))
    expect(first.decision).toMatchObject({
      verdict: { passed: true, reason: 'circuit_open', captchaCode: 15 },
      trace: { evidence: 'outage', purse: 'outage' },
    })
    t.visit()
    t.b.all[1]?.answer(verifiedResult)
    const third = t.visit()
    t.b.all[2]?.answer(codeResult(15))
    expect(third.decision?.verdict).toMatchObject({ passed: false, reason: 'ticket_invalid' })
    expect(t.site.evidenceFor('ordinary').evidence).toBe('none')
  })

  test('is written in one line, and so is the return after three healthy canaries', async () => {
    const t = siteWithSibling()
    await t.move()
    for (let canary = 0; canary < 3; canary++) {
      await t.clock.advance(10_000)
      expect(t.lines).toHaveLength(1)
      // The preferred endpoint has no scout of its own here: its canary asks.
      t.canaries().at(-1)?.answer(codeResult(21))
    }
    expect(t.lines).toEqual([
      'warn: http://a/ → http://b/, canary_failed',
      'info: http://b/ → http://a/, preferred_is_back',
    ])
    await t.clock.advance(0)
    expect(t.clock.pendingTimers).toBe(0)
  })

  test('back leaves the calls at the sibling to their answers', async () => {
    const t = siteWithSibling()
    await t.move()
    for (let canary = 0; canary < 2; canary++) {
      await t.clock.advance(10_000)
      t.canaries().at(-1)?.answer(codeResult(21))
    }
    await t.clock.advance(9_900)
    const visitor = t.visit()
    await t.clock.advance(100)
    t.canaries().at(-1)?.answer(codeResult(21))
    expect(t.services.endpoints.inUse.isPreferred).toBe(true)
    t.b.all[0]?.answer(verifiedResult)
    expect(visitor.decision?.verdict.reason).toBe('verified')
  })
})

describe('a caller', () => {
  test.each<[string, UpstreamResult]>([
    ['no answer', noAnswer],
    ['503', { kind: 'http_status', status: 503 }],
    ['InternalError', { kind: 'sdk_api_error', errorCode: 'InternalError', requestId: undefined }],
    ['no CaptchaCode', { kind: 'sdk_result', result: {} }],
  ])('whose tickets bring %s moves no calls while the canary is healthy', async (_, result) => {
    const t = siteWithSibling()
    for (let round = 0; round < 60; round++) {
      for (let call = 0; call < 5; call++) t.visit()
      await t.clock.advance(600)
      for (const canary of t.canaries()) canary.answer(codeResult(21))
      for (const call of t.calls()) call.answer(result)
      await t.clock.advance(400)
    }
    expect(t.calls().length).toBeGreaterThan(20)
    expect([t.lines, t.scout.all.length, t.b.all.length]).toEqual([[], 0, 0])
  })

  test('who uses up this machine moves no calls: what fails here says nothing about Tencent', async () => {
    const t = siteWithSibling()
    for (let round = 0; round < 30; round++) {
      t.visit()
      await t.clock.advance(900)
      for (const asked of t.scout.all) asked.answer(codeResult(100))
      for (const canary of t.canaries()) canary.answer({ kind: 'local', problem: 'EMFILE' })
      for (const call of t.calls()) call.answer({ kind: 'local', problem: 'EMFILE' })
      await t.clock.advance(100)
    }
    expect(t.scout.all.length).toBeGreaterThan(0)
    expect([t.lines, t.services.endpoints.inUse.isPreferred]).toEqual([[], true])
  })
})
