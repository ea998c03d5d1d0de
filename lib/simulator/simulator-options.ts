import { isIP } from 'node:net'
import type { SimulatorCredential } from './check-signature.js'

/** Everything has a default: `startSimulator()` alone works. */
export interface SimulatorOptions {
  /** Address to listen on. Default `'127.0.0.1'`; anything but loopback needs `allowNonLoopback`. */
  readonly host?: string
  /** Port of the API, 0 to 65535. Default 0: any free one. */
  readonly port?: number
  /** Port of the script, the demo page and the control API, 0 to 65535. Default 0: any free one. */
  readonly scriptPort?: number
  /** App id of web tickets. Default 190000001. */
  readonly captchaAppId?: number
  /** App id of mini-program tickets. Default: `captchaAppId`. */
  readonly miniCaptchaAppId?: number
  /** Default `'simulatorAppSecretKey0000'`. */
  readonly appSecretKey?: string
  /** The key pair that requests must be signed with. Default `AKIDsimulator` / `simulatorSecretKey`, no token. */
  readonly credential?: SimulatorCredential
  /** Seed of faults that hit a share of the calls, an integer. Default 1. */
  readonly seed?: number
  /** Clock for ticket ages, signature time stamps and the call log, epoch ms. Default `Date.now`. */
  readonly now?: () => number
  /** Allows a `host` that other machines can reach. Anybody there can then mint tickets. Default false. */
  readonly allowNonLoopback?: boolean
  /** Allows a start under `NODE_ENV=production`. Default false. */
  readonly allowInProduction?: boolean
}

export interface SimulatorSettings {
  readonly host: string
  readonly port: number
  readonly scriptPort: number
  readonly captchaAppId: number
  readonly miniCaptchaAppId: number
  readonly appSecretKey: string
  readonly credential: SimulatorCredential
  readonly seed: number
  readonly now: () => number
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new TypeError(
    `startSimulator: option \`${name}\` is ${String(value)}; expected an integer from ${min} to ${max}`,
  )
}

function checkEnvironment(options: SimulatorOptions, host: string): void {
  if (process.env.NODE_ENV === 'production' && options.allowInProduction !== true) {
    throw new Error(
      'startSimulator: NODE_ENV is "production", and the simulator passes tickets that nobody solved. Start it elsewhere, or give the option `allowInProduction: true` if this is meant.',
    )
  }
  if (!isLoopback(host) && options.allowNonLoopback !== true) {
    throw new Error(
      `startSimulator: option \`host\` is ${JSON.stringify(host)}, which other machines may reach. Use "127.0.0.1", or give the option \`allowNonLoopback: true\` if this is meant.`,
    )
  }
}

function checkNumbers(settings: SimulatorSettings): void {
  checkInteger('port', settings.port, 0, 65_535)
  checkInteger('scriptPort', settings.scriptPort, 0, 65_535)
  checkInteger('captchaAppId', settings.captchaAppId, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('miniCaptchaAppId', settings.miniCaptchaAppId, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('seed', settings.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
}

/** Fills in the defaults; throws on values and surroundings that the simulator must not run with. */
export function simulatorSettings(options: SimulatorOptions): SimulatorSettings {
  const captchaAppId = options.captchaAppId ?? 190_000_001
  const settings: SimulatorSettings = {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    scriptPort: options.scriptPort ?? 0,
    captchaAppId,
    miniCaptchaAppId: options.miniCaptchaAppId ?? captchaAppId,
    appSecretKey: options.appSecretKey ?? 'simulatorAppSecretKey0000',
    credential: Object.freeze({
      ...(options.credential ?? { secretId: 'AKIDsimulator', secretKey: 'simulatorSecretKey' }),
    }),
    seed: options.seed ?? 1,
    now: options.now ?? Date.now,
  }
  checkEnvironment(options, settings.host)
  checkNumbers(settings)
  return settings
}
