import { describe, expect, test } from '@jest/globals'
import type { DegradationCause } from '../../lib/admission/cause-table.js'
import type { CanaryReport, ProbeReport } from '../../lib/admission/outcome.js'
import { type CallReport, degraded } from '../../lib/admission/outcome.js'
import { makeVerdict } from '../../lib/admission/verdict.js'
import { parseOptions } from '../../lib/options/config.js'
import type { DegradationOptions } from '../../lib/options/options.js'
import type { PurseSettings } from '../../lib/site/ledger.js'
import type { OverrideState } from '../../lib/site/override-switch.js'
import { Site, type SiteSettings } from '../../lib/site/site.js'
import type { CaptchaStore, StoreContext, StoreOverride, StoreState } from '../../lib/store/captcha-store.js'
import { storeLifetimes } from '../../lib/store/store-lifetimes.js'
import { StoreDouble } from '../store/store-double.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

const minuteMs = 60_000
const captchaAppId = 190000001
const epochMs = Date.UTC(2026, 0, 1)

interface Setup {
  readonly degradation?: DegradationOptions
  /** What the store says at first; absent for no store. */
  readonly shared?: Partial<StoreState>
  readonly maxInFlight?: number
}

interface SettingsSetup {
  readonly degradation?: DegradationOptions
  readonly store?: boolean
  readonly maxInFlight?: number
  readonly probe?: boolean
}

function parse(degradation: DegradationOptions) {
  return parseOptions({
    captchaAppId,
    appSecretKey: 'secret',
    credential: { secretId: 'id', secretKey: 'key' },
    degradation,
  }).degradation
}

const degradedPass = (cause: DegradationCause) => makeVerdict({ kind: 'degraded_pass', cause }, {}, 0)

/** The store's clock has another beginning than the process's. */
const storeAheadMs = 1_000_000
const bid = { clientKey: 'client', isKnown: false, timeoutMs: 2000, release: () => {} }

/** A site on a manual clock, with Tencent, the vendor's script and the store under the test's control. */
class SiteUnderTest {
  readonly clock = new ManualClock(epochMs)
  readonly store = new StoreDouble()
  readonly site: Site
  readonly purses: PurseSettings
  readonly told: unknown[] = []
  canary: CanaryReport = 'healthy'
  isOnTrial = false
  script: ProbeReport = 'reachable'
  circuitChanges = 0
  /** How often the store was connected to. */
  connections = 0
  /** What it was told. */
  connected: StoreContext | undefined
  #verified = 0
  readonly #store: CaptchaStore = { kind: 'double', connect: (context) => this.#connect(context) }

  constructor({ degradation = {}, shared, maxInFlight = 2048 }: Setup = {}) {
    this.store.state = { ...this.store.state, ...shared }
    this.store.nowMs = () => this.clock.nowMs() + storeAheadMs
    const watch = (path: string) => ({
      changed: () => {},
      started: (outage: object) => this.told.push({ path, started: outage }),
      ended: (outage: object) => this.told.push({ path, ended: outage }),
    })
    this.site = new Site({
      captchaAppId,
      clock: this.clock,
      settings: this.settings({ degradation, store: shared !== undefined, maxInFlight }),
      isOnTrial: () => this.isOnTrial,
      runCanary: (_timeoutMs, done) => this.#soon(() => done(this.canary)),
      runProbe: (done) => this.#soon(() => done(this.script)),
      listener: {
        api: watch('api'),
        clientPath: watch('client'),
        override: ({ mode, by }, why) => this.told.push({ override: mode, by, why }),
        storeDown: (why) => this.told.push({ storeDown: why }),
        storeUp: () => this.told.push('store up'),
        storeCorrupted: (key) => this.told.push({ corrupted: key }),
        circuitChanged: () => {
          this.circuitChanges++
        },
      },
    })
    this.purses = this.site.ledger.openPurses(parse(degradation))
  }

  /** Settings of the site, with `degradation` as the options of its guards. */
  settings({ degradation = {}, store = false, maxInFlight = 2048, probe = true } = {} as SettingsSetup): SiteSettings {
    const { circuit, expectedPerMinute } = parse(degradation)
    return {
      config: circuit,
      suspicionMs: 500,
      canaryTimeoutMs: 2000,
      expectedPerMinute,
      maxInFlight,
      probe,
      store: store ? this.#store : undefined,
    }
  }

  /** Calls to Tencent that end like this. */
  async calls(report: CallReport, times = 1): Promise<void> {
    const { circuit } = this.site
    for (let time = 0; time < times; time++) {
      const permit = circuit.admit(bid)
      if (permit !== undefined) circuit.settle(permit, report)
    }
    await settlePromises()
  }

  /** Tencent is gone: calls fail, and the canary with them. */
  async fail(): Promise<void> {
    this.canary = 'failed'
    await this.calls('failure', 5)
  }

  /** Tencent is back; the canary finds out. */
  async recover(): Promise<void> {
    this.canary = 'healthy'
    await this.clock.advance(8000)
  }

  /** The vendor's script is gone after it was there. */
  async loseScript(): Promise<void> {
    for (const script of ['reachable', 'unreachable'] as const) {
      this.script = script
      await this.clock.advance(10_000)
      this.site.clientPath.noteTraffic(true)
      await settlePromises()
    }
  }

  /** One client's verified pass, with a ticket of its own. */
  verify(clientKey: string): boolean | Promise<boolean> {
    return this.site.recordVerified(`verified ${this.#verified++}`, clientKey)
  }

  /** Whole minutes with this many clients verified in each; something may happen in the middle of each. */
  async minutes(count: number, clients: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      const endMs = (Math.floor(this.clock.nowMs() / minuteMs) + 1) * minuteMs
      for (let client = 0; client < clients; client++) await this.verify(`client ${client}`)
      await meanwhile()
      this.site.refresh()
      await this.clock.advance(endMs - this.clock.nowMs())
      this.site.refresh()
    }
  }

  get evidence(): Record<'ordinary' | 'fallback' | 'missing', string> {
    return {
      ordinary: this.site.evidenceFor('ordinary').evidence,
      fallback: this.site.evidenceFor('fallback').evidence,
      missing: this.site.evidenceFor('missing').evidence,
    }
  }

  /** What the purses refill with a minute: in an outage, in doubt. */
  get totals(): readonly [number, number] {
    const { outage, doubt } = this.site.ledger.snapshot(this.purses)
    return [outage.perMinute, doubt.perMinute]
  }

  #connect(context: StoreContext): StoreDouble {
    this.connections++
    this.connected = context
    return this.store
  }

  /** The answer comes without time passing, but never before the call has returned. */
  #soon(answer: () => void): () => void {
    let isGivenUp = false
    queueMicrotask(() => {
      if (!isGivenUp) answer()
    })
    return () => {
      isGivenUp = true
    }
  }

  override(mode: OverrideState['mode'], { forMs = Number.POSITIVE_INFINITY, by = '' } = {}): void {
    this.site.setOverride({ mode, by, leftMs: forMs })
  }

  async heartbeat(): Promise<void> {
    await this.clock.advance(1000)
  }

  get overridesShared(): readonly StoreOverride[] {
    return this.store.calls
      .filter(({ name }) => name === 'setOverride')
      .map(({ argument }) => argument as StoreOverride)
  }
}

describe('evidence', () => {
  const none = { ordinary: 'none', fallback: 'none', missing: 'none' }
  const ofOutage = { ordinary: 'outage', fallback: 'outage', missing: 'outage' }

  test('is none at first', () => {
    expect(new SiteUnderTest().evidence).toEqual(none)
  })

  test('against the API counts for every kind of ticket, and ends when Tencent is back', async () => {
    const site = new SiteUnderTest()
    await site.fail()
    expect(site.site.circuit.state).toBe('open')
    expect(site.evidence).toEqual(ofOutage)
    await site.recover()
    expect(site.evidence).toEqual(none)
  })

  test('of a brown-out counts before the circuit opens', async () => {
    const site = new SiteUnderTest()
    site.canary = 'failed'
    await site.calls('failure')
    await site.clock.advance(3000)
    expect(site.site.circuit.state).toBe('suspect')
    expect(site.evidence).toEqual(ofOutage)
  })

  test('does not follow from calls that fail while the canary is healthy', async () => {
    const site = new SiteUnderTest()
    await site.calls('failure', 100)
    expect(site.evidence).toEqual(none)
  })

  test('against the client path counts only for fallback tickets', async () => {
    const site = new SiteUnderTest()
    await site.loseScript()
    expect(site.evidence).toEqual({ ...none, fallback: 'outage' })
  })

  test('follows from an endpoint on trial for every kind of ticket: it may refuse all of them', () => {
    const site = new SiteUnderTest()
    site.isOnTrial = true
    expect(site.evidence).toEqual(ofOutage)
    const evidenceWhy = 'the endpoint in use has verified no ticket yet'
    expect(site.site.evidenceFor('ordinary')).toEqual({ evidence: 'outage', evidenceWhy })
  })

  test('does not follow from any number of fallback tickets', async () => {
    const site = new SiteUnderTest()
    for (let ticket = 0; ticket < 10_000; ticket++) {
      site.site.clientPath.noteTraffic(true)
      site.site.noteVerdict(degradedPass('client_fallback'))
      site.site.refresh()
    }
    await site.clock.advance(minuteMs)
    expect(site.evidence).toEqual(none)
  })
})

describe('the totals', () => {
  test('start at 600 a minute in an outage and 10 in doubt', () => {
    expect(new SiteUnderTest().totals).toEqual([600, 10])
  })

  test.each([
    [10, [120, 10]],
    [300, [900, 15]],
  ])(
    'follow the operator’s estimate of %d before a baseline exists, and never fall below the floor',
    (estimate, totals) => {
      expect(new SiteUnderTest({ degradation: { expectedPerMinute: estimate } }).totals).toEqual(totals)
    },
  )

  test('follow the baseline once it exists, not the estimate any more', async () => {
    const site = new SiteUnderTest({ degradation: { expectedPerMinute: 300 } })
    await site.minutes(5, 60)
    expect(site.totals).toEqual([900, 15])
    expect(site.site.baselinePerMinute).toBeUndefined()
    await site.minutes(1, 60)
    expect(site.site.baselinePerMinute).toBe(60)
    expect(site.site.expectedPerMinute()).toBe(60)
    expect(site.totals).toEqual([180, 10])
  })

  test('fill with the baseline at once, not from the first degraded pass on', async () => {
    const site = new SiteUnderTest()
    await site.minutes(7, 400)
    await site.minutes(1, 1)
    const { outage } = site.site.ledger.snapshot(site.purses)
    expect(outage).toMatchObject({ perMinute: 1200, capacity: 200, remaining: 200 })
  })

  test('are divided by the live processes as far as nothing was learned here', async () => {
    const alone = new SiteUnderTest({ shared: { processes: 1 } })
    const one = new SiteUnderTest({ shared: { processes: 4 } })
    await settlePromises()
    expect(alone.totals).toEqual([600, 10])
    expect(one.totals).toEqual([150, 2.5])
  })

  test.each([
    [40, [30, 2.5]],
    [800, [600, 10]],
  ])('divide the estimate of %d for the whole site, and the floors, by four processes', async (estimate, totals) => {
    const site = new SiteUnderTest({ degradation: { expectedPerMinute: estimate }, shared: { processes: 4 } })
    await settlePromises()
    expect(site.totals).toEqual(totals)
  })

  test('divide floors and not what was learned here', async () => {
    const site = new SiteUnderTest({ shared: { processes: 4 } })
    await site.minutes(6, 60)
    expect(site.totals).toEqual([180, 3])
    const quiet = new SiteUnderTest({ shared: { processes: 4 } })
    await quiet.minutes(6, 2)
    expect(quiet.totals).toEqual([30, 2.5])
  })

  test('follow the processes that come and go', async () => {
    const site = new SiteUnderTest({ shared: { processes: 4 } })
    await settlePromises()
    site.store.state = { ...site.store.state, processes: 2 }
    await site.heartbeat()
    expect(site.totals).toEqual([300, 5])
    expect(site.site.storeState).toEqual({ kind: 'double', state: 'up', processes: 2 })
  })

  test('follow what another run of the site has learned, until this one has', async () => {
    const site = new SiteUnderTest({ shared: { processes: 2, baselinePerMinute: 800 } })
    await settlePromises()
    expect(site.site.baselinePerMinute).toBe(400)
    expect(site.totals).toEqual([1200, 20])
    await site.minutes(6, 100)
    expect(site.site.baselinePerMinute).toBe(100)
    expect(site.totals).toEqual([300, 5])
  })

  test('follow it up to four times the reference that another run has learned', async () => {
    const site = new SiteUnderTest({ shared: { processes: 2, baselinePerMinute: 8000, referencePerMinute: 800 } })
    await settlePromises()
    expect(site.site.referencePerMinute).toBe(400)
    expect(site.totals).toEqual([4800, 80])
  })

  test('keep to the last known processes while the store is away', async () => {
    const site = new SiteUnderTest({ shared: { processes: 4 } })
    await settlePromises()
    site.store.set('rejects')
    await site.heartbeat()
    expect(site.told).toEqual([{ storeDown: 'READONLY' }])
    expect(site.site.storeState).toEqual({ kind: 'double', state: 'down', processes: 4 })
    expect(site.totals).toEqual([150, 2.5])
  })
})

describe('the basis of a total', () => {
  const bases = (site: SiteUnderTest) => [outage, doubt].map(({ total }) => site.site.purseBasis(total))
  const { outage, doubt } = parse({})

  test('is the start value while nothing is known', () => {
    expect(bases(new SiteUnderTest())).toEqual(['start', 'start'])
  })

  test.each([
    [40, ['floor', 'floor']],
    [41, ['estimate', 'floor']],
    [201, ['estimate', 'estimate']],
  ])('is the operator’s estimate of %d where it gives more than the floor', (expectedPerMinute, expected) => {
    expect(bases(new SiteUnderTest({ degradation: { expectedPerMinute } }))).toEqual(expected)
  })

  test('is the baseline once it exists and gives more than the floor', async () => {
    const site = new SiteUnderTest({ degradation: { expectedPerMinute: 300 } })
    await site.minutes(6, 60)
    expect(bases(site)).toEqual(['baseline', 'floor'])
  })

  test('compares the baseline of this process with its share of the floor', async () => {
    const site = new SiteUnderTest({ shared: { processes: 4 } })
    await site.minutes(6, 11)
    expect(bases(site)).toEqual(['baseline', 'floor'])
  })
})

describe('while Tencent throttles', () => {
  function throttle({ site }: SiteUnderTest): void {
    for (let call = 0; call < 10; call++) {
      site.callAllowance.settle(site.callAllowance.uncounted('stranger', false), degraded('throttled'))
    }
  }
  const taken = ({ site }: SiteUnderTest, clientKey: string, isKnown: boolean) =>
    Array.from({ length: 100 }, () => site.callAllowance.take(clientKey, isKnown)).filter(
      (call) => call !== undefined && call.isFirst === isKnown,
    ).length

  test('strangers keep a share of the passes that are expected', async () => {
    const site = new SiteUnderTest({ degradation: { expectedPerMinute: 6000 } })
    throttle(site)
    taken(site, 'stranger', false)
    await site.clock.advance(1000)
    expect(taken(site, 'stranger', false)).toBe(4)
  })

  test('a client has three times its own verified rate', async () => {
    const site = new SiteUnderTest()
    for (let pass = 0; pass < 100; pass++) site.verify('carrier')
    throttle(site)
    expect(taken(site, 'carrier', true)).toBe(30)
  })
})

describe('a client whose calls Tencent refuses', () => {
  const charge = ({ site }: SiteUnderTest, times: number) => {
    for (let time = 0; time < times; time++) site.charges.charge('client')
    return site.charges.isLimited('client')
  }

  test('is limited at the tenth one where it has no history, and the store is asked whether it has', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await settlePromises()
    expect(charge(site, 9)).toBe(false)
    expect(site.store.count('readHistory')).toBe(0)
    expect(charge(site, 1)).toBe(true)
    await settlePromises()
    expect(site.store.calls).toContainEqual({ name: 'readHistory', argument: 'client' })
  })

  test('is limited at the sixtieth one where it has history and room at Tencent is scarce', () => {
    const site = new SiteUnderTest()
    site.verify('client')
    const { callAllowance } = site.site
    callAllowance.settle(callAllowance.uncounted('stranger', false), degraded('throttled'))
    expect(charge(site, 50)).toBe(false)
    expect(charge(site, 10)).toBe(true)
  })

  test('is limited by its own verified rate where that is higher', async () => {
    const site = new SiteUnderTest({ maxInFlight: 2 })
    for (let pass = 0; pass < 300; pass++) site.verify('client')
    site.site.inFlight.enter('another', true)
    expect(charge(site, 50)).toBe(false)
    await site.clock.advance(1000)
    expect(charge(site, 39)).toBe(false)
    expect(charge(site, 1)).toBe(true)
  })

  test('is not limited where it has history and there is room', async () => {
    const site = new SiteUnderTest()
    site.verify('client')
    for (let second = 0; second < 2; second++) {
      expect(charge(site, 50)).toBe(false)
      await site.clock.advance(1000)
    }
  })
})

describe('a verified pass', () => {
  test('is the first of its ticket, and a second one is not', () => {
    const site = new SiteUnderTest()
    expect(site.site.recordVerified('ticket', 'client')).toBe(true)
    expect(site.site.recordVerified('ticket', 'client')).toBe(false)
    expect(site.site.recordVerified('ticket', 'another')).toBe(false)
  })

  test('waits for the store, where the ticket may have passed at another process', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await settlePromises()
    expect(await site.site.recordVerified('ticket', 'client')).toBe(true)
    site.store.recordVerified = async () => ({ isFirst: false })
    expect(await site.site.recordVerified('passed elsewhere', 'client')).toBe(false)
  })

  test('counts each client once a minute: one client cannot train the baseline', async () => {
    const site = new SiteUnderTest()
    await site.minutes(6, 10, async () => {
      for (let pass = 0; pass < 1000; pass++) await site.verify('buyer of solves')
    })
    expect(site.site.baselinePerMinute).toBe(11)
  })

  test('counts nothing where the ticket had passed', async () => {
    const site = new SiteUnderTest()
    await site.minutes(6, 10, async () => {
      for (let client = 0; client < 100; client++) site.site.recordVerified('verified 0', `replayer ${client}`)
    })
    expect(site.site.baselinePerMinute).toBe(10)
  })

  test('is evidence for a working client path, each client once a minute', async () => {
    const site = new SiteUnderTest()
    await site.minutes(6 * 60 + 2, 60)
    await site.clock.advance(5 * minuteMs)
    expect(site.site.evidenceFor('fallback').evidence).toBe('outage')
    for (let pass = 0; pass < 1000; pass++) await site.verify('one client')
    expect(site.site.evidenceFor('fallback').evidence).toBe('outage')
    for (let client = 0; client < 15; client++) await site.verify(`client ${client}`)
    expect(site.site.evidenceFor('fallback').evidence).toBe('none')
  })
})

describe('the baseline', () => {
  test('learns from minutes in which the API was suspect: with a ticket that Tencent fails on, a caller could spoil quiet minutes', async () => {
    const site = new SiteUnderTest()
    await site.minutes(6, 10, async () => {
      await site.calls('failure')
    })
    expect(site.site.baselinePerMinute).toBe(10)
  })

  test('learns from minutes in which the API stayed suspect', async () => {
    const site = new SiteUnderTest()
    site.canary = 'unknown'
    await site.calls('failure')
    await site.minutes(6, 10)
    expect(site.site.apiWatch.state).toBe('suspect')
    expect(site.site.baselinePerMinute).toBe(10)
  })

  test('learns nothing from minutes with an outage of the API in them', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 10, async () => {
      await site.fail()
      site.site.refresh()
      await site.recover()
    })
    expect(site.site.apiWatch.state).toBe('healthy')
    expect(site.site.baselinePerMinute).toBeUndefined()
    await site.minutes(6, 10)
    expect(site.site.baselinePerMinute).toBe(10)
  })

  test('learns nothing while the endpoint in use is on trial: it may refuse every ticket', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 10)
    site.isOnTrial = true
    await site.minutes(20, 1)
    expect(site.site.baselinePerMinute).toBe(10)
    site.isOnTrial = false
    await site.minutes(20, 1)
    expect(site.site.baselinePerMinute).toBe(1)
  })

  test('learns nothing from an outage that began and ended between two requests', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 10, async () => {
      await site.fail()
      await site.recover()
    })
    expect(site.site.baselinePerMinute).toBeUndefined()
  })

  test('does not count the silence of an outage, on either path', async () => {
    for (const fail of ['API', 'script']) {
      const site = new SiteUnderTest()
      await site.minutes(6, 5)
      if (fail === 'API') await site.fail()
      else await site.loseScript()
      await site.clock.advance(30 * minuteMs)
      if (fail === 'API') await site.recover()
      site.script = 'reachable'
      site.site.clientPath.noteTraffic(true)
      await settlePromises()
      site.site.refresh()
      expect(site.site.clientPathWatch.state).toBe('healthy')
      expect(site.site.baselinePerMinute).toBe(5)
    }
  })

  test('learns nothing while the client path is out', async () => {
    const site = new SiteUnderTest()
    await site.loseScript()
    await site.minutes(14, 2)
    expect(site.site.clientPathWatch.state).toBe('outage')
    expect(site.site.baselinePerMinute).toBeUndefined()
  })

  test('learns while the vendor script cannot be fetched and users are verified as usual', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 7)
    await site.loseScript()
    await site.minutes(14, 8)
    expect(site.site.clientPathWatch.state).toBe('suspect')
    expect(site.site.baselinePerMinute).toBe(8)
  })

  test('is sent to the store', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await site.minutes(6, 10)
    await site.heartbeat()
    expect(site.store.calls.findLast(({ name }) => name === 'heartbeat')?.argument).toEqual({
      baselinePerMinute: 10,
      referencePerMinute: undefined,
    })
  })
})

describe('the watch of the API', () => {
  test('reports an outage once, and at its end its length and the decisions by cause', async () => {
    const site = new SiteUnderTest()
    site.site.noteVerdict(degradedPass('timeout'))
    await site.fail()
    expect(site.told).toEqual([{ path: 'api', started: { why: expect.stringContaining('canary') } }])
    for (const cause of ['timeout', 'circuit_open', 'circuit_open', 'client_fallback'] as const) {
      site.site.noteVerdict(degradedPass(cause))
    }
    site.site.noteVerdict(makeVerdict({ kind: 'verified' }, {}, 0))
    await site.clock.advance(100_000)
    await site.recover()
    const ended = {
      why: expect.any(String),
      durationMs: expect.any(Number),
      decisions: { timeout: 1, circuit_open: 2 },
    }
    expect(site.told.slice(1)).toEqual([{ path: 'api', ended }])
    expect(site.told[1]).toMatchObject({ ended: { why: 'circuit open: canary_failed' } })
    const { durationMs } = (site.told[1] as { ended: { durationMs: number } }).ended
    expect(durationMs).toBeGreaterThanOrEqual(100_000)
    expect(durationMs).toBeLessThanOrEqual(108_000)
  })

  test('does not report a suspicion', async () => {
    const site = new SiteUnderTest()
    await site.calls('failure')
    expect(site.told).toEqual([])
    expect(site.circuitChanges).toBeGreaterThan(0)
  })

  test('shows a suspicion while it lasts', async () => {
    const site = new SiteUnderTest()
    site.canary = 'unknown'
    await site.calls('failure')
    expect(site.site.apiWatch.snapshot()).toMatchObject({ state: 'suspect', why: 'call_failed' })
    await site.recover()
    expect(site.site.apiWatch.snapshot()).toMatchObject({ state: 'healthy', why: 'the API answers' })
  })

  test('takes a brown-out for an outage, and sees its end without an event', async () => {
    const site = new SiteUnderTest()
    site.canary = 'failed'
    await site.calls('failure')
    await site.clock.advance(3000)
    expect(site.site.apiWatch.snapshot()).toMatchObject({ state: 'outage', why: 'brown-out: canaries fail' })
    site.canary = 'unknown'
    await site.clock.advance(30_001)
    site.site.refresh()
    expect(site.site.apiWatch.state).toBe('suspect')
    expect(site.told).toHaveLength(2)
  })

  test('lets waiting work go on with every change of the circuit', async () => {
    const site = new SiteUnderTest()
    await site.fail()
    const before = site.circuitChanges
    await site.recover()
    expect(site.circuitChanges).toBeGreaterThan(before)
  })
})

describe('the watch of the client path', () => {
  test('moves with the probe and counts only fallback tickets', async () => {
    const site = new SiteUnderTest()
    await site.loseScript()
    expect(site.site.clientPathWatch.state).toBe('outage')
    for (const cause of ['client_fallback', 'timeout', 'client_fallback'] as const)
      site.site.noteVerdict(degradedPass(cause))
    await site.clock.advance(50_000)
    site.script = 'reachable'
    site.site.clientPath.noteTraffic(true)
    await settlePromises()
    const why = 'the vendor script cannot be fetched'
    expect(site.told).toEqual([
      { path: 'client', started: { why } },
      { path: 'client', ended: { why, durationMs: 50_000, decisions: { client_fallback: 2 } } },
    ])
  })

  test('sees a collapse begin and end without an event', async () => {
    const site = new SiteUnderTest()
    await site.minutes(6 * 60 + 2, 60)
    await site.clock.advance(5 * minuteMs)
    site.site.refresh()
    expect(site.site.clientPathWatch.snapshot()).toMatchObject({
      state: 'outage',
      why: 'verified passes collapsed',
    })
    await site.clock.advance(15 * minuteMs)
    site.site.refresh()
    expect(site.site.clientPathWatch.state).toBe('healthy')
  })

  test('does not move the watch of the API', async () => {
    const site = new SiteUnderTest()
    await site.loseScript()
    expect(site.site.apiWatch.state).toBe('healthy')
  })
})

describe('the store', () => {
  test('is told the app id, how long to keep things, and a name of this process alone', async () => {
    const connected = [new SiteUnderTest({ shared: {} }), new SiteUnderTest({ shared: {} })].map(
      (site) => site.connected,
    )
    expect(connected).toMatchObject([{ captchaAppId, lifetimes: storeLifetimes }, { captchaAppId }])
    expect(connected[0]?.processId).toMatch(/^[0-9a-f-]{36}$/)
    expect(connected[0]?.processId).not.toBe(connected[1]?.processId)
  })

  test('that finds a corrupted key, goes away and comes back is reported', async () => {
    const site = new SiteUnderTest({ shared: {} })
    site.connected?.onCorruption?.('history')
    await settlePromises()
    site.store.set('rejects')
    await site.heartbeat()
    site.store.set('answers')
    await site.clock.advance(2000)
    expect(site.told).toEqual([{ corrupted: 'history' }, { storeDown: 'READONLY' }, 'store up'])
  })

  test('gives what the other processes have published', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await settlePromises()
    site.store.statuses = ['theirs']
    expect(await site.site.fleet.read()).toEqual(['theirs'])
  })
})

describe('an override', () => {
  test('without a store is this process’s own', async () => {
    const site = new SiteUnderTest()
    site.override('verify_only', { by: 'li.na' })
    expect(site.site.override.mode).toBe('verify_only')
    expect(site.told).toEqual([{ override: 'verify_only', by: 'li.na', why: 'set' }])
    expect(site.site.storeState).toEqual({ kind: 'memory', state: 'up', processes: 1 })
  })

  test('of another process is taken over, once', async () => {
    const site = new SiteUnderTest({
      shared: { override: { id: 'theirs', mode: 'verify_only', by: 'wang.wei', forMs: null, setMs: storeAheadMs } },
    })
    await site.heartbeat()
    await site.heartbeat()
    expect(site.site.override.mode).toBe('verify_only')
    expect(site.told).toEqual([{ override: 'verify_only', by: 'wang.wei', why: 'shared' }])
    expect(site.overridesShared).toEqual([])
  })

  test('of verify_only lets its minutes teach the baseline', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 100)
    site.override('verify_only')
    await site.minutes(20, 40)
    expect(site.site.baselinePerMinute).toBe(40)
  })
})

describe('an override that lets all pass', () => {
  test('freezes the baseline, however long it lasts: no pass is verified under it', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 100)
    site.override('pass', { forMs: 60 * minuteMs })
    await site.minutes(60, 0)
    expect([site.site.baselinePerMinute, site.totals]).toEqual([100, [300, 10]])
    await site.minutes(1, 0)
    expect([site.site.override.mode, site.site.baselinePerMinute]).toEqual(['none', 100])
  })

  test('freezes it where no request arrives in it, too', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 100)
    site.override('pass', { forMs: 60 * minuteMs })
    await site.clock.advance(60 * minuteMs)
    site.site.refresh()
    expect(site.site.baselinePerMinute).toBe(100)
  })

  test('lets the minutes after it teach the baseline again', async () => {
    const site = new SiteUnderTest()
    await site.minutes(20, 100)
    site.override('pass', { forMs: 3 * minuteMs })
    await site.minutes(3, 0)
    await site.minutes(20, 40)
    expect(site.site.baselinePerMinute).toBe(40)
  })

  test('is no collapse of verified passes, and nor are the first five minutes after it', async () => {
    const site = new SiteUnderTest()
    await site.minutes(7 * 60, 100)
    site.override('pass', { forMs: 60 * minuteMs })
    await site.minutes(60, 0)
    expect(site.evidence.fallback).toBe('none')
    site.override('none')
    await site.minutes(4, 0)
    expect(site.evidence.fallback).toBe('none')
    await site.minutes(1, 0)
    expect(site.evidence.fallback).toBe('outage')
  })
})

describe('settings that change', () => {
  test('connect once to a store that is given later', async () => {
    const site = new SiteUnderTest()
    expect(site.site.storeState).toEqual({ kind: 'memory', state: 'up', processes: 1 })
    site.store.state = { ...site.store.state, processes: 4 }
    site.site.configure(site.settings({ store: true }))
    site.site.configure(site.settings({ store: true }))
    await settlePromises()
    expect(site.connections).toBe(1)
    expect(site.site.storeState).toEqual({ kind: 'double', state: 'up', processes: 4 })
    expect(site.totals).toEqual([150, 2.5])
    site.site.configure(site.settings())
    site.site.configure(site.settings({ store: true }))
    expect(site.connections).toBe(1)
  })

  test('share the override that was set before the store was there', async () => {
    const site = new SiteUnderTest()
    site.override('verify_only', { by: 'li.na' })
    site.site.configure(site.settings({ store: true }))
    await settlePromises()
    expect(site.overridesShared).toMatchObject([{ mode: 'verify_only', by: 'li.na' }])
  })

  test('send claims and verified tickets to the store from then on', async () => {
    const site = new SiteUnderTest()
    expect(site.site.recordVerified('a', 'client')).toBe(true)
    site.site.configure(site.settings({ store: true }))
    await settlePromises()
    expect(await site.site.recordVerified('b', 'client')).toBe(true)
    const recorded = site.store.calls.filter(({ name }) => name === 'recordVerified')
    expect(recorded).toMatchObject([{ argument: { ticketKey: 'b' } }])
  })

  test('open the circuit by the new thresholds', async () => {
    const site = new SiteUnderTest()
    site.site.configure(site.settings({ degradation: { circuit: { consecutiveFailures: 2 } } }))
    site.canary = 'failed'
    await site.calls('failure')
    expect(site.site.circuit.state).toBe('suspect')
    await site.calls('failure')
    expect(site.site.circuit.state).toBe('open')
  })

  test('raise suspicion by the new delay', async () => {
    const site = new SiteUnderTest()
    site.canary = 'unknown'
    site.site.configure({ ...site.settings(), suspicionMs: 100 })
    site.site.circuit.admit(bid)
    await site.clock.advance(99)
    expect(site.site.circuit.state).toBe('closed')
    await site.clock.advance(1)
    expect(site.site.circuit.state).toBe('suspect')
  })

  test('change how many verifications may be under way, over all and of one client', () => {
    const site = new SiteUnderTest()
    site.site.configure(site.settings({ maxInFlight: 32 }))
    const entered = () =>
      Array.from({ length: 10 }, () => site.site.inFlight.enter('client', true)).filter(Boolean).length
    expect(entered()).toBe(2)
    site.site.configure(site.settings({ maxInFlight: 64 }))
    expect(entered()).toBe(2)
    site.site.configure(site.settings({ maxInFlight: 4 }))
    expect(site.site.inFlight.enter('another', true)).toBeUndefined()
  })

  test('set the totals by an `expectedPerMinute` that is given later', () => {
    const site = new SiteUnderTest()
    expect(site.totals).toEqual([600, 10])
    site.site.configure(site.settings({ degradation: { expectedPerMinute: 300 } }))
    expect(site.site.expectedPerMinute()).toBe(300)
    expect(site.totals).toEqual([900, 15])
  })

  test('let an `expectedPerMinute` that is given later say how long a silence of verified passes has to be', async () => {
    const failFor = async (site: SiteUnderTest, seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        await site.calls('failure', 5)
        await site.clock.advance(1000)
      }
      await site.calls('failure', 5)
    }
    const unknown = new SiteUnderTest()
    await failFor(unknown, 60)
    expect(unknown.site.circuit.state).not.toBe('open')
    const expecting = new SiteUnderTest()
    expecting.site.configure(expecting.settings({ degradation: { expectedPerMinute: 60 } }))
    await failFor(expecting, 19)
    expect(expecting.site.circuit.state).not.toBe('open')
    await failFor(expecting, 1)
    expect(expecting.site.circuit.why).toBe('canary_disagrees')
  })

  test('switch the probe of the script on and off', async () => {
    const site = new SiteUnderTest()
    site.site.configure(site.settings({ probe: false }))
    await site.loseScript()
    expect(site.evidence.fallback).toBe('none')
    site.site.configure(site.settings({ probe: true }))
    await site.loseScript()
    expect(site.evidence.fallback).toBe('outage')
  })
})

describe('closing', () => {
  test('leaves no timers, whatever is under way', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await settlePromises()
    site.override('pass', { forMs: 3_600_000 })
    site.canary = 'failed'
    await site.calls('failure')
    site.site.circuit.admit(bid)
    site.store.set('hangs')
    void site.site.recordVerified('ticket', 'client')
    await settlePromises()
    expect(site.clock.pendingTimers).toBeGreaterThanOrEqual(4)
    site.site.close()
    await settlePromises()
    expect(site.clock.pendingTimers).toBe(0)
  })

  test('leaves none where there is no store', async () => {
    const site = new SiteUnderTest()
    site.override('pass', { forMs: 3_600_000 })
    site.site.close()
    expect(site.clock.pendingTimers).toBe(0)
  })

  test('leaves no timers that start later, and no request that waits for the store', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await settlePromises()
    site.store.set('hangs')
    const recorded = site.site.recordVerified('ticket', 'client')
    site.site.close()
    expect(await recorded).toBe(true)
    site.store.answerHanging()
    await site.clock.advance(minuteMs)
    expect(site.clock.pendingTimers).toBe(0)
  })

  test('before the store ever answered leaves none either', async () => {
    const site = new SiteUnderTest({ shared: {} })
    site.site.close()
    await site.clock.advance(minuteMs)
    expect(site.clock.pendingTimers).toBe(0)
    expect(site.store.calls).toEqual([])
  })

  test('does not report the store as down', async () => {
    const site = new SiteUnderTest({ shared: {} })
    await settlePromises()
    site.site.close()
    await site.clock.advance(minuteMs)
    expect(site.told).toEqual([])
  })
})

test('a healthy site runs no timer', async () => {
  const site = new SiteUnderTest()
  site.site.clientPath.noteTraffic(false)
  await site.calls('success')
  await site.verify('client')
  site.site.refresh()
  await settlePromises()
  expect(site.clock.pendingTimers).toBe(0)
})
