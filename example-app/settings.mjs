// @ts-check
import { parseArgs } from 'node:util'

/**
 * A mistake of the person who starts the app: shown as one line, without a stack trace.
 */
export class StartError extends Error {}

/**
 * Everything the app takes from outside, read and checked once. The rest of the code never looks at the environment.
 *
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function readSettings(args, env) {
  return {
    host: env.HOST ?? '127.0.0.1',
    port: readPort(args, env),
    isProduction: env.NODE_ENV === 'production',
    logLevel: env.LOG_LEVEL ?? 'debug',
    tencent: readTencent(env),
  }
}

/** @typedef {ReturnType<typeof readSettings>} Settings */

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function readPort(args, env) {
  const given = readPortArgument(args) ?? env.PORT ?? '3000'
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (port <= 65_535) return port
  throw new StartError(`The port is ${JSON.stringify(given)}; it must be a number from 0 to 65535.`)
}

/** @param {string[]} args */
function readPortArgument(args) {
  try {
    return parseArgs({ args, options: { port: { type: 'string' } } }).values.port
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error} (the only option is --port)`)
  }
}

const tencentNames = ['CAPTCHA_APP_ID', 'CAPTCHA_APP_SECRET_KEY', 'TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY']

/**
 * Tencent's credentials, or `undefined` when none are set. Half of them is a mistake: better to say so than to simulate.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function readTencent(env) {
  const missing = tencentNames.filter((name) => !env[name])
  if (missing.length === tencentNames.length) return undefined
  if (missing.length > 0) throw new StartError(`Some credentials are set, but not ${missing.join(', ')}.`)
  const [captchaAppId = '', appSecretKey = '', secretId, secretKey] = tencentNames.map((name) => env[name])
  return { captchaAppId, appSecretKey, credential: { secretId, secretKey } }
}
