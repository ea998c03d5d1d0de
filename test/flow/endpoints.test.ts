import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createGuard } from '../../lib/captcha-guard.js'
import type { CaptchaGuard, CaptchaGuardOptions, CaptchaVerdict } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { ManualClock } from '../support/manual-clock.js'
import { type ApiHost, apiHost, blackHole, lookUpLocalhostOnly, trustTestCertificate } from './api-hosts.js'
import { guardOptions, type LogLine, logBook, turnUntil } from './support.js'

/** Long enough for the canary, its siblings and the first calls there. */
const slowestMs = 5000
const visitEveryMs = 25

let simulator: Simulator
let guard: CaptchaGuard | undefined
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock(Date.now())
  simulator = await startSimulator({ now: () => clock.epochMs() })
  trustTestCertificate()
  lookUpLocalhostOnly()
})

afterEach(async () => {
  await guard?.close()
  guard = undefined
  await simulator.close()
})

interface Visitor {
  readonly verdict: CaptchaVerdict
  readonly ticket: string
}

/** A site whose honest visitors come one after another, each with a good ticket. Sockets are real, time is turned. */
class HonestSite {
  readonly lines: LogLine[]
  readonly visitors: Visitor[] = []
  readonly guard: CaptchaGuard
  readonly #underWay = new Set<Promise<unknown>>()
  #count = 0

  constructor(endpoint: readonly string[], options: Partial<CaptchaGuardOptions> = {}) {
    const { logger, lines } = logBook()
    this.lines = lines
    const degradation = {
      lateVerification: false,
      expectedPerMinute: 3000,
      fallback: { probe: false },
      ...options.degradation,
    }
    guard = createGuard(parseOptions(guardOptions(simulator, { ...options, endpoint, logger, degradation })), clock)
    this.guard = guard
  }

  visit({ ticket, randstr } = simulator.mintTicket()): Promise<CaptchaVerdict> {
    const number = this.#count++
    const result = this.guard.check({ ticket, randstr, userIp: `198.51.${number >> 8}.${number & 255}` })
    const told = result.then((verdict) => this.visitors.push({ verdict, ticket }))
    this.#underWay.add(told)
    void told.finally(() => this.#underWay.delete(told))
    return result
  }

  /** Lets visitors come until the condition holds, and waits for their verdicts. */
  async visitUntil(isOver: () => boolean, withinMs: number): Promise<void> {
    let isOpen = true
    const visitAndAgain = () => {
      if (!isOpen) return
      void this.visit()
      clock.after(visitEveryMs, visitAndAgain)
    }
    visitAndAgain()
    await turnUntil(clock, isOver, withinMs)
    isOpen = false
    await turnUntil(clock, () => this.#underWay.size === 0, withinMs)
  }

  /** Turns the clock until a visit's verdict is there. */
  async verdictOf(visit: Promise<CaptchaVerdict>): Promise<CaptchaVerdict> {
    let verdict: CaptchaVerdict | undefined
    void visit.then((given) => {
      verdict = given
    })
    await turnUntil(clock, () => verdict !== undefined, slowestMs)
    return visit
  }

  get inUse(): string | undefined {
    return this.guard.snapshot().endpoints.find(({ inUse }) => inUse)?.url
  }

  get moves(): readonly LogLine[] {
    return this.lines.filter(({ event }) => event === 'captcha_endpoint_moved')
  }
}

const secretsOf = ({ asked }: ApiHost) => asked.map(({ AppSecretKey }) => AppSecretKey)
const userTickets = (hosts: readonly ApiHost[]) =>
  hosts.flatMap(({ asked }) => asked.map(({ Ticket }) => Ticket)).filter((ticket) => !ticket.startsWith('trerror'))

type Faulty = { readonly url: string; readonly host?: ApiHost }

async function faultyHost(fault: ApiHost['fault'], name?: string): Promise<Faulty> {
  const host = await apiHost(simulator, name)
  host.fault = fault
  return { url: host.url, host }
}

const faults: readonly [string, () => Promise<Faulty>][] = [
  ['has no address', async () => ({ url: 'https://captcha.invalid/' })],
  ['is a black hole', async () => ({ url: await blackHole() })],
  ['shows a certificate for another name', () => faultyHost(undefined, '127.0.0.1')],
  ['answers 503', () => faultyHost('503')],
  ['answers without a CaptchaCode', () => faultyHost('no_captcha_code')],
]

describe('a preferred host alone', () => {
  test.each(faults)(
    'that %s: calls move to the first sibling that serves the API, and honest users are verified',
    async (_, make) => {
      const preferred = await make()
      const [unfit, fit] = [await apiHost(simulator), await apiHost(simulator)]
      unfit.fault = 'invalid_action'
      const site = new HonestSite([preferred.url, unfit.url, fit.url])
      let heardBefore: ReturnType<typeof secretsOf> = []
      await site.visitUntil(() => {
        const hasMoved = site.inUse === fit.url
        if (!hasMoved) heardBefore = [...secretsOf(unfit), ...secretsOf(fit)]
        return hasMoved
      }, slowestMs)
      const before = site.visitors.length
      await site.visitUntil(() => site.visitors.length >= before + 40, slowestMs)
      const after = site.visitors.slice(before).map(({ verdict }) => verdict.reason)
      expect(new Set(after)).toEqual(new Set(['verified']))
      // Those who waited when calls moved have the move's own evidence, and the purse that goes with it.
      const released = site.lines.filter(({ event, cause }) => event === 'captcha_degraded' && cause === 'circuit_open')
      for (const line of released) expect(line).toMatchObject({ evidence: 'outage', passed: true })

      expect(heardBefore).not.toContain(simulator.appSecretKey)
      expect(secretsOf(unfit)).not.toContain(simulator.appSecretKey)
      const asked = userTickets([unfit, fit, ...(preferred.host ? [preferred.host] : [])])
      expect(new Set(asked).size).toBe(asked.length)
      expect(userTickets([unfit])).toEqual([])

      expect(site.moves).toEqual([
        expect.objectContaining({ level: 40, from: preferred.url, to: fit.url, why: 'canary_failed', onTrial: true }),
      ])
      const { endpoints, circuit } = site.guard.snapshot()
      expect(circuit.state).toBe('closed')
      expect(endpoints).toMatchObject([
        { url: preferred.url, inUse: false, preferred: true, state: 'failed' },
        { url: unfit.url, inUse: false, preferred: false, state: 'failed', onTrial: true },
        { url: fit.url, inUse: true, preferred: false, state: 'healthy', onTrial: false },
      ])
      // The health check asks the endpoint in use, with the real key.
      expect(await site.guard.checkHealth()).toMatchObject({ status: 'reachable', captchaCode: 21 })
      expect(fit.asked.at(-1)).toMatchObject({ AppSecretKey: simulator.appSecretKey })
    },
  )

  test('that is a black hole, alone in the list, degrades as ever: without a sibling there is nowhere to go', async () => {
    const site = new HonestSite([await blackHole()])
    await site.visitUntil(() => site.guard.snapshot().circuit.state === 'open', slowestMs)
    expect(await site.verdictOf(site.visit())).toMatchObject({ passed: true, degraded: true, reason: 'circuit_open' })
    expect([site.moves, site.guard.snapshot().endpoints.length]).toEqual([[], 1])
  })
})

describe('a sibling', () => {
  test.each(faults)('that %s is passed over', async (_, make) => {
    const unfit = await make()
    const fit = await apiHost(simulator)
    const site = new HonestSite(['https://preferred.invalid/', unfit.url, fit.url])
    await site.visitUntil(() => site.inUse === fit.url, slowestMs)
    expect(await site.verdictOf(site.visit())).toMatchObject({ reason: 'verified' })
    if (unfit.host) expect(userTickets([unfit.host])).toEqual([])
  })

  test('is asked nothing while the preferred host serves', async () => {
    const [preferred, sibling] = [await apiHost(simulator), await apiHost(simulator)]
    const site = new HonestSite([preferred.url, sibling.url])
    await site.visitUntil(() => site.visitors.length >= 20, slowestMs)
    await site.guard.checkHealth()
    expect(sibling.asked).toEqual([])
  })

  test('on trial gives no verdict by refusing: the degraded decision of the outage stands, until a ticket is verified there', async () => {
    const sibling = await apiHost(simulator)
    sibling.fault = 'refuses_all'
    const site = new HonestSite(['https://preferred.invalid/', sibling.url])
    await site.visitUntil(() => site.inUse === sibling.url, slowestMs)
    expect(await site.verdictOf(site.visit())).toMatchObject({ passed: true, reason: 'circuit_open', captchaCode: 15 })
    expect(site.lines.at(-1)).toMatchObject({ event: 'captcha_degraded', evidence: 'outage', purse: 'outage' })
    sibling.fault = undefined
    expect(await site.verdictOf(site.visit())).toMatchObject({ reason: 'verified' })
    sibling.fault = 'refuses_all'
    expect(await site.verdictOf(site.visit())).toMatchObject({ passed: false, reason: 'ticket_invalid' })
  })

  test('verifies late the tickets that passed degraded', async () => {
    const sibling = await apiHost(simulator)
    const late: string[] = []
    const site = new HonestSite(['https://preferred.invalid/', sibling.url], {
      onLateVerdict: ({ lateVerdict }) => late.push(lateVerdict.outcome),
      degradation: { lateVerification: true },
    })
    await site.verdictOf(site.visit())
    expect(site.visitors[0]?.verdict).toMatchObject({ passed: true, degraded: true })
    await turnUntil(clock, () => late.length > 0, slowestMs)
    expect([late, site.inUse]).toEqual([['genuine'], sibling.url])
  })
})

describe('a caller', () => {
  test.each<[string, object]>([
    ['makes Tencent stumble', { Error: { Code: 'InternalError', Message: '' } }],
    ['is answered with no CaptchaCode', {}],
    ['is answered that Tencent is busy', { CaptchaCode: 26 }],
  ])('whose tickets are such that it %s moves no calls, however many it sends', async (_, stumble) => {
    const [preferred, sibling] = [await apiHost(simulator), await apiHost(simulator)]
    preferred.answer = ({ Ticket }) => (Ticket.startsWith('stumble') ? stumble : undefined)
    const site = new HonestSite([preferred.url, sibling.url], { degradation: { circuit: { canaryIntervalMs: 20 } } })
    for (let round = 0; round < 20; round++) {
      const bad = Array.from({ length: 10 }, (_, n) => site.visit({ ticket: `stumble${round}-${n}*`, randstr: '@abc' }))
      const last = site.visit()
      for (const visit of [...bad, last]) await site.verdictOf(visit)
    }
    await turnUntil(clock, () => site.guard.snapshot().circuit.lastCanary?.result === 'healthy', slowestMs)
    expect([site.moves, site.inUse, sibling.asked]).toEqual([[], preferred.url, []])

    // What does move them, so that the tickets above were not harmless for another reason: the canary failing as well.
    preferred.answer = () => stumble
    await site.visitUntil(() => site.inUse === sibling.url, slowestMs)
  })
})
