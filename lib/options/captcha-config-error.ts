import { inspect } from 'node:util'
import type { BaseIssue } from 'valibot'

/** A wrong, missing or unknown option. Thrown by the call that was given the options: never because of a request. */
export class CaptchaConfigError extends TypeError {
  override readonly name = 'CaptchaConfigError'
  readonly code = 'ERR_CAPTCHA_CONFIG'
  /** The option at fault, as a path: `degradation.circuit.windowMs`. */
  readonly option: string

  constructor(option: string, problem: string) {
    super(`tencent-captcha-guard: ${problem}`)
    this.option = option
  }
}

/** The options of a group by name; a group has `entries` of its own. */
export type OptionEntries = Readonly<Record<string, unknown>>

/** The error that the validator's `issue` stands for: it names the option, its value (never a secret) and the fix. */
export function optionError(issue: BaseIssue<unknown>, entries: OptionEntries, options: object): CaptchaConfigError {
  const secrets = secretsOf(options)
  const path = (issue.path ?? []).map((item) => withoutKeys(String(item.key), secrets))
  const option = path.join('.')
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return unknownOptionError(path, issue.path?.at(-1)?.value, entries)
  }
  const problem =
    issue.input === undefined
      ? `is missing. ${missingFixes[option] ?? `It must be ${issue.message}.`}`
      : `${describeValue(option, issue.input, secrets)}; it must be ${issue.message}.`
  return new CaptchaConfigError(option, `option \`${option}\` ${problem}`)
}

const missingFixes: Readonly<Record<string, string>> = {
  captchaAppId: 'Give the CaptchaAppId of the CAPTCHA console; is its environment variable set?',
  appSecretKey: 'Give the AppSecretKey of the CAPTCHA console; is its environment variable set?',
  'credential.secretId': 'Give the SecretId of a Tencent Cloud sub-account; is its environment variable set?',
  'credential.secretKey': 'Give the SecretKey of a Tencent Cloud sub-account; is its environment variable set?',
}

const hiddenOptions = /^(appSecretKey|credential|client)\b/

/** App ids have nine or ten digits. A longer text in their place may be the AppSecretKey: the two are easily swapped. */
const longestShownAppId = 12

/** `is 5`, as far as the value holds none of `secrets` and belongs to no option that may hold one. */
export function describeValue(option: string, value: unknown, secrets: readonly string[]): string {
  if (hiddenOptions.test(option)) return `is ${kindOf(value)} (not shown)`
  if (option === 'captchaAppId' && typeof value === 'string' && value.length > longestShownAppId) {
    return 'is a string (not shown: it may be the AppSecretKey)'
  }
  const shown = typeof value === 'string' ? withoutUrlSecrets(value) : value
  // Objects by their name only: their members may be secrets.
  const rendered = inspect(shown, { depth: -1, customInspect: false, maxStringLength: 60 })
  return secrets.some((secret) => rendered.includes(secret)) ? 'holds a secret (not shown)' : `is ${rendered}`
}

/** Every key in `appSecretKey` and `credential`, so that one in the wrong place is not shown there either. */
export function secretsOf(options: { readonly appSecretKey?: unknown; readonly credential?: unknown }): string[] {
  const { appSecretKey, credential } = options
  const keys: unknown[] = typeof credential === 'object' ? Object.values(credential ?? {}) : [credential]
  return [appSecretKey, ...keys].filter((key): key is string => typeof key === 'string' && key.trim() !== '')
}

/** Shorter texts are none of Tencent's keys, and may be part of a name by chance. */
const shortestKey = 12

/** The name of a member, but for one that holds a key: one that mixes up names and values must not find it in a log. */
function withoutKeys(name: string, secrets: readonly string[]): string {
  const holdsKey = secrets.some((secret) => secret.length >= shortestKey && name.includes(secret))
  return holdsKey ? '(a key, not shown)' : name
}

function withoutUrlSecrets(text: string): string {
  return text.replace(/:\/\/.*@/s, '://…@').replace(/[?#].*/s, (rest) => `${rest[0]}…`)
}

/** What a value is, without the value: `a string`, `an array`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function unknownOptionError(path: readonly string[], value: unknown, entries: OptionEntries): CaptchaConfigError {
  const option = path.join('.')
  const parent = path.slice(0, -1)
  const name = path.at(-1)?.toLowerCase() ?? ''
  const known = Object.keys(parent.reduce((group, member) => entriesOf(group[member]), entries))
  const here = (similar: string | undefined) => similar && [...parent, similar].join('.')
  const suggestion =
    here(known.find((candidate) => candidate.toLowerCase() === name)) ??
    pathOf(path.at(-1), entries) ??
    here(known.find((candidate) => isSimilar(name, candidate.toLowerCase())))
  const fix = suggestion ? `did you mean \`${suggestion}\`?` : `known options here: ${known.join(', ')}.`
  return new CaptchaConfigError(option, `unknown option \`${option}\`; ${fix} Its value is ${plainValue(value)}.`)
}

/** What no secret can be, or the kind of it: an option that is misspelt may be one that holds a key. */
function plainValue(value: unknown): string {
  const isPlain = typeof value === 'number' || typeof value === 'boolean' || value === null
  return isPlain ? String(value) : `${kindOf(value)} (not shown)`
}

/** Path of the first option with this name in any group, for an option in the wrong group. */
function pathOf(name: string | undefined, entries: OptionEntries): string | undefined {
  const credential = ['secretId', 'secretKey', 'token', 'getCredential'].map((key) => `credential.${key}`)
  // Causes are no options: `timeout` is more likely a misspelt `timeoutMs`.
  const paths = pathsIn(entries).filter((path) => !path.startsWith('degradation.rules.'))
  return [...credential, ...paths].find((path) => path.split('.').at(-1) === name)
}

function pathsIn(entries: OptionEntries): string[] {
  return Object.entries(entries).flatMap(([name, entry]) => [
    name,
    ...pathsIn(entriesOf(entry)).map((path) => `${name}.${path}`),
  ])
}

/** Entries of an optional group; none for an option that is no group. */
function entriesOf(entry: unknown): OptionEntries {
  return (entry as { wrapped?: { entries?: OptionEntries } } | undefined)?.wrapped?.entries ?? {}
}

/** The beginning of one another, or one transposition or up to a third of the letters apart. */
function isSimilar(given: string, known: string): boolean {
  if (given === '') return false
  const farthest = Math.max(2, Math.floor(known.length / 3))
  return known.startsWith(given) || given.startsWith(known) || editDistance(given, known) <= farthest
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
