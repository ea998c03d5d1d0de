import { describe, expect, test } from '@jest/globals'
import { clientIp, startFlow, until } from '../flow/support.js'
import { atRate } from './callers.js'

const junkCode = 15

describe('junk tickets do not keep a disagreeing circuit open', () => {
  /** How long after Tencent has healed the circuit closes, with or without a flood. */
  async function recoveryMs(junkPerSecond: number): Promise<number> {
    const flow = await startFlow({
      time: 'system',
      options: {
        timeoutMs: 300,
        degradation: { circuit: { consecutiveFailures: 1 }, expectedPerMinute: 6000 },
      },
    })
    for (let user = 0; user < 20; user++) await flow.send(flow.mint(), { ip: clientIp(user) })
    flow.simulator.setFault('hang', { only: 'ordinary' })
    const openUp = atRate(20, 14_000, (index) => flow.send(flow.mint(), { ip: clientIp(index % 20) }))
    await until(() => flow.guard.snapshot().circuit.why === 'canary_disagrees', 16_000)
    await openUp
    flow.simulator.setFault(null)
    const healedMs = performance.now()
    const stop = new AbortController()
    const closed = until(() => flow.guard.snapshot().circuit.state === 'closed', 60_000).then(
      () => performance.now() - healedMs,
    )
    closed.finally(() => stop.abort()).catch(() => {})
    const users = keepSending(10, stop.signal, (index) => flow.send(flow.mint(), { ip: clientIp(index % 200) }))
    const junk = keepSending(junkPerSecond, stop.signal, (index) =>
      flow.send(flow.mint({ code: junkCode }), { ip: `192.0.2.${index % 12}` }),
    )
    const tookMs = await closed
    await Promise.all([users, junk])
    return tookMs
  }

  async function keepSending(
    perSecond: number,
    signal: AbortSignal,
    act: (index: number) => Promise<unknown>,
  ): Promise<void> {
    if (perSecond === 0) return
    for (let index = 0; !signal.aborted; index += perSecond / 10) {
      const from = index
      await atRate(perSecond, 100, (step) => act(Math.round(from) + step))
    }
  }

  test('recovery under a hundred of them a second takes at most three times as long as without, and two seconds', async () => {
    const withoutMs = await recoveryMs(0)
    const withMs = await recoveryMs(100)
    expect(withMs).toBeLessThanOrEqual(3 * withoutMs + 2000)
  }, 120_000)
})
