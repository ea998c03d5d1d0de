import { isLoopbackHost } from '../../client-address.js'
import { apiEndpoints, scriptUrls } from '../../tencent/hosts.js'
import type { CaptchaChannel, CaptchaSite, TencentCredential } from '../../types.js'

/** What is checked. */
export interface CheckSettings {
  readonly captchaAppId: number
  readonly appSecretKey: string
  readonly credential: TencentCredential
  readonly site: CaptchaSite
  readonly channel: CaptchaChannel
  /** Most preferred first. */
  readonly endpoints: readonly URL[]
  /** Absent against a simulator on this machine whose script is not named. */
  readonly scriptUrl: URL | undefined
}

/** Something about one variable that has to be mended. */
export interface SettingProblem {
  readonly name: string
  readonly problem: string
}

/** Settings, or why there are none. A problem never quotes a value: a secret may be in the wrong variable. */
export type SettingsResult =
  | { readonly kind: 'settings'; readonly settings: CheckSettings }
  | { readonly kind: 'incomplete'; readonly problems: readonly SettingProblem[] }
  | { readonly kind: 'wrong'; readonly problems: readonly SettingProblem[] }

/** The variables of the environment, or of a file. */
export type Variables = Readonly<Record<string, string | undefined>>

const required = {
  CAPTCHA_APP_ID: 'CaptchaAppId, from the CAPTCHA console',
  CAPTCHA_APP_SECRET_KEY: 'AppSecretKey, from the CAPTCHA console',
  TENCENTCLOUD_SECRET_ID: 'SecretId of a sub-account with QcloudCaptchaFullAccess, from the CAM console',
  TENCENTCLOUD_SECRET_KEY: 'SecretKey of the same sub-account',
} as const

/** Every variable that is read. */
export const variableNames = [
  ...(Object.keys(required) as (keyof typeof required)[]),
  'TENCENTCLOUD_SESSION_TOKEN',
  'CAPTCHA_SITE',
  'CAPTCHA_ENDPOINT',
  'CAPTCHA_CHANNEL',
  'CAPTCHA_SCRIPT_URL',
] as const

/** Name of a variable that is read. */
export type VariableName = (typeof variableNames)[number]

/** Values of the variables that are read; an empty one is absent. */
export type SettingValues = { readonly [name in VariableName]?: string }

/** Reads the settings from the variables. */
export function readSettings(values: SettingValues): SettingsResult {
  const missing = Object.entries(required).filter(([name]) => values[name as VariableName] === undefined)
  if (missing.length > 0) {
    const problems = missing.map(([name, what]) => ({ name, problem: `is missing: ${what}` }))
    return { kind: 'incomplete', problems }
  }
  const problems = problemsOf(values)
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'settings', settings: settingsOf(values) }
}

function problemsOf(values: SettingValues): SettingProblem[] {
  const problems: SettingProblem[] = []
  const expect = (name: VariableName, isRight: boolean, problem: string) => {
    if (values[name] !== undefined && !isRight) problems.push({ name, problem })
  }
  const { CAPTCHA_APP_ID = '', CAPTCHA_SITE, CAPTCHA_CHANNEL, CAPTCHA_ENDPOINT = '', CAPTCHA_SCRIPT_URL = '' } = values
  const appId = /^\d+$/.test(CAPTCHA_APP_ID) ? Number(CAPTCHA_APP_ID) : 0
  expect('CAPTCHA_APP_ID', appId > 0 && Number.isSafeInteger(appId), 'is not a number of digits alone.')
  for (const name of ['CAPTCHA_APP_SECRET_KEY', 'TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY'] as const) {
    expect(name, isKeyText(values[name]), 'has a blank, a line break or another character that no key has.')
  }
  expect(
    'TENCENTCLOUD_SESSION_TOKEN',
    isKeyText(values.TENCENTCLOUD_SESSION_TOKEN),
    'has a character that no token has.',
  )
  expect('CAPTCHA_SITE', isSite(CAPTCHA_SITE), 'is neither mainland nor international.')
  expect('CAPTCHA_CHANNEL', isChannel(CAPTCHA_CHANNEL), 'is neither web nor mini_program.')
  const isOffered = !(CAPTCHA_SITE === 'international' && CAPTCHA_CHANNEL === 'mini_program')
  expect('CAPTCHA_CHANNEL', isOffered, 'is mini_program, which the international site does not offer.')
  const urls = splitList(CAPTCHA_ENDPOINT)
  expect(
    'CAPTCHA_ENDPOINT',
    urls.length > 0 && urls.every(isHttpUrl),
    'is not one http(s) URL, or several with commas between; user names and passwords are not allowed in them.',
  )
  expect('CAPTCHA_ENDPOINT', new Set(urls).size === urls.length, 'names an endpoint twice.')
  expect('CAPTCHA_SCRIPT_URL', isHttpUrl(CAPTCHA_SCRIPT_URL), 'is not an http(s) URL.')
  return problems
}

function settingsOf(values: SettingValues): CheckSettings {
  const site = isSite(values.CAPTCHA_SITE) ? values.CAPTCHA_SITE : 'mainland'
  const given = splitList(values.CAPTCHA_ENDPOINT ?? '')
  const endpoints = (given.length > 0 ? given : apiEndpoints[site]).map((url) => new URL(url))
  const token = values.TENCENTCLOUD_SESSION_TOKEN
  const scriptUrl =
    values.CAPTCHA_SCRIPT_URL ??
    (endpoints.every(({ hostname }) => isLoopbackHost(hostname)) ? undefined : scriptUrls[site])
  return {
    captchaAppId: Number(values.CAPTCHA_APP_ID),
    appSecretKey: values.CAPTCHA_APP_SECRET_KEY ?? '',
    credential: {
      secretId: values.TENCENTCLOUD_SECRET_ID ?? '',
      secretKey: values.TENCENTCLOUD_SECRET_KEY ?? '',
      ...(token !== undefined && { token }),
    },
    site,
    channel: isChannel(values.CAPTCHA_CHANNEL) ? values.CAPTCHA_CHANNEL : 'web',
    endpoints,
    scriptUrl: scriptUrl === undefined ? undefined : new URL(scriptUrl),
  }
}

function splitList(text: string): string[] {
  return text.split(',').flatMap((part) => part.trim() || [])
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

function isSite(value: string | undefined): value is CaptchaSite {
  return value === 'mainland' || value === 'international'
}

function isChannel(value: string | undefined): value is CaptchaChannel {
  return value === 'web' || value === 'mini_program'
}

/** What a header can carry; a copied line break is the usual mistake. */
function isKeyText(value: string | undefined): boolean {
  return value !== undefined && /^[\x21-\x7e]+$/.test(value)
}
