import { IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import * as v from 'valibot'
import { type DegradationCause, degradationCauses } from '../admission/cause-table.js'
import { readTokenByDefault } from '../read-token.js'
import { isHeaderSafe } from '../tencent/resolve-credential.js'
import type { CaptchaRequest, CaptchaSite, DynamicCredential } from '../types.js'
import { CaptchaConfigError } from './captcha-config-error.js'
import type { CaptchaGuardOptions, CircuitConfig, DegradationConfig, GuardConfig, PurseConfig } from './options.js'

const maxTimerMs = 2_147_483_647

const siteUrls: Readonly<Record<CaptchaSite, { readonly endpoint: string; readonly scriptUrl: string }>> = {
  mainland: {
    endpoint: 'https://captcha.tencentcloudapi.com',
    scriptUrl: 'https://turing.captcha.qcloud.com/TJCaptcha.js',
  },
  international: {
    endpoint: 'https://captcha.intl.tencentcloudapi.com',
    scriptUrl: 'https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js',
  },
}

const integer = (min: number, max = Number.MAX_SAFE_INTEGER) => {
  const message = max === Number.MAX_SAFE_INTEGER ? `an integer, at least ${min}` : `an integer from ${min} to ${max}`
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message))
}
const durationMs = (min = 1) => {
  const message = `an integer number of milliseconds, from ${min} to ${maxTimerMs}`
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(maxTimerMs, message))
}
const nonNegative = v.pipe(
  v.number('a number, 0 or more'),
  v.finite('a number, 0 or more'),
  v.minValue(0, 'a number, 0 or more'),
)
const positive = v.pipe(
  v.number('a number above 0'),
  v.finite('a number above 0'),
  v.check((value) => value > 0, 'a number above 0'),
)
const share = v.pipe(
  v.number('a number above 0, at most 1'),
  v.check((value) => value > 0 && value <= 1, 'a number above 0, at most 1'),
)
const text = v.pipe(v.string('a string that is not empty'), v.regex(/\S/, 'a string that is not empty'))
const flag = v.boolean('true or false')
const aFunction = v.function('a function')
const urlMessage =
  'a string with the whole URL, http:// or https:// included, and without user name, password, query and hash'
const httpUrl = v.pipe(v.string(urlMessage), v.check(isHttpUrl, urlMessage))
const keyMessage = 'a string of visible ASCII characters, without blanks and line breaks, as an HTTP header carries it'
const key = v.custom<string>(isHeaderSafe, keyMessage)
const keyPair = v.looseObject(
  { secretId: key, secretKey: key, token: v.nullish(key) },
  'an object with secretId and secretKey, or with getCredential()',
)
const withMethods = <T>(expected: string, ...names: string[]) =>
  v.custom<T>(
    (value) => isObject(value) && names.every((name) => typeof Reflect.get(value, name) === 'function'),
    expected,
  )

const purse = v.strictObject({
  perClient: v.optional(
    v.strictObject({ limit: v.optional(integer(0, 1_000_000)), windowMs: v.optional(durationMs()) }),
  ),
  total: v.optional(
    v.strictObject({
      floorPerMinute: v.optional(nonNegative),
      baselineFactor: v.optional(nonNegative),
      startPerMinute: v.optional(nonNegative),
    }),
  ),
})

const rule = v.union([v.picklist(['pass', 'refuse']), v.function()], "'pass', 'refuse' or a function")

const schema = v.strictObject({
  captchaAppId: v.custom<number | string>(
    isCaptchaAppId,
    'a positive integer or its digits, as the CAPTCHA console shows it',
  ),
  appSecretKey: text,
  credential: v.optional(v.lazy((given) => (isDynamicCredential(given) ? v.any() : keyPair))),
  client: v.optional(withMethods('an SDK client with a request(action, params, { signal }) method', 'request')),
  site: v.optional(v.picklist(['mainland', 'international'], "'mainland' or 'international'")),
  endpoint: v.optional(httpUrl),
  channel: v.optional(
    v.union([v.picklist(['web', 'mini_program']), v.function()], "'web', 'mini_program' or a function"),
  ),
  readToken: v.optional(aFunction),
  userIp: v.optional(aFunction),
  clientKey: v.optional(aFunction),
  timeoutMs: v.optional(durationMs()),
  maxInFlight: v.optional(integer(1)),
  mode: v.optional(v.picklist(['enforce', 'observe'], "'enforce' or 'observe'")),
  skip: v.optional(aFunction),
  onRefused: v.optional(aFunction),
  degradation: v.optional(
    v.strictObject({
      rules: v.optional(
        v.strictObject(
          Object.fromEntries(degradationCauses.map((cause) => [cause, v.optional(rule)])) as Record<
            DegradationCause,
            v.OptionalSchema<typeof rule, undefined>
          >,
        ),
      ),
      expectedPerMinute: v.optional(positive),
      outage: v.optional(purse),
      doubt: v.optional(purse),
      circuit: v.optional(
        v.strictObject({
          consecutiveFailures: v.optional(integer(1)),
          failureRate: v.optional(share),
          minimumCalls: v.optional(integer(1)),
          windowMs: v.optional(durationMs(10)),
          canaryIntervalMs: v.optional(durationMs()),
          canaryMaxIntervalMs: v.optional(durationMs()),
        }),
      ),
      fallback: v.optional(
        v.strictObject({
          maxAgeMs: v.optional(durationMs()),
          scriptUrl: v.optional(httpUrl),
          probe: v.optional(flag),
        }),
      ),
      lateVerification: v.optional(flag),
    }),
  ),
  store: v.optional(withMethods('a store, such as redisStore(client)', 'connect')),
  logger: v.optional(
    v.union(
      [v.literal(false), withMethods('', 'debug', 'info', 'warn', 'error')],
      'false, or a logger with debug, info, warn and error methods',
    ),
  ),
  logUserIp: v.optional(v.union([v.picklist(['full', 'masked']), v.literal(false)], "'full', 'masked' or false")),
  onVerdict: v.optional(aFunction),
  onLateVerdict: v.optional(aFunction),
})

/** Compiler's check that the schema and the documented options name the same things. */
type KnownOptions = { readonly [name in keyof Required<CaptchaGuardOptions>]: unknown }
schema.entries satisfies KnownOptions

const secretOptions = /^(appSecretKey|credential|client)\b/

/** Checks, defaults and freezes the options. Throws {@link CaptchaConfigError}; never writes to what it was given. */
export function parseOptions(given: CaptchaGuardOptions): GuardConfig {
  if (given instanceof IncomingMessage) {
    throw new CaptchaConfigError(
      'options',
      'it looks as if you wrote app.use(captchaGuard); write app.use(captchaGuard({ … })).',
    )
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new CaptchaConfigError(
      'options',
      `the options must be an object, not ${kindOf(given)}. Give at least captchaAppId, appSecretKey and credential.`,
    )
  }
  const options = withoutUndefined(given) as CaptchaGuardOptions
  rejectListsAsGroups(options, schema.entries, [])
  const result = v.safeParse(schema, options)
  if (!result.success) throw configError(result.issues[0], secretsOf(options))
  return Object.freeze(complete(options, Number(result.output.captchaAppId)))
}

function complete(options: CaptchaGuardOptions, captchaAppId: number): GuardConfig {
  const site = options.site ?? 'mainland'
  const channel = options.channel ?? 'web'
  if (site === 'international' && channel === 'mini_program') {
    throw new CaptchaConfigError(
      'channel',
      "option `channel` is 'mini_program', which the international site does not offer. Use site: 'mainland'.",
    )
  }
  const userIp = options.userIp ?? ((req: CaptchaRequest) => req.ip)
  return {
    captchaAppId,
    appSecretKey: options.appSecretKey as string,
    transport: completeTransport(options, site),
    site,
    channel: typeof channel === 'function' ? channel : () => channel,
    canaryChannel: typeof channel === 'function' ? 'web' : channel,
    readToken: options.readToken ?? readTokenByDefault,
    userIp,
    clientKey: options.clientKey,
    timeoutMs: options.timeoutMs ?? 2000,
    maxInFlight: options.maxInFlight ?? 2048,
    mode: options.mode ?? 'enforce',
    skip: options.skip,
    onRefused: options.onRefused,
    degradation: completeDegradation(options.degradation ?? {}, site),
    store: options.store,
    logger: options.logger,
    logUserIp: options.logUserIp ?? 'masked',
    onVerdict: options.onVerdict,
    onLateVerdict: options.onLateVerdict,
  }
}

function completeTransport(options: CaptchaGuardOptions, site: CaptchaSite): GuardConfig['transport'] {
  if (options.client !== undefined) {
    for (const name of ['credential', 'endpoint', 'site'] as const) {
      if (options[name] !== undefined) {
        throw new CaptchaConfigError(
          name,
          `option \`${name}\` cannot be combined with \`client\`: the client has its own. Remove one of the two.`,
        )
      }
    }
    return Object.freeze({ kind: 'client', client: options.client })
  }
  if (options.credential === undefined) {
    throw new CaptchaConfigError(
      'credential',
      'option `credential` is missing. Give { secretId, secretKey } of a Tencent Cloud sub-account, { getCredential() }, or a `client`.',
    )
  }
  const endpoint = new URL(options.endpoint ?? siteUrls[site].endpoint)
  const credential = options.credential
  if (isDynamicCredential(credential)) return Object.freeze({ kind: 'https', endpoint, credential })
  const { secretId, secretKey, token } = credential
  return Object.freeze({
    kind: 'https',
    endpoint,
    credential: Object.freeze({
      secretId: secretId as string,
      secretKey: secretKey as string,
      ...(token && { token }),
    }),
  })
}

function completeDegradation(
  given: NonNullable<CaptchaGuardOptions['degradation']>,
  site: CaptchaSite,
): DegradationConfig {
  return Object.freeze({
    rules: Object.freeze({ ...given.rules }),
    expectedPerMinute: given.expectedPerMinute,
    outage: completePurse(
      given.outage,
      { limit: 20, windowMs: 60_000 },
      { floorPerMinute: 120, baselineFactor: 3, startPerMinute: 600 },
    ),
    doubt: completePurse(
      given.doubt,
      { limit: 3, windowMs: 600_000 },
      { floorPerMinute: 10, baselineFactor: 0.05, startPerMinute: 10 },
    ),
    circuit: completeCircuit(given.circuit ?? {}),
    fallback: Object.freeze({
      maxAgeMs: given.fallback?.maxAgeMs ?? 300_000,
      scriptUrl: given.fallback?.scriptUrl ?? siteUrls[site].scriptUrl,
      probe: given.fallback?.probe ?? true,
    }),
    lateVerification: given.lateVerification ?? true,
  })
}

function completePurse(
  given: NonNullable<CaptchaGuardOptions['degradation']>['outage'],
  perClient: PurseConfig['perClient'],
  total: PurseConfig['total'],
): PurseConfig {
  return Object.freeze({
    perClient: Object.freeze({
      limit: given?.perClient?.limit ?? perClient.limit,
      windowMs: given?.perClient?.windowMs ?? perClient.windowMs,
    }),
    total: Object.freeze({
      floorPerMinute: given?.total?.floorPerMinute ?? total.floorPerMinute,
      baselineFactor: given?.total?.baselineFactor ?? total.baselineFactor,
      startPerMinute: given?.total?.startPerMinute ?? total.startPerMinute,
    }),
  })
}

function completeCircuit(
  given: NonNullable<NonNullable<CaptchaGuardOptions['degradation']>['circuit']>,
): CircuitConfig {
  const canaryIntervalMs = given.canaryIntervalMs ?? 1000
  const circuit: CircuitConfig = Object.freeze({
    consecutiveFailures: given.consecutiveFailures ?? 5,
    failureRate: given.failureRate ?? 0.5,
    minimumCalls: given.minimumCalls ?? 20,
    windowMs: given.windowMs ?? 10_000,
    canaryIntervalMs,
    canaryMaxIntervalMs: given.canaryMaxIntervalMs ?? Math.max(8000, canaryIntervalMs),
  })
  if (circuit.canaryMaxIntervalMs < canaryIntervalMs) {
    throw new CaptchaConfigError(
      'degradation.circuit.canaryMaxIntervalMs',
      `option \`degradation.circuit.canaryMaxIntervalMs\` is ${circuit.canaryMaxIntervalMs}, less than \`canaryIntervalMs\` (${canaryIntervalMs}). Make it at least as large.`,
    )
  }
  return circuit
}

/** Objects whose identity or later state matters: they are used as they are. */
const keptNames = new Set(['client', 'store', 'logger'])

/** Option objects without their `undefined` members, copied; functions and class instances stay themselves. */
function withoutUndefined(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [
        name,
        isPlainObject(member) && !keptNames.has(name) && !isDynamicCredential(member)
          ? withoutUndefined(member)
          : member,
      ]),
  )
}

type SchemaEntries = Readonly<Record<string, unknown>>

/** What a group of options may hold; `undefined` for an option that is no group. */
function entriesOf(entry: unknown): SchemaEntries | undefined {
  return (entry as { wrapped?: { entries?: SchemaEntries } } | undefined)?.wrapped?.entries
}

/** The validator takes an empty list for an empty object. */
function rejectListsAsGroups(given: object, entries: SchemaEntries, path: readonly string[]): void {
  for (const [name, entry] of Object.entries(entries)) {
    const inner = entriesOf(entry)
    const member: unknown = Reflect.get(given, name)
    if (inner === undefined || !isObject(member)) continue
    const option = [...path, name].join('.')
    if (Array.isArray(member)) {
      throw new CaptchaConfigError(option, `option \`${option}\` is ${render(member)}; it must be an object.`)
    }
    rejectListsAsGroups(member, inner, [...path, name])
  }
}

function configError(issue: v.BaseIssue<unknown>, secrets: readonly string[]): CaptchaConfigError {
  const path = (issue.path ?? []).map((item) => String(item.key))
  const option = path.join('.')
  if (issue.type === 'strict_object' && issue.expected === 'never') return unknownOptionError(path)
  if (issue.input === undefined)
    return new CaptchaConfigError(option, `option \`${option}\` is missing. ${missingFix(option, issue)}`)
  const expected = issue.type === 'strict_object' ? 'an object' : issue.message
  return new CaptchaConfigError(
    option,
    `option \`${option}\` ${describeValue(option, issue.input, secrets)}; it must be ${expected}.`,
  )
}

const missingFixes: Readonly<Record<string, string>> = {
  captchaAppId: 'Give the CaptchaAppId of the CAPTCHA console; is its environment variable set?',
  appSecretKey: 'Give the AppSecretKey of the CAPTCHA console; is its environment variable set?',
  'credential.secretId': 'Give the SecretId of a Tencent Cloud sub-account; is its environment variable set?',
  'credential.secretKey': 'Give the SecretKey of a Tencent Cloud sub-account; is its environment variable set?',
}

function missingFix(option: string, issue: v.BaseIssue<unknown>): string {
  return missingFixes[option] ?? `It must be ${issue.message}.`
}

/** App ids have nine or ten digits. A longer text in their place may be the AppSecretKey: the two are easily swapped. */
const longestShownAppId = 12

function describeValue(option: string, value: unknown, secrets: readonly string[]): string {
  if (secretOptions.test(option)) return `is ${kindOf(value)} (not shown)`
  if (option === 'captchaAppId' && typeof value === 'string' && value.length > longestShownAppId) {
    return 'is a string (not shown: it may be the AppSecretKey)'
  }
  const rendered = render(typeof value === 'string' ? withoutUrlSecrets(value) : value)
  return secrets.some((secret) => rendered.includes(secret)) ? 'holds a secret (not shown)' : `is ${rendered}`
}

/** Every key that was given, so that one in the wrong place is not shown there either. */
function secretsOf({ appSecretKey, credential }: CaptchaGuardOptions): string[] {
  const keys: unknown[] = isObject(credential) ? Object.values(credential) : [credential]
  return [appSecretKey, ...keys].filter((value): value is string => typeof value === 'string' && value.trim() !== '')
}

function withoutUrlSecrets(text: string): string {
  return text.replace(/:\/\/.*@/s, '://…@').replace(/[?#].*/s, (rest) => `${rest[0]}…`)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function unknownOptionError(path: readonly string[]): CaptchaConfigError {
  const option = path.join('.')
  const name = path.at(-1) ?? ''
  const parent = path.slice(0, -1)
  const known = knownNames(parent)
  const similar = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  const elsewhere = pathsByName.get(name)
  const suggestion =
    (similar && [...parent, similar].join('.')) ??
    elsewhere ??
    known.filter((candidate) => isSimilar(name, candidate)).map((candidate) => [...parent, candidate].join('.'))[0]
  const fix = suggestion ? `did you mean \`${suggestion}\`?` : `known options here: ${known.join(', ')}.`
  return new CaptchaConfigError(option, `unknown option \`${option}\`; ${fix}`)
}

/** Where an option of this name is, for those who put it in the wrong group. The first one wins; causes are no options. */
const pathsByName: ReadonlyMap<string, string> = new Map([
  ...pathsIn(schema.entries, [])
    .filter(([, path]) => !path.startsWith('degradation.rules.'))
    .reverse(),
  ...['secretId', 'secretKey', 'token', 'getCredential'].map((name) => [name, `credential.${name}`] as const),
])

function pathsIn(entries: SchemaEntries, parent: readonly string[]): (readonly [string, string])[] {
  return Object.entries(entries).flatMap(([name, entry]) => {
    const path = [...parent, name]
    return [[name, path.join('.')] as const, ...pathsIn(entriesOf(entry) ?? {}, path)]
  })
}

function knownNames(parent: readonly string[]): string[] {
  let entries: SchemaEntries = schema.entries
  for (const name of parent) entries = entriesOf(entries[name]) ?? {}
  return Object.keys(entries)
}

/** Case, one transposition or up to a third of the letters apart. */
function isSimilar(given: string, known: string): boolean {
  const a = given.toLowerCase()
  const b = known.toLowerCase()
  if (a === '') return false
  return a === b || b.startsWith(a) || a.startsWith(b) || editDistance(a, b) <= Math.max(2, Math.floor(b.length / 3))
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

/** Objects by their name only: their members may be secrets. */
function render(value: unknown): string {
  return inspect(value, { depth: -1, customInspect: false, maxStringLength: 60 })
}

function isCaptchaAppId(value: unknown): boolean {
  const number = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(number) && (number as number) >= 1
}

function isDynamicCredential(value: unknown): value is DynamicCredential {
  return isObject(value) && typeof Reflect.get(value, 'getCredential') === 'function'
}

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  return (
    /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  )
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
