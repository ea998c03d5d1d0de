import * as v from 'valibot'
import { cvmMetadataUrl, roleNamePattern } from '../tencent/credentials/cvm-metadata.js'
import { stsEndpoint } from '../tencent/credentials/web-identity.js'
import { CaptchaConfigError } from './captcha-config-error.js'
import { durationMs, httpUrl, integer, objectOf, parse, text } from './schema-parts.js'

/** Options of `cvmRoleCredential()`. */
export interface CvmRoleCredentialOptions {
  /** Name of the CAM role. @default the one that is bound to the instance @example role: 'captcha-verifier' */
  role?: string | undefined
  /**
   * Whole URL of the metadata service up to `meta-data/`, for tests and private set-ups.
   * @default 'http://metadata.tencentyun.com/latest/meta-data/' @example metadataUrl: simulator.metadataUrl
   */
  metadataUrl?: string | undefined
  /** One deadline in milliseconds for role and keys. Integer, 1 to 2147483647. @default 3000 @example timeoutMs: 1000 */
  timeoutMs?: number | undefined
}

/** Options of `tkeOidcCredential()`. */
export interface TkeOidcCredentialOptions {
  /** Region of STS. @default the environment variable `TKE_REGION` @example region: 'ap-guangzhou' */
  region?: string | undefined
  /** Identity provider in CAM. @default the environment variable `TKE_PROVIDER_ID` @example providerId: 'cls-1a2b3c4d' */
  providerId?: string | undefined
  /** Role to assume. @default the environment variable `TKE_ROLE_ARN` @example roleArn: 'qcs::cam::uin/100000000001:roleName/captcha' */
  roleArn?: string | undefined
  /**
   * File with the identity token, read anew for every request to STS.
   * @default the environment variable `TKE_WEB_IDENTITY_TOKEN_FILE` @example tokenFile: '/var/run/secrets/token'
   */
  tokenFile?: string | undefined
  /** Name of the session in the audit log: 2 to 128 of letters, digits and `_+=,.@-`. @default 'tencent-captcha-guard' */
  sessionName?: string | undefined
  /** How long keys are asked for, in seconds. Integer, 60 to 43200. @default 7200 @example durationSeconds: 3600 */
  durationSeconds?: number | undefined
  /**
   * Whole URL of STS, for tests, the intranet or the international site.
   * @default 'https://sts.tencentcloudapi.com' @example endpoint: 'https://sts.internal.tencentcloudapi.com'
   */
  endpoint?: string | undefined
  /** Deadline of the request in milliseconds. Integer, 1 to 2147483647. @default 3000 @example timeoutMs: 1000 */
  timeoutMs?: number | undefined
}

const roleMessage = 'the name of a CAM role: 1 to 128 of letters, digits and _+=,.@-'
const sessionMessage = '2 to 128 of letters, digits and _+=,.@-'

const cvmSchema = objectOf({
  role: v.optional(v.pipe(v.string(roleMessage), v.regex(roleNamePattern, roleMessage))),
  metadataUrl: v.optional(httpUrl, cvmMetadataUrl),
  timeoutMs: v.optional(durationMs(), 3000),
})

const tkeSchema = objectOf({
  region: v.optional(text),
  providerId: v.optional(text),
  roleArn: v.optional(text),
  tokenFile: v.optional(text),
  sessionName: v.optional(
    v.pipe(v.string(sessionMessage), v.regex(/^[\w+=,.@-]{2,128}$/, sessionMessage)),
    'tencent-captcha-guard',
  ),
  durationSeconds: v.optional(integer(60, 43_200, 'an integer from 60 to 43200'), 7200),
  endpoint: v.optional(httpUrl, stsEndpoint),
  timeoutMs: v.optional(durationMs(), 3000),
})

/** Checks and completes the options of `cvmRoleCredential()`. Throws {@link CaptchaConfigError}. */
export function parseCvmOptions(options: CvmRoleCredentialOptions) {
  const { role, metadataUrl, timeoutMs } = parse('cvmRoleCredential', cvmSchema, options)
  // As a directory, whichever way it is spelled: the paths are appended to it.
  return { role, metadataUrl: new URL(metadataUrl.replace(/\/*$/, '/')), timeoutMs }
}

/** Checks and completes the options of `tkeOidcCredential()`. Throws {@link CaptchaConfigError}. */
export function parseTkeOptions(options: TkeOidcCredentialOptions) {
  const { endpoint, ...given } = parse('tkeOidcCredential', tkeSchema, options)
  const fromEnvironment = (option: keyof typeof variables) => given[option] ?? readVariable(option)
  return {
    ...given,
    region: fromEnvironment('region'),
    providerId: fromEnvironment('providerId'),
    roleArn: fromEnvironment('roleArn'),
    tokenFile: fromEnvironment('tokenFile'),
    endpoint: new URL(endpoint),
  }
}

/** Where TKE puts them. */
const variables = {
  region: 'TKE_REGION',
  providerId: 'TKE_PROVIDER_ID',
  roleArn: 'TKE_ROLE_ARN',
  tokenFile: 'TKE_WEB_IDENTITY_TOKEN_FILE',
} as const

function readVariable(option: keyof typeof variables): string {
  const name = variables[option]
  const value = process.env[name]?.trim()
  if (value) return value
  throw new CaptchaConfigError(
    option,
    `tkeOidcCredential: option \`${option}\` is missing, and the environment variable ${name} is not set. Does the pod's service account carry a role?`,
  )
}
