import { setTimeout as sleep } from 'node:timers/promises'
import { captchaGuard, requireCaptcha } from 'tencent-captcha-guard'
import type { AttackId } from '../../wire.js'
import type { Stage, StageSetup } from './stage.js'

/** One line of what attackers try. Each runs for seconds; with more time it gains what the purses refill with. */
export interface Attack {
  readonly setup?: StageSetup
  /** What is so before the attacker comes. */
  readonly prepare?: (stage: Stage) => Promise<void>
  readonly run: (stage: Stage) => Promise<void>
}

/** Of Tencent's, so that there is something to hang up on. */
const latencyMs = 60
const oneAddress = '203.0.113.66'
const junkCode = 15

export const attacks: Readonly<Record<AttackId, Attack>> = {
  junk_hangs_up: {
    setup: { latencyMs },
    run: (stage) => atRate(150, 450, () => stage.attack({ ...junk(stage), address: oneAddress, hangUpAfterMs: 30 })),
  },

  junk_one_address: {
    run: (stage) => atRate(100, 200, () => stage.attack({ ...junk(stage), address: oneAddress })),
  },

  junk_after_solve: {
    setup: { latencyMs },
    async run(stage) {
      await stage.attack({ ...stage.simulator.mintTicket(), address: oneAddress })
      await atRate(200, 600, () => stage.attack({ ...junk(stage), address: oneAddress, hangUpAfterMs: 35 }))
    },
  },

  stumbling_ticket: {
    run: (stage) =>
      atRate(50, 100, (index) => {
        const ticket = stage.simulator.mintTicket({ fault: 'internal_error' })
        return stage.attack({ ...ticket, address: addressOf(index) })
      }),
  },

  forged_fallback: {
    run: (stage) => atRate(200, 200, (index) => stage.attack({ ...fallback(stage, index), address: addressOf(index) })),
  },

  replay: {
    async run(stage) {
      const solved = stage.simulator.mintTicket()
      const forged = fallback(stage, 0)
      for (const ticket of [solved, forged]) {
        await atRate(100, 50, (index) => stage.attack({ ...ticket, address: addressOf(index) }))
      }
    },
  },

  stamped_ahead: {
    // A second instead of five minutes, so that the end of the ticket's time can be waited for.
    setup: { options: { degradation: { fallback: { maxAgeMs: 1000 } } } },
    async run(stage) {
      const ticket = fallback(stage, 0, 3)
      await atRate(5, 25, (index) => stage.attack({ ...ticket, address: addressOf(index) }))
      const tooFar = (index: number) => fallback(stage, index, 120)
      await atRate(100, 25, (index) => stage.attack({ ...tooFar(index), address: addressOf(index) }))
    },
  },

  two_guards: {
    setup: {
      options: { mode: 'observe', degradation: { circuit: { consecutiveFailures: 1 } } },
      route: (observing, options) => {
        const enforcing = captchaGuard({ ...options, mode: 'enforce' })
        const required = requireCaptcha()
        return [
          (req, res, next) => {
            if (req.path === '/signup') enforcing(req, res, next)
            else observing(req, res, (error?: unknown) => (error ? next(error) : required(req, res, next)))
          },
        ]
      },
    },
    async prepare(stage) {
      stage.simulator.setFault('internal_error')
      await stage.visit(9999)
      while (stage.guard.snapshot().circuit.state !== 'open') await sleep(20)
    },
    run: (stage) =>
      atRate(40, 30, async () => {
        const ticket = junk(stage)
        await stage.attack({ ...ticket, address: oneAddress, path: '/login' })
        await stage.attack({ ...ticket, address: oneAddress, path: '/signup' })
      }),
  },

  hanging_credentials: {
    setup: { options: { credential: { getCredential: () => new Promise(() => {}) } } },
    run: (stage) => atRate(40, 60, (index) => stage.attack({ ...junk(stage), address: addressOf(index) })),
  },
}

/** Calls `act` that many times at an even rate, and resolves when every call is over. */
export async function atRate(perSecond: number, times: number, act: (index: number) => Promise<void>): Promise<void> {
  const startedMs = performance.now()
  const running: Promise<void>[] = []
  for (let index = 0; index < times; index++) {
    const waitMs = startedMs + (index * 1000) / perSecond - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    running.push(act(index))
  }
  await Promise.all(running)
}

function junk({ simulator }: Stage): { ticket: string; randstr: string } {
  return simulator.mintTicket({ code: junkCode })
}

/** A fallback ticket as anybody can type it. */
function fallback({ simulator }: Stage, number: number, secondsAhead = 0): { ticket: string; randstr: string } {
  const seconds = Math.floor(Date.now() / 1000) + secondsAhead
  return { ticket: `trerror_1001_${simulator.captchaAppId}_${seconds}`, randstr: `@forged${number}` }
}

/** An address of the networks for documentation, so that no real one appears in a log. */
function addressOf(number: number): string {
  const networks = ['192.0.2', '198.51.100', '203.0.113']
  return `${networks[number % networks.length]}.${1 + (Math.floor(number / networks.length) % 254)}`
}
