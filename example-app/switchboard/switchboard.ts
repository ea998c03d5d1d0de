import { type Response, Router } from 'express'
import type { CaptchaGuard } from 'tencent-captcha-guard'
import type { Simulator } from 'tencent-captcha-guard/simulator'
import { captchaStatus } from 'tencent-captcha-guard/status'
import * as v from 'valibot'
import { switchboardPage } from '../views/switchboard-page.js'
import { attackIds, type SwitchboardState } from '../wire.js'
import { runAttack } from './attacks/run-attack.js'
import { apiGroups, findSwitch, scriptGroups, switchesOn } from './faults.js'
import { type LiveFeed, liveEvents } from './live-feed.js'
import { onlyThisMachine } from './only-this-machine.js'

const faultSchema = v.object({ api: v.optional(v.string()), script: v.optional(v.string()) })
const attackSchema = v.object({ id: v.picklist(attackIds) })

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
  const readState = () => stateOf(simulator)

  router.use(onlyThisMachine)

  router.get('/', (_req, res) => res.send(switchboardPage(res.locals)))
  router.get('/events', liveEvents(feed, readState))
  // In a frame of the page. Who gets here is at this machine already.
  router.use('/status', captchaStatus(guard, { authorize: () => 'switchboard' }))

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

  router.post('/attacks', async (req, res) => {
    const wish = v.safeParse(attackSchema, req.body)
    if (!wish.success) return refuse(res, 'There is no such attack')
    await attack(res, () => runAttack(wish.output.id))
  })

  return router
}

function stateOf(simulator: Simulator | undefined): SwitchboardState {
  if (!simulator) return {}
  const { api, script } = switchesOn(simulator.faults)
  const switches = { ...(api && { api: api.id }), ...(script && { script: script.id }) }
  return { simulator: { switches, calls: simulator.calls.length } }
}

function refuse(res: Response, title: string): void {
  res.status(400).json({ title })
}
