import { describe, expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import type { CaptchaGuardOptions } from '../../lib/index.js'
import { breakApi, quickCircuit, startFlow } from '../flow/support.js'

/** The /56 of an address, as limits commonly see IPv6. */
function prefixOf(ip: string): string {
  const bytes = ipaddr.parse(ip).toByteArray()
  return bytes.slice(0, 7).join('.')
}

const degradation = { circuit: quickCircuit }

describe('one client behind NAT64 that uses its limit up in an outage', () => {
  async function passesOfAnother(options: Partial<CaptchaGuardOptions> = {}): Promise<boolean> {
    const flow = await startFlow({ options: { degradation, ...options } })
    await breakApi(flow, '2001:db8::1')
    for (let index = 0; index < 25; index++) await flow.send(flow.mint(), { ip: '64:ff9b::198.51.100.1' })
    return (await flow.send(flow.mint(), { ip: '64:ff9b::198.51.100.2' })).status === 200
  }

  test('locks all others out where clients are told apart by their /56', async () => {
    expect(await passesOfAnother({ clientKey: ({ ip = '' }) => prefixOf(ip) })).toBe(false)
  })

  test('locks no other out', async () => {
    expect(await passesOfAnother()).toBe(true)
  })

  test('has the limit of its IPv4 address, by whichever way it comes', async () => {
    const flow = await startFlow({ options: { degradation } })
    await breakApi(flow)
    const ways = ['64:ff9b::198.51.100.1', '::ffff:198.51.100.1', '198.51.100.1', '2002:c633:6401::1']
    const statuses = []
    for (let index = 0; index < 40; index++) {
      statuses.push((await flow.send(flow.mint(), { ip: ways[index % ways.length] as string })).status)
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(20)
  })

  test('is known to Tencent by its IPv4 address', async () => {
    const flow = await startFlow()
    expect((await flow.send(flow.mint(), { ip: '64:ff9b::198.51.100.1' })).captcha?.reason).toBe('verified')
    expect(flow.simulator.calls.at(-1)).toMatchObject({ userIp: '198.51.100.1' })
  })
})
