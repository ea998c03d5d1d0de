import { describe, expect, test } from '@jest/globals'
import { clientIp, type Flow, startFlow } from '../flow/support.js'
import { sdkClient, webBody } from '../simulator/call-api.js'
import { attackMs } from './attack-ms.js'
import { atRate } from './callers.js'

const callsPerSecond = 40
const junkPerSecond = 150
const knownPerSecond = 20
const clients = 60
const junkCode = 15

/** Each client is verified once, before anything is scarce. */
async function earnHistory(flow: Flow): Promise<void> {
  await atRate(25, (clients * 1000) / 25, (index) => flow.send(flow.mint(), { ip: clientIp(index) }))
}

/** The share of the clients that passed verified while others flood the site with junk. */
async function verifiedShare(flow: Flow): Promise<number> {
  const junk = new AbortController()
  const flood = (async () => {
    for (let from = 0; !junk.signal.aborted; from += junkPerSecond / 5) {
      await atRate(junkPerSecond, 200, (index) =>
        flow.send(flow.mint({ code: junkCode }), { ip: clientIp(1000 + from + index) }),
      )
    }
  })()
  await atRate(10, 2000, () => Promise.resolve())
  const verified: boolean[] = []
  await atRate(knownPerSecond, attackMs({ short: 5000, whole: 9000 }), async (index) => {
    const { status, captcha } = await flow.send(flow.mint(), { ip: clientIp(index % clients) })
    verified.push(captcha ? captcha.reason === 'verified' : status === 200)
  })
  junk.abort()
  await flood
  return verified.filter(Boolean).length / verified.length
}

describe('a flood of junk that Tencent throttles', () => {
  test('takes most users of a handler that calls the SDK for each request with it', async () => {
    const flow = await startFlow({
      time: 'system',
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
    const flow = await startFlow({ time: 'system', simulator: { callsPerSecond } })
    await earnHistory(flow)
    expect(await verifiedShare(flow)).toBeGreaterThanOrEqual(0.9)
    expect(flow.guard.snapshot()).toMatchObject({ api: { state: 'healthy' }, circuit: { state: 'closed' } })
  }, 60_000)
})
