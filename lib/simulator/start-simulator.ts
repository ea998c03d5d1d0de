import { isLoopbackHost } from '../client-address.js'
import { createCallLog } from './call-log.js'
import { callQuota } from './call-quota.js'
import { createFaultSchedule } from './fault-schedule.js'
import type { CredentialFault, ScriptFault } from './faults.js'
import { type HttpListener, openHttpListener } from './http-listener.js'
import {
  parseApiFault,
  parseApiFaultOptions,
  parseCredentialFault,
  parseScriptFault,
  rejectScopedRefusal,
} from './parse-fault.js'
import { serveApi } from './serve-api.js'
import { metadataPath, serveCredentials, stsPath } from './serve-credentials.js'
import { scriptPaths, serveScript } from './serve-script.js'
import type { Simulator, SimulatorOptions } from './simulator.js'
import { createTemporaryKeys } from './temporary-keys.js'
import { createTicketBook } from './ticket-book.js'

type Settings = Required<Omit<SimulatorOptions, 'allowNonLoopback' | 'allowInProduction'>>

function rejectUnsafeSurroundings({ allowInProduction, allowNonLoopback }: SimulatorOptions, host: string): void {
  if (process.env.NODE_ENV === 'production' && allowInProduction !== true) {
    throw new Error(
      'startSimulator: NODE_ENV is "production", and the simulator mints tickets without a solved challenge. Start it elsewhere, or give the option `allowInProduction: true` if this is meant.',
    )
  }
  if (!isLoopbackHost(host) && allowNonLoopback !== true) {
    throw new Error(
      `startSimulator: option \`host\` is ${JSON.stringify(host)}, which other machines may reach. Use "127.0.0.1", or give the option \`allowNonLoopback: true\` if this is meant.`,
    )
  }
}

function checkIntegers(settings: Settings): void {
  const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number
  const bounds = {
    port: [0, 65_535],
    scriptPort: [0, 65_535],
    captchaAppId: [1, MAX_SAFE_INTEGER],
    miniCaptchaAppId: [1, MAX_SAFE_INTEGER],
    seed: [MIN_SAFE_INTEGER, MAX_SAFE_INTEGER],
  } as const
  for (const [name, [min, max]] of Object.entries(bounds)) {
    const value = settings[name as keyof typeof bounds]
    if (Number.isInteger(value) && value >= min && value <= max) continue
    throw new TypeError(`startSimulator: option \`${name}\` is ${value}; expected an integer from ${min} to ${max}`)
  }
}

function checkQuota({ callsPerSecond }: Settings): void {
  if (typeof callsPerSecond === 'number' && callsPerSecond >= 0) return
  throw new TypeError(`startSimulator: option \`callsPerSecond\` is ${callsPerSecond}; expected a number, 0 or more`)
}

/** Fills in the defaults. Throws for values and surroundings that the simulator must not run with. */
function simulatorSettings(options: SimulatorOptions): Settings {
  const captchaAppId = options.captchaAppId ?? 190_000_001
  const settings: Settings = {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    scriptPort: options.scriptPort ?? 0,
    captchaAppId,
    miniCaptchaAppId: options.miniCaptchaAppId ?? captchaAppId,
    appSecretKey: options.appSecretKey ?? 'simulatorAppSecretKey0000',
    credential: Object.freeze({
      ...(options.credential ?? { secretId: 'AKIDsimulator', secretKey: 'simulatorSecretKey' }),
    }),
    enforceAidEncrypted: options.enforceAidEncrypted ?? false,
    seed: options.seed ?? 1,
    callsPerSecond: options.callsPerSecond ?? Number.POSITIVE_INFINITY,
    now: options.now ?? Date.now,
  }
  rejectUnsafeSurroundings(options, settings.host)
  checkIntegers(settings)
  checkQuota(settings)
  return settings
}

function originOf(host: string, { port }: HttpListener): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * Starts a stand-in for Tencent CAPTCHA on loopback, for development and tests: the verification API with its signature check on one
 * port; the browser script, a demo page, an HTTP control API and the sources of temporary keys (metadata service, STS) on another. Every client that reaches it can mint tickets that pass.
 *
 * Rejects with a TypeError for a wrong option, and with an Error when a port is taken, when `host` is not loopback, and under
 * `NODE_ENV=production`; `allowNonLoopback` and `allowInProduction` lift the last two.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host, port, scriptPort, seed, now, enforceAidEncrypted, callsPerSecond, ...identity } =
    simulatorSettings(options)
  const log = createCallLog()
  const schedule = createFaultSchedule(seed)
  const tickets = createTicketBook(now)
  const captchaAppIds = { web: identity.captchaAppId, mini_program: identity.miniCaptchaAppId }
  const hits = { script: 0, redirect: 0, credential: 0 }
  const keys = createTemporaryKeys(identity.credential, now)
  let scriptFault: ScriptFault | null = null
  let credentialFault: CredentialFault | null = null
  let scriptOrigin = ''
  let closed = false

  const service = { captchaAppIds, appSecretKey: identity.appSecretKey, keyring: keys, tickets }
  const redirectTo = () => `${scriptOrigin}/redirected`
  const api = await openHttpListener({
    host,
    port,
    handle: serveApi({ service, schedule, log, now, redirectTo, isOverQuota: callQuota(callsPerSecond) }),
  })

  const simulator: Simulator = {
    ...identity,
    url: originOf(host, api),
    get scriptUrl() {
      return scriptOrigin + scriptPaths.mainland
    },
    get internationalScriptUrl() {
      return scriptOrigin + scriptPaths.international
    },
    get controlUrl() {
      return `${scriptOrigin}/control`
    },
    get metadataUrl() {
      return scriptOrigin + metadataPath
    },
    get stsUrl() {
      return scriptOrigin + stsPath
    },
    mintTicket(mint = {}) {
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
    setCredentialFault(fault) {
      credentialFault = fault === null ? null : parseCredentialFault(fault)
    },
    revokeTemporaryKeys: keys.revoke,
    settled: () => api.settled(),
    get faults() {
      return { api: schedule.current, script: scriptFault, ...(credentialFault && { credential: credentialFault }) }
    },
    get calls() {
      return log.calls
    },
    get scriptHits() {
      return hits.script
    },
    get redirectHits() {
      return hits.redirect
    },
    get credentialHits() {
      return hits.credential
    },
    clearCalls() {
      log.clear()
      Object.assign(hits, { script: 0, redirect: 0, credential: 0 })
    },
    async close() {
      closed = true
      api.shut()
      script?.shut()
    },
  }

  let script: HttpListener | null = null
  try {
    const onlyLoopbackHosts = options.allowNonLoopback !== true
    script = await openHttpListener({
      host,
      port: scriptPort,
      handle: serveScript({
        simulator,
        onlyLoopbackHosts,
        checksAidEncrypted: enforceAidEncrypted,
        now,
        hits,
        credentials: serveCredentials({ fault: () => credentialFault, issue: keys.issue, hits }),
      }),
    })
  } catch (error) {
    api.shut()
    throw error
  }
  scriptOrigin = originOf(host, script)
  return simulator
}
