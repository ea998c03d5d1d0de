import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/index.js'
import { type Command, parseCommandArgs, UsageError } from './command.js'

const usage = `Usage: tencent-captcha-guard simulate [options]

Runs a stand-in for Tencent CAPTCHA on 127.0.0.1, for development and tests.

Options:
  --port N             port of the API (default 3001; 0: any free one)
  --script-port N      port of the script, demo page, control API, metadata and STS (default 3002; 0: any free one)
  --captcha-app-id N   app id (default 190000001)
  --app-secret-key S   AppSecretKey (default simulatorAppSecretKey0000)
  --secret-id S        SecretId that requests are signed with (default AKIDsimulator)
  --secret-key S       SecretKey that requests are signed with (default simulatorSecretKey)
  -h, --help           this text
`

const optionTypes = {
  port: { type: 'string' },
  'script-port': { type: 'string' },
  'captcha-app-id': { type: 'string' },
  'app-secret-key': { type: 'string' },
  'secret-id': { type: 'string' },
  'secret-key': { type: 'string' },
} as const

type Values = { readonly [Name in keyof typeof optionTypes]?: string }

function integer(name: keyof Values, value: string | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`--${name} is ${JSON.stringify(value)}; expected an integer from ${min} to ${max}`)
}

function text(name: keyof Values, value: string | undefined, fallback: string): string {
  if (value === '') throw new UsageError(`--${name} is empty`)
  return value ?? fallback
}

function simulatorOptions(values: Values): SimulatorOptions {
  const appSecretKey = values['app-secret-key']
  return {
    port: integer('port', values.port, 3001, 0, 65_535),
    scriptPort: integer('script-port', values['script-port'], 3002, 0, 65_535),
    captchaAppId: integer('captcha-app-id', values['captcha-app-id'], 190_000_001, 1, Number.MAX_SAFE_INTEGER),
    ...(appSecretKey === undefined ? {} : { appSecretKey: text('app-secret-key', appSecretKey, '') }),
    credential: {
      secretId: text('secret-id', values['secret-id'], 'AKIDsimulator'),
      secretKey: text('secret-key', values['secret-key'], 'simulatorSecretKey'),
    },
  }
}

function curl(simulator: Simulator, change: object): string {
  return `curl -X PUT ${simulator.controlUrl} -d '${JSON.stringify(change)}'`
}

function jsString(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function describe(simulator: Simulator): string {
  const { secretId, secretKey } = simulator.credential
  return `Tencent CAPTCHA simulator: nothing leaves this machine.

  API           ${simulator.url}
  script        ${simulator.scriptUrl}
  demo page     ${new URL('/', simulator.scriptUrl)}
  control       ${simulator.controlUrl}
  metadata      ${simulator.metadataUrl}
  STS           ${simulator.stsUrl}
  CaptchaAppId  ${simulator.captchaAppId}
  AppSecretKey  ${simulator.appSecretKey}
  SecretId      ${secretId}
  SecretKey     ${secretKey}

Options for the guard:

  captchaGuard({
    captchaAppId: ${simulator.captchaAppId},
    appSecretKey: ${jsString(simulator.appSecretKey)},
    credential: { secretId: ${jsString(secretId)}, secretKey: ${jsString(secretKey)} },
    endpoint: ${jsString(simulator.url)},
    degradation: { fallback: { scriptUrl: ${jsString(simulator.scriptUrl)} } },
  })

Temporary keys instead, as on a CVM or on TKE:

    credential: cvmRoleCredential({ metadataUrl: ${jsString(simulator.metadataUrl)} }),
    credential: tkeOidcCredential({ endpoint: ${jsString(simulator.stsUrl)} }),

Faults:

  ${curl(simulator, { api: 'hang' })}
  ${curl(simulator, { api: 'internal_error', options: { next: 5 } })}
  ${curl(simulator, { api: 'http_502_html', options: { share: 0.3, seed: 7, only: 'ordinary' } })}
  ${curl(simulator, { script: 'not_found' })}
  ${curl(simulator, { credential: { kind: 'short_lived_keys', lifetimeSeconds: 10 } })}
  ${curl(simulator, { api: null, script: null, credential: null })}
  curl ${simulator.controlUrl}

Stop with Ctrl+C.
`
}

async function start(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(options)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new Error(`${message}; choose other ports with --port and --script-port (0: any free one)`)
    }
    throw error
  }
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

async function run(args: readonly string[]): Promise<number> {
  const simulator = await start(simulatorOptions(parseCommandArgs(args, optionTypes).values))
  const stopped = untilStopped()
  process.stdout.write(describe(simulator))
  await stopped
  await simulator.close()
  return 0
}

/** `tencent-captcha-guard simulate`: runs the simulator until SIGINT or SIGTERM. */
export const simulate: Command = {
  name: 'simulate',
  summary: 'run a stand-in for Tencent CAPTCHA on this machine',
  usage,
  run,
}
