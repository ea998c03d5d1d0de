import { describe, expect, test } from '@jest/globals'
import { clientIp, type Flow, startFlow, until } from '../flow/support.js'
import { sdkClient, webBody } from '../simulator/call-api.js'
import { attackMs } from './attack-ms.js'
import { atRate, postAndHangUp } from './callers.js'

/** Tencent's usual latency; a caller that hangs up before has no answer to be refused by. */
const latency = { kind: 'slow', delayMs: 60 } as const
const hangUpAfterMs = 35
const attacker = '203.0.113.66'
const junkCode = 15
/** Calls of a stranger that may be under way at once: a sixty-fourth of 2048. */
const underWay = 32
/** The same of a client with history: a sixteenth. */
const underWayKnown = 128

async function siteWithLatency(): Promise<Flow> {
  const flow = await startFlow({ time: 'system' })
  flow.simulator.setFault(latency)
  return flow
}

/** Junk tickets of one address that hangs up before the answer. */
function junkThatHangsUp(flow: Flow, times: number, perSecond: number): Promise<void> {
  const forMs = (times * 1000) / perSecond
  return atRate(perSecond, forMs, () => postAndHangUp(flow.url, flow.mint({ code: junkCode }), attacker, hangUpAfterMs))
}

/** Requests that reached the guard: a busy machine may read a hang-up before the body. */
function arrived(flow: Flow): number {
  return flow.visits.length
}

describe('a caller that hangs up before the answer escapes no limit', () => {
  test('while a handler that calls the SDK for each request asks Tencent every time', async () => {
    const flow = await startFlow({
      time: 'system',
      route: (_guard, { simulator }) => [
        (req, res) => {
          const { ticket } = req.body as { ticket: string }
          sdkClient(simulator)
            .request('DescribeCaptchaResult', webBody(simulator, { ticket }))
            .then(
              () => res.end(),
              () => res.end(),
            )
        },
      ],
    })
    flow.simulator.setFault(latency)
    await junkThatHangsUp(flow, 100, 200)
    // Far more often than about a limited client, even where a busy machine reads some requests only after the hang-up.
    await until(() => flow.asked > 10 + underWay)
  })

  test('so that Tencent is asked ten times about a stranger, and about what was under way', async () => {
    const flow = await siteWithLatency()
    await junkThatHangsUp(flow, 400, 200)
    expect(flow.asked).toBeGreaterThanOrEqual(10)
    expect(flow.asked).toBeLessThanOrEqual(10 + underWay)
    expect(arrived(flow)).toBeGreaterThan(100)
    expect(flow.guard.snapshot().counters.rate_limited).toBeGreaterThanOrEqual(arrived(flow) - 10 - underWay)
    expect(flow.guard.snapshot()).toMatchObject({ api: { state: 'healthy' }, circuit: { state: 'closed' } })
  })

  test('so that Tencent is asked sixty times about a client with one solved CAPTCHA that floods the site', async () => {
    const flow = await siteWithLatency()
    expect((await flow.send(flow.mint(), { ip: attacker })).captcha?.reason).toBe('verified')
    const mostAsked = 1 + 60 + underWayKnown
    // A hundred at once are pressure on any machine. A busy one reads the hang-up of some before their body.
    while (arrived(flow) < 2 * mostAsked) {
      const leave = () => postAndHangUp(flow.url, flow.mint({ code: junkCode }), attacker, hangUpAfterMs)
      await Promise.all(Array.from({ length: 100 }, leave))
    }
    expect(flow.asked).toBeLessThanOrEqual(mostAsked)
    const { rate_limited = 0 } = flow.guard.snapshot().counters
    expect(rate_limited).toBeGreaterThanOrEqual(arrived(flow) - mostAsked)
  })

  test('so that other addresses are verified meanwhile', async () => {
    const flow = await siteWithLatency()
    const reasons: (string | undefined)[] = []
    const honest = atRate(20, attackMs({ short: 3000 }), async (index) => {
      reasons.push((await flow.send(flow.mint(), { ip: clientIp(index) })).captcha?.reason)
    })
    await atRate(150, attackMs({ short: 3000 }), () =>
      postAndHangUp(flow.url, flow.mint({ code: junkCode }), attacker, hangUpAfterMs),
    )
    await honest
    expect(new Set(reasons)).toEqual(new Set(['verified']))
    const { circuit, purses } = flow.guard.snapshot()
    expect([circuit.state, purses.outage.taken, purses.doubt.taken]).toEqual(['closed', 0, 0])
  }, 150_000)
})

describe('a shared address is not punished for what some behind it do', () => {
  test('a thousand first-time users a minute behind one address are verified', async () => {
    const flow = await siteWithLatency()
    const reasons: (string | undefined)[] = []
    await atRate(1000 / 60, attackMs({ short: 3000 }), async () => {
      reasons.push((await flow.send(flow.mint())).captcha?.reason)
    })
    expect(new Set(reasons)).toEqual(new Set(['verified']))
  }, 150_000)

  test('two hundred first-time users behind one address at once are verified', async () => {
    const flow = await startFlow({ time: 'system' })
    const first = await Promise.all(Array.from({ length: 20 }, () => flow.send(flow.mint())))
    const others = await Promise.all(Array.from({ length: 100 }, () => flow.send(flow.mint())))
    const reasons = [...first, ...others].map(({ captcha }) => captcha?.reason)
    expect(new Set(reasons)).toEqual(new Set(['verified']))
  })

  test('honest users behind an address that also sends thirty junk tickets a second are verified', async () => {
    const flow = await siteWithLatency()
    await flow.send(flow.mint())
    const reasons: (string | undefined)[] = []
    const durationMs = attackMs({ short: 3000 })
    const honest = atRate(10, durationMs, async () => {
      reasons.push((await flow.send(flow.mint())).captcha?.reason)
    })
    await atRate(30, durationMs, () => flow.send(flow.mint({ code: junkCode })))
    await honest
    expect(new Set(reasons)).toEqual(new Set(['verified']))
  }, 150_000)
})
