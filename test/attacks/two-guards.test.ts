import { describe, expect, test } from '@jest/globals'
import type { RequestHandler } from 'express'
import { createGuard } from '../../lib/captcha-guard.js'
import { systemClock } from '../../lib/clock.js'
import { type CaptchaGuard, type CaptchaGuardOptions, captchaGuard, requireCaptcha } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { type ExpressFactory, expressVersions, type Flow, quickCircuit, startFlow, until } from '../flow/support.js'

/** The defence is one site for all guards of a process; without it each has its own, as in processes without a store. */
type Defence = 'one site' | 'a site each'

interface TwoGuards {
  readonly flow: Flow
  readonly first: CaptchaGuard
  readonly second: CaptchaGuard
}

interface Setup {
  readonly express: ExpressFactory
  readonly defence: Defence
  readonly first?: Partial<CaptchaGuardOptions>
  readonly second?: Partial<CaptchaGuardOptions>
  /** Runs between the two guards of `/both`. */
  readonly between?: RequestHandler
}

/** `/login` has an observing guard and `requireCaptcha()`, `/signup` an enforcing one, `/both` one after the other; `/own` refuses by itself. */
async function startTwo({ express, defence, first, second, between }: Setup): Promise<TwoGuards> {
  const made: CaptchaGuard[] = []
  // The guards have a clock each, where they are to have a site each.
  const flow = await startFlow({
    time: 'system',
    express,
    options: { mode: 'observe', degradation: { circuit: quickCircuit }, ...first },
    route: (guard, { options, watch }) => {
      const degradation = { ...options.degradation, ...second?.degradation }
      const enforcing: CaptchaGuardOptions = { ...options, mode: 'enforce', ...second, degradation }
      const own = { ...systemClock }
      made.push(defence === 'one site' ? captchaGuard(enforcing) : createGuard(parseOptions(enforcing), own))
      const [observe, enforce] = [watch(guard), watch(made[0] as CaptchaGuard)]
      const router = express.Router()
      router.use('/login', observe, requireCaptcha())
      router.use('/signup', enforce)
      router.use('/own', observe, (_req, res) => void res.status(503).end())
      router.use('/both', observe, between ?? ((_req, _res, next) => next()), enforce)
      return [router]
    },
  })
  return { flow, first: flow.guard, second: made[0] as CaptchaGuard }
}

/** Tencent fails, and every circuit is open. Each guard is sent a ticket of a client that no test looks at. */
async function startOutage({ flow, first, second }: TwoGuards): Promise<void> {
  flow.simulator.setFault('internal_error')
  await flow.send(flow.mint(), { path: '/login', ip: '198.18.0.1' })
  await flow.send(flow.mint(), { path: '/signup', ip: '198.18.0.2' })
  await until(() => [first, second].every((guard) => guard.snapshot().circuit.state === 'open'))
}

/** The honest user. */
const user = '203.0.113.9'
const junk = (index: number) => ({ ticket: `tr03junk${index}`, randstr: '@junk' })

describe.each(expressVersions)('two guards on one app, on %s', (_name, express) => {
  test.each([
    ['a site each', [true, true]],
    ['one site', [true, false]],
  ] as const)('one junk ticket in an outage passes at /login and /signup, with %s: %j', async (defence, expected) => {
    const two = await startTwo({ express, defence })
    await startOutage(two)
    const passed = []
    for (const path of ['/login', '/signup']) {
      passed.push((await two.flow.send(junk(0), { path })).status === 200)
    }
    expect(passed).toEqual(expected)
  })

  test.each([
    ['a site each', 40],
    ['one site', 20],
  ] as const)('one client in an outage passes, with %s, %i times within a minute', async (defence, expected) => {
    const two = await startTwo({ express, defence })
    await startOutage(two)
    let passed = 0
    for (let index = 0; index < 60; index++) {
      const { status } = await two.flow.send(junk(index), { path: index % 2 ? '/login' : '/signup' })
      if (status === 200) passed++
    }
    expect(passed).toBe(expected)
  })

  test.each([
    ['a handler that trusts what stands on the request', 200],
    ['a guard', 503],
  ] as const)(
    'a purse that is closed for the second guard lets a request behind %s be answered with %i in an outage',
    async (what, status) => {
      const closed = { perClient: { limit: 0 } }
      const second = { degradation: { outage: closed, doubt: closed } }
      const two = await startTwo({ express, defence: 'one site', second })
      await startOutage(two)
      const { taken } = two.first.snapshot().purses.outage
      const path = what === 'a guard' ? '/both' : '/login'
      expect((await two.flow.send(junk(0), { path })).status).toBe(status)
      expect(two.first.snapshot().purses.outage.taken).toBe(taken + (status === 200 ? 1 : 0))
    },
  )

  test.each([
    ['a handler of the application’s own', 20],
    ['a guard, by a rule', 0],
    ['a guard, by the override', 0],
  ] as const)('of thirty passes that the first guard drew for what %s refuses, %i stay drawn', async (by, expected) => {
    const rules = { circuit_open: 'refuse' } as const
    const two: TwoGuards = await startTwo({
      express,
      defence: 'one site',
      second: by === 'a guard, by a rule' ? { degradation: { rules } } : {},
      between: (_req, _res, next) => {
        if (by === 'a guard, by the override') two.second.override('verify_only')
        next()
      },
    })
    await startOutage(two)
    const { taken } = two.first.snapshot().purses.outage
    const path = by === 'a handler of the application’s own' ? '/own' : '/both'
    for (let index = 0; index < 30; index++) {
      two.second.override('none')
      expect((await two.flow.send(junk(index), { path })).status).toBe(503)
    }
    expect(two.first.snapshot().purses.outage.taken - taken).toBe(expected)
  })

  const calm = { circuit: { canaryIntervalMs: 60_000, canaryMaxIntervalMs: 60_000 } }

  test.each([
    ['a site each', 'verified'],
    ['one site', 'ticket_reused'],
  ] as const)(
    'a ticket that passed degraded on /login is sent to /signup, and with %s it is %s',
    async (defence, expected) => {
      const degradation = { ...calm, lateVerification: false }
      const { flow } = await startTwo({ express, defence, first: { degradation } })
      const token = flow.mint()
      flow.simulator.setFault('internal_error')
      expect((await flow.send(token, { path: '/login' })).captcha).toMatchObject({ passed: true, degraded: true })
      flow.simulator.setFault(null)
      expect((await flow.send(token, { path: '/signup' })).captcha?.reason).toBe(expected)
    },
  )

  test.each([
    ['a site each', false],
    ['a site each', true],
    ['one site', false],
    ['one site', true],
  ] as const)(
    'an honest ticket that the first guard passed unasked comes to the second, with %s, asked late before: %s',
    async (defence, isLateFirst) => {
      const lateVerdicts: string[] = []
      const two: TwoGuards = await startTwo({
        express,
        defence,
        first: {
          onLateVerdict: ({ lateVerdict, clientKey }) => {
            if (clientKey === user) lateVerdicts.push(lateVerdict.outcome)
          },
        },
        between: async (_req, _res, next) => {
          // Tencent is back while the request is between the guards.
          two.flow.simulator.setFault(null)
          const isClosed = ({ snapshot }: CaptchaGuard) => snapshot().circuit.state === 'closed'
          await until(() => isClosed(two.second) && isClosed(two.first))
          if (isLateFirst) await until(() => lateVerdicts.length > 0)
          next()
        },
      })
      await startOutage(two)
      const { captcha } = await two.flow.send(two.flow.mint(), { path: '/both', ip: user })
      await until(() => two.first.snapshot().late.waiting === 0)
      const isDefended = defence === 'one site'
      if (isLateFirst) {
        expect(lateVerdicts).toEqual(['genuine'])
        expect(captcha?.reason).toBe(isDefended ? 'verified' : 'ticket_reused')
      } else {
        expect(captcha?.reason).toBe('verified')
        if (isDefended) expect(lateVerdicts).not.toContain('refused')
        else expect(lateVerdicts).toEqual(['refused'])
      }
    },
  )
})
