import { parseArgs } from 'node:util'

/** A mistake in how the app was started. It is shown as one line, without a stack trace. */
export class StartError extends Error {}

export type Settings = ReturnType<typeof readSettings>

/**
 * Reads and checks everything that the app takes from outside. The rest of the code does not read the environment.
 *
 * @throws {StartError} when a setting is wrong, or some of Tencent's credentials are set and others are not.
 */
export function readSettings(args: string[], env: NodeJS.ProcessEnv) {
  return {
    host: env.HOST ?? '127.0.0.1',
    port: readPort(args, env),
    isProduction: env.NODE_ENV === 'production',
    logLevel: env.LOG_LEVEL ?? 'debug',
    /** Of the status page and the metrics; without one a shop in production has neither. */
    operatorPassword: env.OPERATOR_PASSWORD ?? (env.NODE_ENV === 'production' ? undefined : 'longjing'),
    tencent: readTencent(env),
  }
}

function readPort(args: string[], env: NodeJS.ProcessEnv): number {
  const given = readPortArgument(args) ?? env.PORT ?? '3000'
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (port <= 65_535) return port
  throw new StartError(`The port is ${JSON.stringify(given)}; it must be a number from 0 to 65535.`)
}

function readPortArgument(args: string[]): string | undefined {
  try {
    return parseArgs({ args, options: { port: { type: 'string' } } }).values.port
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error} (the only option is --port)`)
  }
}

const tencentNames = ['CAPTCHA_APP_ID', 'CAPTCHA_APP_SECRET_KEY', 'TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY']

/** Returns `undefined` when no credential is set. Throws when only some are: to simulate then would hide the mistake. */
function readTencent(env: NodeJS.ProcessEnv) {
  const missing = tencentNames.filter((name) => !env[name])
  if (missing.length === tencentNames.length) return undefined
  if (missing.length > 0) throw new StartError(`Some credentials are set, but not ${missing.join(', ')}.`)
  const [captchaAppId = '', appSecretKey = '', secretId, secretKey] = tencentNames.map((name) => env[name])
  return { captchaAppId, appSecretKey, credential: { secretId, secretKey }, site: readSite(env.CAPTCHA_SITE) }
}

function readSite(site = 'mainland'): 'mainland' | 'international' {
  if (site === 'mainland' || site === 'international') return site
  throw new StartError(`CAPTCHA_SITE is ${JSON.stringify(site)}; it must be mainland or international.`)
}
