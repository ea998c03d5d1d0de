import { describe, expect, test } from '@jest/globals'
import { type LateVerification, requireCaptcha } from '../../lib/index.js'
import { expressVersions, type Flow, startFlow } from './support.js'

function ordinary(flow: Flow) {
  return flow.simulator.calls.filter(({ ticketKind }) => ticketKind === 'ordinary')
}

describe.each(expressVersions)('on %s', (_name, express) => {
  /** A flow that keeps what the application is told late. */
  async function start(setup: Parameters<typeof startFlow>[0] = {}) {
    const told: LateVerification[] = []
    const options = { ...setup.options, onLateVerdict: (late: LateVerification) => told.push(late) }
    const flow = await startFlow({ express, ...setup, options })
    return { flow, told }
  }

  test('an honest ticket that passed in an outage is genuine, a made-up one refused with its reason', async () => {
    const { flow, told } = await start({ options: { timeoutMs: 200 } })
    flow.simulator.setFault('hang')
    const sentMs = flow.clock.epochMs()
    await flow.turnFor(flow.send(flow.mint()))
    await flow.turnFor(flow.send({ ticket: 'tr03made-up*', randstr: '@x' }))
    const answeredMs = flow.clock.epochMs()
    flow.simulator.setFault(null)
    await flow.turnUntil(() => told.length === 2)
    expect(told.map(({ lateVerdict }) => lateVerdict)).toEqual(
      expect.arrayContaining([
        { outcome: 'genuine', captchaCode: 1 },
        { outcome: 'refused', reason: 'ticket_invalid', captchaCode: 15 },
      ]),
    )
    expect(told[0]).toMatchObject({ verdict: { passed: true, degraded: true }, clientKey: '203.0.113.7' })
    // When the pass was given, not when it was verified.
    expect(told[0]?.at).toBeGreaterThan(sentMs)
    expect(told[0]?.at).toBeLessThanOrEqual(answeredMs)
    expect(flow.guard.snapshot().late).toEqual({ waiting: 0, genuine: 1, refused: 1, inconclusive: 0 })
  })

  test('a ticket spent by a call whose answer never came is inconclusive', async () => {
    const { flow, told } = await start({ options: { timeoutMs: 200 } })
    flow.simulator.setFault('hang_body')
    await flow.turnFor(flow.send(flow.mint()))
    flow.simulator.setFault(null)
    await flow.turnUntil(() => told.length === 1)
    expect(told[0]?.lateVerdict).toEqual({ outcome: 'inconclusive', captchaCode: 9 })
  })

  test('a genuine ticket earns its client history', async () => {
    const { flow, told } = await start({ options: { timeoutMs: 200 } })
    flow.simulator.setFault('hang', { next: 1 })
    await flow.turnFor(flow.send(flow.mint()))
    await flow.turnUntil(() => told.length === 1)
    for (let n = 0; n < 12; n++) {
      expect((await flow.send(flow.mint({ code: 15 }))).captcha?.reason).toBe('ticket_invalid')
    }
  })

  test('what an override let in is verified when the override is taken back', async () => {
    const { flow, told } = await start()
    flow.guard.override('pass', { forMs: 60_000 })
    await flow.send(flow.mint())
    await flow.turn(2000)
    expect(ordinary(flow)).toEqual([])
    flow.guard.override('none')
    await flow.turnUntil(() => told.length === 1)
    expect(told[0]?.lateVerdict.outcome).toBe('genuine')
  })

  test('what an override let in is verified when the override ends by itself, without a request', async () => {
    const { flow, told } = await start()
    flow.guard.override('pass', { forMs: 60_000 })
    await flow.send(flow.mint())
    await flow.clock.advance(60_000)
    await flow.turnUntil(() => told.length === 1)
    expect(told[0]?.lateVerdict.outcome).toBe('genuine')
  })

  test('a ticket that a strict route sent back is left to its owner', async () => {
    const { flow, told } = await start({
      options: { timeoutMs: 200 },
      route: (guard, { watch }) => [watch(guard), requireCaptcha({ allowDegraded: false })],
    })
    const token = flow.mint()
    flow.simulator.setFault('hang', { only: 'ordinary' })
    expect((await flow.turnFor(flow.send(token))).status).toBe(503)
    flow.simulator.setFault(null)
    expect(flow.guard.snapshot().late.waiting).toBe(0)
    await flow.turn(2000)
    expect(told).toEqual([])
    expect((await flow.send(token)).captcha?.reason).toBe('verified')
  })

  test('nothing is kept where late verification is switched off', async () => {
    const { flow } = await start({ options: { timeoutMs: 200, degradation: { lateVerification: false } } })
    flow.simulator.setFault('hang', { next: 1 })
    await flow.turnFor(flow.send(flow.mint()))
    expect(flow.guard.snapshot().late.waiting).toBe(0)
  })

  test('a hook that throws changes nothing', async () => {
    const options = {
      onLateVerdict: () => {
        throw new Error('hook')
      },
    }
    const flow = await startFlow({ express, options })
    flow.simulator.setFault('internal_error', { next: 1 })
    await flow.turnFor(flow.send(flow.mint()))
    await flow.turnUntil(() => flow.guard.snapshot().late.genuine === 1)
  })
})
