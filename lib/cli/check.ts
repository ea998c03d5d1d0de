import { type Command, parseCommandArgs, UsageError } from './command.js'
import { checkText } from './configuration-check/check-text.js'
import { readSettings, type SettingProblem, type SettingValues } from './configuration-check/read-settings.js'
import { redactor } from './configuration-check/redact.js'
import { runCheck } from './configuration-check/run-check.js'
import { type FoundSettings, findSettings } from './configuration-check/setting-sources.js'

const usage = `Usage: tencent-captcha-guard check [options]

Sends one canary (a ticket of fallback form, free of charge) to each endpoint and says whether endpoint, clock, credentials,
app id and secret are right, what Tencent answered, what each phase took, and what to fix. Prints no secret.

Environment:
  CAPTCHA_APP_ID              CaptchaAppId
  CAPTCHA_APP_SECRET_KEY      AppSecretKey
  TENCENTCLOUD_SECRET_ID      SecretId
  TENCENTCLOUD_SECRET_KEY     SecretKey
  TENCENTCLOUD_SESSION_TOKEN  token of temporary keys
  CAPTCHA_SITE                mainland (default) or international
  CAPTCHA_ENDPOINT            one URL, or several with commas between, most preferred first (default: Tencent's)
  CAPTCHA_CHANNEL             web (default) or mini_program
  CAPTCHA_SCRIPT_URL          URL of the page's script (default: Tencent's)

Options:
  --env-file FILE   reads variables from a file, too; those of the environment come first
  --timeout-ms N    deadline of each canary, 100 to 60000 (default 5000)
  --json            the findings as JSON
  -h, --help        this text

Exit codes: 0 all well, 1 something is wrong, 2 the configuration is incomplete.
`

const optionTypes = {
  'env-file': { type: 'string' },
  'timeout-ms': { type: 'string' },
  json: { type: 'boolean' },
} as const

const secretNames = [
  'CAPTCHA_APP_SECRET_KEY',
  'TENCENTCLOUD_SECRET_ID',
  'TENCENTCLOUD_SECRET_KEY',
  'TENCENTCLOUD_SESSION_TOKEN',
] as const satisfies readonly (keyof SettingValues)[]

function readTimeout(given = '5000'): number {
  const timeoutMs = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (timeoutMs >= 100 && timeoutMs <= 60_000) return timeoutMs
  throw new UsageError('--timeout-ms must be an integer from 100 to 60000')
}

function tellProblems(problems: readonly SettingProblem[], isJson: boolean, kind: string): void {
  if (isJson) process.stdout.write(`${JSON.stringify({ isWell: false, [kind]: problems }, null, 2)}\n`)
  const lines = problems.map(({ name, problem }) => `tencent-captcha-guard check: ${name} ${problem}\n`)
  if (!isJson) process.stderr.write(lines.join(''))
}

function credentialSource({ sources }: FoundSettings): string {
  const places = new Set([sources.TENCENTCLOUD_SECRET_ID, sources.TENCENTCLOUD_SECRET_KEY].filter(Boolean))
  return [...places].map((place) => (place === 'environment' ? 'the environment' : place)).join(' and ')
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseCommandArgs(args, optionTypes)
  const timeoutMs = readTimeout(values['timeout-ms'])
  const isJson = values.json === true
  const found = findSettings(process.env, values['env-file'])
  const result = readSettings(found.values)
  if (result.kind !== 'settings') {
    tellProblems(result.problems, isJson, result.kind === 'incomplete' ? 'missing' : 'wrong')
    return result.kind === 'incomplete' ? 2 : 1
  }
  const report = await runCheck(result.settings, credentialSource(found), timeoutMs)
  const redact = redactor(secretNames.map((name) => found.values[name]))
  // Before JSON is made of it: a secret could otherwise break the quotes.
  const shown = JSON.stringify(
    { ...report, sources: found.sources },
    (_, value) => (typeof value === 'string' ? redact(value) : value),
    2,
  )
  process.stdout.write(isJson ? `${shown}\n` : redact(checkText(report)))
  return report.isWell ? 0 : 1
}

/** `tencent-captcha-guard check`: tries the configuration out. */
export const check: Command = {
  name: 'check',
  summary: 'try out the configuration: endpoints, clock, credentials, app id and secret',
  usage,
  run,
}
