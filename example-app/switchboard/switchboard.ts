import { type Response, Router } from 'express'
import type { CaptchaGuard, RefusalReason } from 'tencent-captcha-guard'
import type { Simulator } from 'tencent-captcha-guard/simulator'
import * as v from 'valibot'
import { switchboardPage } from '../views/switchboard-page.js'
import { attackIds, type SwitchboardState } from '../wire.js'
import { attackLogin } from './attack.js'
import { runAttack } from './attacks/run-attack.js'
import { apiGroups, findSwitch, scriptGroups, switchesOn } from './faults.js'
import { type LiveFeed, liveEvents } from './live-feed.js'
import { onlyThisMachine } from './only-this-machine.js'

const attackCount = 200
const overrideMs = 60_000
const faultSchema = v.object({ api: v.optional(v.string()), script: v.optional(v.string()) })
const attackSchema = v.object({ id: v.picklist(attackIds) })
const overrideSchema = v.object({ mode: v.picklist(['pass', 'verify_only', 'none']) })

/** A table that the compiler completes: a new reason of the guard is missing here until it is added. */
const refusals: Record<RefusalReason, true> = {
  ticket_missing: true,
  ticket_malformed: true,
  ticket_expired: true,
  ticket_reused: true,
  randstr_mismatch: true,
  ticket_invalid: true,
  app_mismatch: true,
  risk_rejected: true,
  rejected: true,
  rate_limited: true,
  fallback_stale: true,
  fallback_replayed: true,
  misconfigured: true,
  degradation_refused: true,
  budget_exhausted: true,
}

export interface SwitchboardOptions {
  readonly guard: CaptchaGuard
  readonly feed: LiveFeed
  /** Absent when Tencent is real; then nothing can be broken. */
  readonly simulator: Simulator | undefined
}

/**
 * The page that breaks Tencent on purpose and shows what the guard does. For development only: its override lets requests in.
 *
 * @throws {Error} in production.
 */
export function switchboard({ guard, feed, simulator }: SwitchboardOptions): Router {
  if (process.env.NODE_ENV === 'production') throw new Error('The switchboard must not run in production.')
  const router = Router()
  const readState = () => stateOf(guard, simulator)

  router.use(onlyThisMachine)

  router.get('/', (_req, res) => res.send(switchboardPage(res.locals)))
  router.get('/events', liveEvents(feed, readState))

  router.post('/faults', async (req, res) => {
    const ids = v.safeParse(faultSchema, req.body)
    const api = ids.success && findSwitch(apiGroups, ids.output.api)
    const script = ids.success && findSwitch(scriptGroups, ids.output.script)
    if (!simulator || (!api && !script)) return refuse(res, 'There is no such switch')
    if (api) simulator.setFault(api.fault, api.options)
    if (script) simulator.setScriptFault(script.fault)
    await simulator.settled()
    res.json(readState())
  })

  router.post('/override', (req, res) => {
    const wish = v.safeParse(overrideSchema, req.body)
    if (!wish.success) return refuse(res, 'There is no such override')
    const { mode } = wish.output
    guard.override(mode, { by: 'switchboard', ...(mode === 'pass' && { forMs: overrideMs }) })
    res.json(readState())
  })

  // One at a time: a second one would spoil the figures of the first.
  let isAttacking = false
  async function attack(res: Response, run: () => Promise<object>): Promise<void> {
    if (isAttacking) return refuse(res, 'An attack is under way')
    isAttacking = true
    try {
      res.json(await run())
    } finally {
      isAttacking = false
    }
  }

  router.post('/attack', async (req, res) => {
    const { localAddress = '127.0.0.1', localPort } = req.socket
    const origin = `http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
    const { captchaAppId } = guard.page
    await attack(res, () => attackLogin({ origin, captchaAppId, count: attackCount }))
  })

  router.post('/attacks', async (req, res) => {
    const wish = v.safeParse(attackSchema, req.body)
    if (!wish.success) return refuse(res, 'There is no such attack')
    await attack(res, () => runAttack(wish.output.id))
  })

  return router
}

function stateOf(guard: CaptchaGuard, simulator: Simulator | undefined): SwitchboardState {
  const snapshot = guard.snapshot()
  const reasons = Object.entries(snapshot.counters)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => ({ reason, count, isRefusal: reason in refusals }))
  if (!simulator) return { guard: snapshot, reasons }
  const { api, script } = switchesOn(simulator.faults)
  const switches = { ...(api && { api: api.id }), ...(script && { script: script.id }) }
  return { guard: snapshot, reasons, simulator: { switches, calls: simulator.calls.length } }
}

function refuse(res: Response, title: string): void {
  res.status(400).json({ title })
}
