import { describe, expect, test } from '@jest/globals'
import { clientIp, type Flow, startFlow } from '../flow/support.js'
import { sdkClient, webBody } from '../simulator/call-api.js'
import { attackMs } from './attack-ms.js'
import { atRateOfClock } from './callers.js'

const callsPerSecond = 40
const junkPerSecond = 150
const knownPerSecond = 20
const clients = 60
const junkCode = 15
const floodedBeforeMs = 2000

/** Each client is verified once, before anything is scarce. */
async function earnHistory(flow: Flow): Promise<void> {
  const verified = atRateOfClock(flow.clock, 25, (clients * 1000) / 25, (index) =>
    flow.send(flow.mint(), { ip: clientIp(index) }),
  )
  await flow.turnFor(verified)
}

/** The share of the clients that passed verified while others flood the site with junk. */
async function verifiedShare(flow: Flow): Promise<number> {
  const knownForMs = attackMs({ short: 5000, whole: 9000 })
  const flood = atRateOfClock(flow.clock, junkPerSecond, floodedBeforeMs + knownForMs, (index) =>
    flow.send(flow.mint({ code: junkCode }), { ip: clientIp(1000 + index) }),
  )
  await flow.turn(floodedBeforeMs)
  const verified: boolean[] = []
  const known = atRateOfClock(flow.clock, knownPerSecond, knownForMs, async (index) => {
    const { status, captcha } = await flow.send(flow.mint(), { ip: clientIp(index % clients) })
    verified.push(captcha ? captcha.reason === 'verified' : status === 200)
  })
  await flow.turnFor(Promise.all([flood, known]), 2 * knownForMs)
  return verified.filter(Boolean).length / verified.length
}

describe('a flood of junk that Tencent throttles', () => {
  test('takes most users of a handler that calls the SDK for each request with it', async () => {
    const flow = await startFlow({
      simulator: { callsPerSecond },
      route: (_guard, { simulator }) => [
        (req, res) => {
          const { ticket, randstr } = req.body as { ticket: string; randstr: string }
          sdkClient(simulator)
            .request('DescribeCaptchaResult', webBody(simulator, { ticket, randstr }))
            .then(
              (reply) => res.status((reply as { CaptchaCode?: number }).CaptchaCode === 1 ? 200 : 403).end(),
              () => res.status(503).end(),
            )
        },
      ],
    })
    expect(await verifiedShare(flow)).toBeLessThan(0.5)
  }, 60_000)

  test('leaves the users who come back verified', async () => {
    const flow = await startFlow({ simulator: { callsPerSecond } })
    await earnHistory(flow)
    expect(await verifiedShare(flow)).toBeGreaterThanOrEqual(0.9)
    expect(flow.guard.snapshot()).toMatchObject({ api: { state: 'healthy' }, circuit: { state: 'closed' } })
  }, 60_000)
})
