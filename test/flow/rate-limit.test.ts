import { describe, expect, test } from '@jest/globals'
import { expectRetryAfter } from '../support/retry-after.js'
import { breakApi, clientIp, expressVersions, type Flow, quickCircuit, startFlow } from './support.js'

const guesser = '192.0.2.66'

async function guess(flow: Flow, times: number, ip = guesser): Promise<(string | undefined)[]> {
  const reasons = []
  for (let n = 0; n < times; n++) {
    reasons.push((await flow.send({ ticket: `tr03guess${n}*`, randstr: '@abc' }, { ip })).captcha?.reason)
  }
  return reasons
}

describe.each(expressVersions)('on %s', (_name, express) => {
  test('ten refusals within a minute end the asking, for this client alone', async () => {
    const flow = await startFlow({ express })
    expect(await guess(flow, 12)).toEqual([...Array(10).fill('ticket_invalid'), 'rate_limited', 'rate_limited'])
    expect(flow.asked).toBe(10)
    const honest = await flow.send(flow.mint(), { ip: guesser })
    expect(honest).toMatchObject({ status: 429, body: { code: 'captcha_invalid' }, captcha: { degraded: false } })
    expectRetryAfter(honest.headers['retry-after'])
    expect((await flow.send(flow.mint(), { ip: '192.0.2.67' })).captcha?.reason).toBe('verified')
    expect(flow.asked).toBe(11)
  })

  test('refused at once while ten calls are under way, it ends soon', async () => {
    const flow = await startFlow({ express })
    const reasons = await Promise.all(Array.from({ length: 30 }, () => guess(flow, 1)))
    expect(reasons.flat().every((reason) => reason === 'ticket_invalid' || reason === 'rate_limited')).toBe(true)
    expect((await guess(flow, 1))[0]).toBe('rate_limited')
  })

  test('a client with a verified pass is never rate limited', async () => {
    const flow = await startFlow({ express })
    expect((await flow.send(flow.mint(), { ip: guesser })).captcha?.reason).toBe('verified')
    expect(await guess(flow, 15)).toEqual(Array(15).fill('ticket_invalid'))
    expect((await flow.send(flow.mint(), { ip: guesser })).captcha?.reason).toBe('verified')
  })

  test('an IPv6 client is its /56', async () => {
    const flow = await startFlow({ express })
    for (let n = 0; n < 10; n++) await guess(flow, 1, `2001:db8:1:200::${n + 1}`)
    expect(await guess(flow, 1, '2001:db8:1:2ff:1::1')).toEqual(['rate_limited'])
    expect(await guess(flow, 1, '2001:db8:1:300::1')).toEqual(['ticket_invalid'])
  })

  test('clientKey says who is who', async () => {
    const clientKey = (req: { get(name: string): string | undefined }) => req.get('x-device')
    const flow = await startFlow({ express, options: { clientKey } })
    const from = (device: string, ip: string) =>
      flow.send({ ticket: 'tr03x*', randstr: '@abc' }, { ip, headers: { 'x-device': device } })
    for (let n = 0; n < 10; n++) await from('one', clientIp(n))
    expect((await from('one', clientIp(99))).captcha?.reason).toBe('rate_limited')
    expect((await from('two', clientIp(1))).captcha?.reason).toBe('ticket_invalid')
  })

  test('degraded requests and Tencent failures count for nothing', async () => {
    const doubt = { perClient: { limit: 0 } }
    const flow = await startFlow({ express, options: { degradation: { doubt } } })
    flow.simulator.setFault('internal_error', { only: 'ordinary' })
    for (let n = 0; n < 12; n++) await flow.turnFor(flow.send(flow.mint(), { ip: guesser }))
    for (let n = 0; n < 12; n++) await flow.send(flow.fallback({ ageMs: 400_000 }), { ip: guesser })
    flow.simulator.setFault(null)
    expect((await flow.send(flow.mint(), { ip: guesser })).captcha?.reason).toBe('verified')
  })

  test('a rate-limited client gets no degraded pass with an ordinary ticket either', async () => {
    const flow = await startFlow({ express, options: { degradation: { circuit: quickCircuit } } })
    await guess(flow, 10)
    await breakApi(flow)
    expect(await guess(flow, 1)).toEqual(['rate_limited'])
    expect((await flow.send(flow.fallback(), { ip: guesser })).captcha?.reason).toBe('client_fallback')
  })
})
