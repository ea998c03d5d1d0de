import { afterEach, describe, expect, jest, test } from '@jest/globals'
import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
import { CvmRoleCredential } from 'tencentcloud-sdk-nodejs-common'
import {
  type CaptchaClient,
  type CaptchaGuardOptions,
  cvmRoleCredential,
  type DynamicCredential,
} from '../../lib/index.js'
import type { Simulator } from '../../lib/simulator/index.js'
import { clientIp, type Flow, quickCircuit, startFlow } from '../flow/support.js'
import { attackMs } from './attack-ms.js'

type Provide = (simulator: Simulator) => DynamicCredential

/** The guard over the provider itself, or over the vendor's client, which has it called for every request and without a deadline. */
const guardOver = {
  async keeper(provide: Provide, options: Partial<CaptchaGuardOptions> = {}): Promise<Flow> {
    let provider: DynamicCredential | undefined
    const credential = { getCredential: () => (provider as DynamicCredential).getCredential() }
    const flow = await startFlow({ options: { ...options, credential } })
    provider = provide(flow.simulator)
    return flow
  },
  async sdkClient(provide: Provide, options: Partial<CaptchaGuardOptions> = {}): Promise<Flow> {
    let real: CaptchaClient | undefined
    const client: CaptchaClient = { request: (...args) => (real as CaptchaClient).request(...args) }
    const flow = await startFlow({ options: { ...options, client } })
    const profile = { httpProfile: { endpoint: new URL(flow.simulator.url).host, protocol: 'http://' as const } }
    const credential = provide(flow.simulator) as never
    real = new sdk.captcha.v20190722.Client({ credential, profile })
    return flow
  },
}

const hanging: Provide = () => ({ getCredential: () => new Promise<never>(() => {}) })

/** The vendor's own class; its address is fixed, so that the two requests go to the simulator here. */
class SdkCvmRole extends CvmRoleCredential {
  readonly #simulator: Simulator

  constructor(simulator: Simulator) {
    super()
    this.#simulator = simulator
  }

  protected override async getRoleName(): Promise<string> {
    return this.#get('')
  }

  protected override async getRoleCredential(roleName: string) {
    return JSON.parse(await this.#get(roleName))
  }

  async #get(path: string): Promise<string> {
    const response = await fetch(`${this.#simulator.metadataUrl}cam/security-credentials/${path}`)
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    return response.text()
  }
}

const sdkRole: Provide = (simulator) => new SdkCvmRole(simulator)

let addresses = 0
const junk = (flow: Flow) =>
  flow.turnFor(flow.send({ ticket: `tr03junk${addresses}*`, randstr: '@abc' }, { ip: clientIp(addresses++) }))
const honest = (flow: Flow) => flow.turnFor(flow.send(flow.mint(), { ip: clientIp(addresses++) }))

async function passedOf(replies: readonly Promise<Awaited<ReturnType<Flow['send']>>>[]): Promise<number> {
  return (await Promise.all(replies)).filter(({ captcha }) => captcha?.passed).length
}

/** The vendor's class reads the time of day for itself. */
function timeOfDayFrom({ clock }: Flow): void {
  jest.spyOn(Date, 'now').mockImplementation(() => clock.epochMs())
}

afterEach(() => {
  jest.restoreAllMocks()
})

/** The whole form is a minute of the clock. */
jest.setTimeout(60_000)

describe('a credential provider that hangs', () => {
  const options = { timeoutMs: 200, degradation: { circuit: quickCircuit } }

  /** Junk tickets one after another, as a caller sends them who has noticed. */
  async function attack(flow: Flow): Promise<number> {
    let passed = 0
    const endMs = flow.clock.nowMs() + attackMs({ short: 2500 })
    for (let sent = 0; sent < 20 || flow.clock.nowMs() < endMs; sent++) {
      passed += await passedOf([junk(flow)])
      await flow.turn(20)
    }
    return passed
  }

  test('behind the vendor’s client looks like an outage of Tencent, and junk passes', async () => {
    const flow = await guardOver.sdkClient(hanging, options)
    await Promise.all([honest(flow), honest(flow)])
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'open')
    expect(await passedOf(Array.from({ length: 20 }, () => junk(flow)))).toBe(20)
    expect(flow.guard.snapshot().api.state).toBe('outage')
    expect(flow.simulator.calls).toEqual([])
  })

  test('from the start is no evidence: the circuit stays closed, and nothing passes but from the doubt purse, by a rule of the operator’s', async () => {
    const rules = { misconfigured: 'pass' } as const
    const flows = await Promise.all([
      guardOver.keeper(hanging, options),
      guardOver.keeper(hanging, { ...options, degradation: { ...options.degradation, rules } }),
    ])
    const [refusing, passing] = await Promise.all(flows.map(attack))
    const minutes = Math.max(...flows.map(({ clock }) => clock.nowMs())) / 60_000
    expect(refusing).toBe(0)
    expect(passing).toBeGreaterThan(0)
    expect(passing).toBeLessThanOrEqual(10 + Math.ceil(10 * minutes))
    for (const { guard } of flows) {
      expect(guard.snapshot()).toMatchObject({
        api: { state: 'healthy' },
        circuit: { state: 'closed' },
        purses: { outage: { taken: 0 }, doubt: { taken: guard === flows[0]?.guard ? 0 : passing } },
      })
    }
  })
})

describe('the vendor’s own role class, whose metadata service failed once', () => {
  test('refuses every user for ever behind the vendor’s client', async () => {
    const flow = await guardOver.sdkClient(sdkRole)
    flow.simulator.setCredentialFault('denied')
    await honest(flow)
    flow.simulator.setCredentialFault(null)
    timeOfDayFrom(flow)
    await flow.clock.advance(3_600_000)
    expect(await passedOf(Array.from({ length: 10 }, () => honest(flow)))).toBe(0)
  })

  test('is replaced by a provider that heals within seconds', async () => {
    const flow = await guardOver.keeper(({ metadataUrl }) => cvmRoleCredential({ metadataUrl }))
    flow.simulator.setCredentialFault('denied')
    expect((await honest(flow)).captcha?.reason).toBe('misconfigured')
    flow.simulator.setCredentialFault(null)
    await flow.clock.advance(1050)
    expect(await passedOf(Array.from({ length: 10 }, () => honest(flow)))).toBe(10)
  })

  test('costs no user while its last keys are valid, where the guard keeps them', async () => {
    // The class asks again 30 s before the end, so that its one failure comes a second after the first keys.
    const lifetimeSeconds = 32
    const [naive, kept] = await Promise.all([guardOver.sdkClient(sdkRole), guardOver.keeper(sdkRole)])
    timeOfDayFrom(naive)
    const advance = (byMs: number) => Promise.all([naive, kept].map(({ clock }) => clock.advance(byMs)))
    for (const { simulator } of [naive, kept])
      simulator.setCredentialFault({ kind: 'short_lived_keys', lifetimeSeconds })
    expect(await passedOf([honest(naive), honest(kept)])).toBe(2)
    for (const { simulator } of [naive, kept]) simulator.setCredentialFault('down')
    await advance(2100)
    expect((await honest(naive)).captcha?.passed).toBe(false)
    for (const { simulator } of [naive, kept]) simulator.setCredentialFault(null)
    const endMs = kept.clock.nowMs() + attackMs({ short: 1000, whole: 24_000 })
    while (kept.clock.nowMs() < endMs) {
      expect((await honest(naive)).captcha).toMatchObject({ passed: false, reason: 'misconfigured' })
      expect((await honest(kept)).captcha?.reason).toBe('verified')
      await advance(100)
    }
  })
})
