import { expect, test } from '@jest/globals'
import { seededRandom } from '../../lib/simulator/fault-schedule.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { codeResult, makeWorld, verifiedResult } from '../guard/decision-under-test.js'

const timeout: UpstreamResult = { kind: 'timeout', loopBlocked: false }
const timeoutMs = 2000
const canaryMs = 50
const honestEveryMs = 12_000
const honestRequests = 40

/** A quiet site whose Tencent is healthy: answers are log-normal around 50 ms, σ 0.6, and one in a hundred needs a new connection. */
function quietSite(seed: number) {
  const world = makeWorld()
  const { clock } = world
  const random = seededRandom(seed)
  let tickets = 0
  let canariesSeen = 0

  function latencyMs(): number {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.round(50 * Math.exp(0.6 * normal)) + (random() < 0.01 ? 40 : 0)
  }

  /** Lets Tencent end the call just made, and answers canaries. */
  async function advance(byMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < byMs; passedMs += 25) {
      const canaries = world.canaries()
      for (; canariesSeen < canaries.length; canariesSeen++) {
        const canary = canaries[canariesSeen]
        clock.after(canaryMs, () => canary?.answer(codeResult(21)))
      }
      await clock.advance(25)
    }
  }

  function ask(client: string, result: UpstreamResult, afterMs: number) {
    const ticket = `ticket ${tickets++}`
    const running = world.run(
      world.contextOf({
        clientKey: client,
        limitKey: client,
        ticketKey: ticket,
        ticket: { kind: 'ordinary', ticket, randstr: '@' },
      }),
    )
    const call = world.calls().at(-1)
    if (call?.call.ticket === ticket) clock.after(afterMs, () => call.answer(result))
    return running
  }

  return {
    ...world,
    advance,
    honest: (client: string) => ask(client, verifiedResult, latencyMs()),
    tar: (client: string) => ask(client, timeout, timeoutMs),
  }
}

test('tickets that hang, from any number of addresses, shorten the wait of honest callers and degrade none of them', async () => {
  const site = quietSite(1)
  for (let user = 0; user < 40; user++) {
    site.honest(`early ${user}`)
    await site.advance(300)
  }
  let hurried = 0
  const honest = []
  for (let user = 0; user < honestRequests; user++) {
    for (let tar = 0; tar < 6; tar++) {
      site.tar(`bot ${(6 * user + tar) % 60}`)
      await site.advance(honestEveryMs / 6)
    }
    if (site.site.circuit.callerWaitMs(timeoutMs) < timeoutMs) hurried++
    honest.push(site.honest(`user ${user}`))
    await site.advance(500)
  }
  // The attack does what it can.
  expect(hurried).toBe(honestRequests)
  expect(honest.filter(({ decision }) => decision?.verdict.reason !== 'verified')).toEqual([])
  expect(site.site.circuit.evidence()).toBe('none')
  site.services.close()
})
