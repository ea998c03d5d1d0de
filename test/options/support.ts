import { inspect } from 'node:util'
import { CaptchaConfigError } from '../../lib/options/captcha-config-error.js'
import { type GuardConfig, parseOptions } from '../../lib/options/config.js'
import type { CaptchaGuardOptions } from '../../lib/options/options.js'

export const secrets = {
  appSecretKey: 'APPSECRET-qPn',
  secretId: 'AKID-hidden',
  secretKey: 'KEY-hidden',
  token: 'TOKEN-hidden',
}
export const { appSecretKey, ...credential } = secrets
export const required = { captchaAppId: 190000001, appSecretKey, credential }
export const { secretId, secretKey } = credential

/** Options that the types may not allow. */
export type Loose = Record<string, unknown>

/** Parses options of any type. */
export function parse(options: unknown): GuardConfig {
  return parseOptions(options as CaptchaGuardOptions)
}

/** The error that the options cause. */
export function failure(options: unknown): CaptchaConfigError {
  try {
    parse(options)
  } catch (error) {
    if (error instanceof CaptchaConfigError) return error
    throw error
  }
  throw new Error(`accepted: ${inspect(options)}`)
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`, beside the required options. */
export function optionsWith(path: string, value: unknown): Loose {
  const nested = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Loose
  return { ...required, ...nested }
}
