import { describe, expect, test } from '@jest/globals'
import { clientIp, startFlow } from './support.js'

const users = 200
const timeoutMs = 2000

/** Everybody at an own address, or forty of them at four addresses. */
const crowds: ReadonlyArray<readonly [string, (user: number) => string]> = [
  ['from as many addresses', (user) => clientIp(user)],
  ['of whom forty share four addresses', (user) => clientIp(user < 40 ? user % 4 : user)],
]

describe.each(crowds)('two hundred first requests at once, %s', (_, addressOf) => {
  test.each([
    ['begins to hang', 'hang'],
    ['answers 503', 'http_503_html'],
  ] as const)('pass where the API %s in that moment, and wait no longer than the timeout', async (_, fault) => {
    const degradation = { expectedPerMinute: 3000, fallback: { probe: false } }
    const flow = await startFlow({ options: { timeoutMs, degradation } })
    flow.simulator.setFault(fault)
    const replies = await flow.turnFor(
      Promise.all(Array.from({ length: users }, (_, user) => flow.send(flow.mint(), { ip: addressOf(user) }))),
    )
    const passed = replies.filter(({ captcha }) => captcha?.passed)
    const longestMs = Math.max(...replies.map(({ captcha }) => captcha?.durationMs ?? 0))
    expect(passed.length).toBeGreaterThanOrEqual(0.99 * users)
    expect(longestMs).toBeLessThanOrEqual(timeoutMs)
    expect(flow.guard.snapshot().circuit).toMatchObject({ state: 'open', why: 'canary_failed' })
  })
})
