import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  type CaptchaGuardOptions,
  cvmRoleCredential,
  type DynamicCredential,
  tkeOidcCredential,
} from '../../lib/index.js'
import { breakApi, clientIp, type Flow, logBook, quickCircuit, startFlow, until } from './support.js'

type Provide = (flow: Flow) => DynamicCredential

const fromMetadata: Provide = ({ simulator }) =>
  cvmRoleCredential({ metadataUrl: simulator.metadataUrl, timeoutMs: 1000 })

/** An application whose keys come from a provider that a test can exchange. */
async function startProviderFlow(provide: Provide = fromMetadata, options: Partial<CaptchaGuardOptions> = {}) {
  const provider = { current: undefined as DynamicCredential | undefined, calls: 0, underWay: 0 }
  const credential: DynamicCredential = {
    async getCredential() {
      provider.calls++
      provider.underWay++
      try {
        return await (provider.current as DynamicCredential).getCredential()
      } finally {
        provider.underWay--
      }
    },
  }
  const flow = await startFlow({ options: { credential, ...options } })
  provider.current = provide(flow)
  let sent = 0
  const reasonOfNext = async () => {
    const { captcha } = await flow.turnFor(flow.send(flow.mint(), { ip: clientIp(sent++ % 5000) }))
    return captcha?.reason
  }
  /** All of it at once, so that a provider on a socket answers before its own deadline. */
  const forward = (byMs: number) => flow.clock.block(byMs)
  return { flow, forward, provider, reasonOfNext }
}

const hanging: DynamicCredential = { getCredential: () => new Promise<never>(() => {}) }
const rejecting: DynamicCredential = { getCredential: () => Promise.reject(new Error('KEY-hidden')) }

describe('a provider of keys', () => {
  test('is called once for many users, and its temporary keys verify them', async () => {
    const { provider, reasonOfNext } = await startProviderFlow()
    const first = await Promise.all([reasonOfNext(), reasonOfNext(), reasonOfNext()])
    expect([...first, await reasonOfNext()]).toEqual(Array(4).fill('verified'))
    expect(provider.calls).toBe(1)
  })

  test('of the TKE kind is called as well, and its keys verify', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'captcha-tke-'))
    const tokenFile = join(dir, 'token')
    await writeFile(tokenFile, 'TOKEN')
    const identity = { region: 'ap-guangzhou', providerId: 'cls-1', roleArn: 'qcs::role', tokenFile }
    const { reasonOfNext } = await startProviderFlow(({ simulator }) =>
      tkeOidcCredential({ ...identity, endpoint: simulator.stsUrl }),
    )
    expect(await reasonOfNext()).toBe('verified')
    await rm(dir, { recursive: true })
  })

  test('is asked again before its keys expire, over a day of traffic, and no user is refused', async () => {
    const { forward, provider, reasonOfNext } = await startProviderFlow()
    for (let quarter = 0; quarter < 96; quarter++) {
      expect(await reasonOfNext()).toBe('verified')
      await until(() => provider.underWay === 0)
      await forward(15 * 60_000)
    }
    expect(provider.calls).toBeGreaterThanOrEqual(12)
    expect(provider.calls).toBeLessThanOrEqual(20)
  })

  test.each([
    ['rejects', rejecting],
    ['hangs', hanging],
  ])('that %s for ten minutes, with valid keys there, costs no verdict', async (_, broken) => {
    const { flow, forward, provider, reasonOfNext } = await startProviderFlow()
    expect(await reasonOfNext()).toBe('verified')
    provider.current = broken
    // Into the time in which the keys are to be renewed.
    await forward(100 * 60_000)
    for (let second = 0; second < 600; second += 5) {
      await forward(5000)
      expect(await reasonOfNext()).toBe('verified')
    }
    expect(provider.calls).toBeGreaterThan(2)
    expect(flow.guard.snapshot().credential).toMatchObject({ source: 'provider', lastFailure: expect.any(Object) })
  })

  test.each([
    ['rejects', rejecting],
    ['hangs', hanging],
  ])('that %s beyond the end of its keys is a cause of its own, paid from the doubt purse', async (_, broken) => {
    const { flow, forward, provider, reasonOfNext } = await startProviderFlow(fromMetadata, { timeoutMs: 300 })
    expect(await reasonOfNext()).toBe('verified')
    provider.current = broken
    await forward(7_200_000)
    const reply = await flow.turnFor(flow.send(flow.mint(), { ip: '203.0.113.9' }))
    expect(reply).toMatchObject({
      status: 200,
      captcha: { passed: true, degraded: true, reason: 'credential_unavailable', cause: 'credential_unavailable' },
    })
    const asked = flow.asked
    const reasons = []
    for (let n = 0; n < 12; n++) reasons.push(await reasonOfNext())
    expect(reasons.filter((reason) => reason === 'credential_unavailable').length).toBeLessThan(12)
    expect(reasons.at(-1)).toBe('budget_exhausted')
    expect(flow.asked).toBe(asked)
    expect(flow.guard.snapshot()).toMatchObject({
      api: { state: 'healthy' },
      circuit: { state: 'closed' },
      purses: { outage: { taken: 0 } },
    })
    provider.current = fromMetadata(flow)
    const healed = []
    for (let ms = 0; ms < 30_000; ms += 5000) {
      await forward(5000)
      healed.push(await reasonOfNext())
    }
    expect(healed.at(-1)).toBe('verified')
  })

  test('that works no more can be answered by a rule', async () => {
    const rules = { credential_unavailable: 'refuse' } as const
    const { flow, forward, provider, reasonOfNext } = await startProviderFlow(fromMetadata, { degradation: { rules } })
    expect(await reasonOfNext()).toBe('verified')
    provider.current = rejecting
    await forward(7_200_000)
    expect(await flow.turnFor(flow.send(flow.mint()))).toMatchObject({
      status: 503,
      body: { code: 'captcha_unavailable' },
      captcha: { reason: 'degradation_refused', cause: 'credential_unavailable' },
    })
  })

  test('whose keys are rotated away is asked at once, and no user is refused', async () => {
    const { flow, provider, forward, reasonOfNext } = await startProviderFlow()
    expect(await reasonOfNext()).toBe('verified')
    await forward(60_000)
    flow.simulator.revokeTemporaryKeys()
    expect(await Promise.all([reasonOfNext(), reasonOfNext(), reasonOfNext()])).toEqual(Array(3).fill('verified'))
    expect(provider.calls).toBe(2)
  })

  test('that names no expiry, on a site that was quiet until its keys ran out, costs no verdict', async () => {
    const { forward, reasonOfNext } = await startProviderFlow((flow) => ({
      async getCredential() {
        const { expiresAtMs: _, ...keys } = await fromMetadata(flow).getCredential()
        return keys
      },
    }))
    expect(await reasonOfNext()).toBe('verified')
    await forward(3 * 3_600_000)
    expect(await reasonOfNext()).toBe('verified')
  })

  test('that is slow leaves a call the rest of its one deadline, whose end says nothing about Tencent', async () => {
    const { flow } = await startProviderFlow(
      (started) => ({
        async getCredential() {
          await new Promise<void>((resolve) => started.clock.after(500, resolve))
          return fromMetadata(started).getCredential()
        },
      }),
      { timeoutMs: 800, degradation: { circuit: quickCircuit } },
    )
    flow.simulator.setFault('hang')
    // Three hundred milliseconds, which are less than half of the deadline: not enough to become suspicious.
    expect((await flow.turnFor(flow.send(flow.mint()))).captcha).toMatchObject({ passed: true, cause: 'timeout' })
    expect(flow.guard.snapshot()).toMatchObject({ circuit: { state: 'closed' }, purses: { outage: { taken: 0 } } })
  })

  test('whose keys are wrong is misconfigured, without a storm of calls', async () => {
    const keys = { secretId: 'AKIDsimulator', secretKey: 'wrong' }
    const { provider, reasonOfNext } = await startProviderFlow(() => ({ getCredential: async () => keys }))
    const reasons = []
    for (let n = 0; n < 20; n++) reasons.push(await reasonOfNext())
    expect(reasons).toEqual(Array(20).fill('misconfigured'))
    expect(provider.calls).toBeLessThanOrEqual(3)
  })

  test('is shared by canary, health check and late verification', async () => {
    const { flow, provider, reasonOfNext } = await startProviderFlow(fromMetadata, {
      degradation: { circuit: quickCircuit },
    })
    expect(await flow.guard.checkHealth()).toMatchObject({ status: 'reachable', captchaCode: 21 })
    expect(await reasonOfNext()).toBe('verified')
    await breakApi(flow)
    expect(await reasonOfNext()).toBe('circuit_open')
    const canaries = flow.simulator.calls.length
    await flow.turnUntil(() => flow.simulator.calls.length > canaries + 3)
    flow.simulator.setFault(null)
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'closed')
    await flow.turnUntil(() => flow.guard.snapshot().late.genuine >= 1)
    expect(provider.calls).toBe(1)
  })

  test('that fails while its keys are valid is in the log, at most once a minute, without its own words', async () => {
    const { logger, lines, raw } = logBook()
    const { forward, provider, reasonOfNext } = await startProviderFlow(fromMetadata, { logger })
    await reasonOfNext()
    provider.current = rejecting
    await forward(100 * 60_000)
    for (let second = 0; second < 180; second += 5) {
      await forward(5000)
      await reasonOfNext()
    }
    const errors = lines.filter(({ event }) => event === 'captcha_misconfigured')
    expect(errors.length).toBeGreaterThanOrEqual(2)
    expect(errors.length).toBeLessThanOrEqual(4)
    expect(errors[0]).toMatchObject({
      level: 50,
      hint: expect.stringMatching(
        /^The provider of the credential fails: getCredential\(\) rejected; the last keys serve until 20\S+Z\.$/,
      ),
    })
    expect(raw.join('')).not.toContain('KEY-hidden')
  })
})

describe('the snapshot of the keys', () => {
  test('says that they are fixed', async () => {
    const flow = await startFlow()
    expect(flow.guard.snapshot().credential).toEqual({ source: 'fixed' })
  })

  test('says how old they are and when they expire, and holds none', async () => {
    const { flow, forward, reasonOfNext } = await startProviderFlow()
    await reasonOfNext()
    await forward(60_000)
    const { credential } = flow.guard.snapshot()
    expect(credential).toEqual({ source: 'provider', ageMs: expect.any(Number), expiresAt: expect.any(String) })
    expect(credential.ageMs).toBeGreaterThanOrEqual(60_000)
    expect(credential.ageMs).toBeLessThan(70_000)
    const leftMs = Date.parse(credential.expiresAt ?? '') - flow.clock.epochMs()
    expect(leftMs).toBeGreaterThan(7_000_000)
    expect(leftMs).toBeLessThan(7_140_001)
  })
})
