import { createCallLog } from './call-log.js'
import { createFaultSchedule } from './fault-schedule.js'
import { type HttpListener, openHttpListener } from './http-listener.js'
import { parseApiFault, parseApiFaultOptions, parseScriptFault, rejectScopedRefusal } from './parse-fault.js'
import type { ScriptFault } from './script-fault.js'
import { serveApi } from './serve-api.js'
import { serveScript } from './serve-script.js'
import type { Simulator } from './simulator.js'
import { type SimulatorOptions, simulatorSettings } from './simulator-options.js'
import { createTicketBook, type MintTicketOptions } from './ticket-book.js'
import { createTimerSet } from './timer-set.js'

function origin(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * Starts a stand-in for Tencent CAPTCHA on loopback: the verification API with its signature check on one port; the browser script,
 * a demo page and an HTTP control API on another. For development and tests: anybody who reaches it can mint tickets that pass.
 *
 * Rejects when a port is taken, when `host` is not loopback, and under `NODE_ENV=production`, unless the options allow it.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = simulatorSettings(options)
  const { host, captchaAppId, miniCaptchaAppId, appSecretKey, credential, now } = settings
  const timers = createTimerSet()
  const log = createCallLog()
  const schedule = createFaultSchedule(settings.seed)
  const tickets = createTicketBook(now)
  const captchaAppIds = { web: captchaAppId, mini_program: miniCaptchaAppId }
  let scriptFault: ScriptFault | null = null
  let scriptHits = 0
  let redirectHits = 0
  let scriptOrigin = ''
  let closed = false

  const api: HttpListener = await openHttpListener({
    host,
    port: settings.port,
    timers,
    handle: serveApi({
      service: { captchaAppIds, appSecretKey, credential, tickets },
      schedule,
      log,
      timers,
      now,
      redirectTo: () => `${scriptOrigin}/redirected`,
    }),
  })

  const simulator: Simulator = {
    url: origin(host, api.port),
    get scriptUrl() {
      return `${scriptOrigin}/TJCaptcha.js`
    },
    get controlUrl() {
      return `${scriptOrigin}/control`
    },
    captchaAppId,
    miniCaptchaAppId,
    appSecretKey,
    credential,
    mintTicket(mint: MintTicketOptions = {}) {
      if (mint.fault !== undefined) rejectScopedRefusal(parseApiFault(mint.fault), { next: 1 })
      return tickets.mint({ ...mint, captchaAppId: mint.captchaAppId ?? captchaAppIds[mint.channel ?? 'web'] })
    },
    setFault(fault, faultOptions) {
      const parsed = fault === null ? null : parseApiFault(fault)
      const scope = parseApiFaultOptions(faultOptions)
      if (parsed !== null) rejectScopedRefusal(parsed, scope)
      schedule.set(parsed, scope)
      if (parsed === 'refuse') api.shut()
      else if (!closed) api.open()
    },
    setScriptFault(fault) {
      scriptFault = fault === null ? null : parseScriptFault(fault)
    },
    settled: () => api.settled(),
    get faults() {
      return { api: schedule.current, script: scriptFault }
    },
    get calls() {
      return log.calls
    },
    get scriptHits() {
      return scriptHits
    },
    get redirectHits() {
      return redirectHits
    },
    clearCalls() {
      log.clear()
      scriptHits = 0
      redirectHits = 0
    },
    async close() {
      closed = true
      timers.clear()
      api.shut()
      script?.shut()
    },
  }

  let script: HttpListener | null = null
  try {
    script = await openHttpListener({
      host,
      port: settings.scriptPort,
      timers,
      handle: serveScript({
        simulator,
        onlyLoopbackHosts: options.allowNonLoopback !== true,
        countScriptHit: () => {
          scriptHits += 1
        },
        countRedirectHit: () => {
          redirectHits += 1
        },
      }),
    })
  } catch (error) {
    api.shut()
    throw error
  }
  scriptOrigin = origin(host, script.port)
  return simulator
}
