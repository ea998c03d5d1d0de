// @ts-check
import { Router } from 'express'
import { switchboardPage } from '../views/switchboard.mjs'
import { attackLogin } from './attack.mjs'
import { apiGroups, findSwitch, scriptGroups, switchesOn } from './faults.mjs'
import { liveEvents } from './live-events.mjs'
import { onlyThisMachine } from './only-this-machine.mjs'

const attackCount = 200
const overrideMs = 60_000

/**
 * The page that breaks Tencent on purpose and shows what the guard makes of it. For development only: it opens doors.
 *
 * @param {object} options
 * @param {import('tencent-captcha-guard').CaptchaGuard} options.guard
 * @param {import('../live-feed.mjs').LiveFeed} options.feed
 * @param {import('tencent-captcha-guard/simulator').Simulator} [options.simulator]
 */
export function switchboard({ guard, feed, simulator }) {
  if (process.env.NODE_ENV === 'production') throw new Error('The switchboard must not run in production.')
  const router = Router()
  const readState = () => ({
    guard: guard.snapshot(),
    switches: simulator && switchesOn(simulator.faults),
    tencent: simulator && { calls: simulator.calls.length, scriptHits: simulator.scriptHits },
  })

  router.use(onlyThisMachine)

  router.get('/', (_req, res) => res.send(switchboardPage(res, { isSimulated: simulator !== undefined })))
  router.get('/events', liveEvents({ feed, readState }))

  if (simulator) router.post('/faults', setFaults(simulator, readState))

  router.post('/override', (req, res) => {
    const mode = req.body?.mode
    if (!['pass', 'verify_only', 'none'].includes(mode)) return refuse(res, 'There is no such override')
    guard.override(mode, { by: 'switchboard', ...(mode === 'pass' && { forMs: overrideMs }) })
    res.json(readState())
  })

  let isAttacking = false
  router.post('/attack', async (req, res) => {
    if (isAttacking) return refuse(res, 'An attack is under way')
    isAttacking = true
    try {
      const { localAddress = '127.0.0.1', localPort } = req.socket
      const origin = `http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
      res.json(await attackLogin({ origin, captchaAppId: guard.page.captchaAppId, count: attackCount }))
    } finally {
      isAttacking = false
    }
  })

  return router
}

/**
 * @param {import('tencent-captcha-guard/simulator').Simulator} simulator
 * @param {() => object} readState
 * @returns {import('express').RequestHandler}
 */
function setFaults(simulator, readState) {
  return async function setFaultsHandler(req, res) {
    const { api, script } = req.body ?? {}
    const apiSwitch = findSwitch(apiGroups, api)
    const scriptSwitch = findSwitch(scriptGroups, script)
    if (!apiSwitch && !scriptSwitch) return refuse(res, 'There is no such switch')
    if (apiSwitch) simulator.setFault(apiSwitch.fault, apiSwitch.options)
    if (scriptSwitch) simulator.setScriptFault(scriptSwitch.fault)
    await simulator.settled()
    res.json(readState())
  }
}

/**
 * @param {import('express').Response} res
 * @param {string} title
 */
function refuse(res, title) {
  res.status(400).json({ title })
}
