import * as v from 'valibot'
import { type DegradationCause, degradationCauses } from '../admission/cause-table.js'
import { readTokenByDefault } from '../read-token.js'
import type { CaptchaStore } from '../store/captcha-store.js'
import { isHeaderSafe } from '../tencent/credentials/read-credential.js'
import type {
  CaptchaClient,
  CaptchaLogger,
  CaptchaRequest,
  DynamicCredential,
  SdkCredential,
  TencentCredential,
} from '../types.js'
import type { CaptchaGuardOptions, DegradationRule } from './options.js'
import { callback, durationMs, flag, httpUrl, integer, isObject, numberThat, objectOf, text } from './schema-parts.js'

const count = integer(1, Number.MAX_SAFE_INTEGER, 'an integer, at least 1')
const nonNegative = numberThat('a number, 0 or more', (value) => Number.isFinite(value) && value >= 0)
const positive = numberThat('a number above 0', (value) => Number.isFinite(value) && value > 0)
const share = numberThat('a number above 0, at most 1', (value) => value > 0 && value <= 1)
type EndpointSchema = v.GenericSchema<string | readonly string[], readonly string[]>
const oneEndpoint = v.pipe(
  httpUrl,
  v.transform((url) => [url]),
)

type Documented<Name extends keyof CaptchaGuardOptions> = Exclude<CaptchaGuardOptions[Name], string | undefined>
const withMethods = <Type>(expected: string, ...names: readonly string[]) =>
  v.custom<Type>(
    (value) => isObject(value) && names.every((name) => typeof Reflect.get(value, name) === 'function'),
    expected,
  )

/** An object that may be absent: each member then has its own default. */
const group = <const Entries extends v.ObjectEntries>(entries: Entries) => v.optional(objectOf(entries), {} as never)

const keyMessage = 'a string of visible ASCII characters, without blanks and line breaks, as an HTTP header carries it'
const key = v.custom<string>(isHeaderSafe, keyMessage)
/** Copied, so that later changes of the caller's object change nothing. */
const keyPair = v.pipe(
  v.looseObject(
    { secretId: key, secretKey: key, token: v.nullish(key) },
    'an object with secretId and secretKey, or with getCredential()',
  ),
  v.transform(({ secretId, secretKey, token }) => Object.freeze({ secretId, secretKey, ...(token && { token }) })),
)
const dynamicCredential = v.custom<DynamicCredential>(isDynamicCredential)
type CredentialSchema = v.GenericSchema<SdkCredential | DynamicCredential, TencentCredential | DynamicCredential>

const rule = v.custom<DegradationRule>(
  (value) => value === 'pass' || value === 'refuse' || typeof value === 'function',
  "'pass', 'refuse' or a function",
)
/** Without defaults: the cause table has them, and a decision's trace says whose rule it was. */
const rules = Object.fromEntries(degradationCauses.map((cause) => [cause, v.optional(rule)])) as Record<
  DegradationCause,
  v.OptionalSchema<typeof rule, undefined>
>

type PurseNumber = 'limit' | 'windowMs' | 'floorPerMinute' | 'baselineFactor' | 'startPerMinute'
const purse = (defaults: Readonly<Record<PurseNumber, number>>) =>
  group({
    perClient: group({
      limit: v.optional(integer(0, 1_000_000, 'an integer from 0 to 1000000'), defaults.limit),
      windowMs: v.optional(durationMs(), defaults.windowMs),
    }),
    total: group({
      floorPerMinute: v.optional(nonNegative, defaults.floorPerMinute),
      baselineFactor: v.optional(nonNegative, defaults.baselineFactor),
      startPerMinute: v.optional(nonNegative, defaults.startPerMinute),
    }),
  })

/** Milliseconds that a guard waits for Tencent unless told otherwise. */
export const defaultTimeoutMs = 2000

/**
 * Type, default, bounds and error text of each option. Its output is the config, but for the defaults that depend on another
 * option: `endpoint` and `degradation.fallback.scriptUrl` on `site`, `canaryMaxIntervalMs` on `canaryIntervalMs`.
 */
export const schema = objectOf({
  captchaAppId: v.pipe(
    v.custom<number | string>(isCaptchaAppId, 'a positive integer or its digits, as the CAPTCHA console shows it'),
    v.transform(Number),
  ),
  // An environment variable may be undefined; that it is there is checked here.
  appSecretKey: text as v.GenericSchema<string | undefined, string>,
  credential: v.optional(
    v.lazy((given): CredentialSchema => (isDynamicCredential(given) ? dynamicCredential : keyPair)),
  ),
  client: v.optional(
    withMethods<CaptchaClient>('an SDK client with a request(action, params, { signal }) method', 'request'),
  ),
  site: v.optional(v.picklist(['mainland', 'international'], "'mainland' or 'international'"), 'mainland'),
  endpoint: v.optional(v.lazy((given): EndpointSchema => (Array.isArray(given) ? v.array(httpUrl) : oneEndpoint))),
  channel: v.optional(
    v.union(
      [v.picklist(['web', 'mini_program']), callback<Documented<'channel'>>()],
      "'web', 'mini_program' or a function",
    ),
    'web',
  ),
  readToken: v.optional(callback<Documented<'readToken'>>(), () => readTokenByDefault),
  userIp: v.optional(callback<Documented<'userIp'>>(), () => (req: CaptchaRequest) => req.ip),
  clientKey: v.optional(callback<Documented<'clientKey'>>()),
  knownAs: v.optional(callback<Documented<'knownAs'>>()),
  timeoutMs: v.optional(durationMs(), defaultTimeoutMs),
  maxInFlight: v.optional(count, 2048),
  mode: v.optional(v.picklist(['enforce', 'observe'], "'enforce' or 'observe'"), 'enforce'),
  skip: v.optional(callback<Documented<'skip'>>()),
  riskContext: v.optional(callback<Documented<'riskContext'>>()),
  onRefused: v.optional(callback<Documented<'onRefused'>>()),
  degradation: group({
    rules: group(rules),
    expectedPerMinute: v.optional(positive),
    outage: purse({ limit: 20, windowMs: 60_000, floorPerMinute: 120, baselineFactor: 3, startPerMinute: 600 }),
    doubt: purse({ limit: 3, windowMs: 600_000, floorPerMinute: 10, baselineFactor: 0.05, startPerMinute: 10 }),
    circuit: group({
      consecutiveFailures: v.optional(count, 5),
      failureRate: v.optional(share, 0.5),
      minimumCalls: v.optional(count, 20),
      windowMs: v.optional(durationMs(10), 10_000),
      canaryIntervalMs: v.optional(durationMs(), 1000),
      canaryMaxIntervalMs: v.optional(durationMs()),
    }),
    fallback: group({
      maxAgeMs: v.optional(durationMs(), 300_000),
      scriptUrl: v.optional(httpUrl),
      probe: v.optional(flag, true),
    }),
    lateVerification: v.optional(flag, true),
  }),
  store: v.optional(withMethods<CaptchaStore>('a store, such as redisStore(client)', 'connect')),
  logger: v.optional(
    v.union(
      [v.literal(false), withMethods<CaptchaLogger>('', 'debug', 'info', 'warn', 'error')],
      'false, or a logger with debug, info, warn and error methods',
    ),
  ),
  logUserIp: v.optional(
    v.union([v.picklist(['full', 'masked']), v.literal(false)], "'full', 'masked' or false"),
    'masked',
  ),
  onVerdict: v.optional(callback<Documented<'onVerdict'>>()),
  onLateVerdict: v.optional(callback<Documented<'onLateVerdict'>>()),
})

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** The type with its members written out, writable: two of these are the same when all their members are. */
type Spelt<T> = T extends (...args: never) => unknown
  ? T
  : T extends object
    ? { -readonly [K in keyof T]: Spelt<T[K]> }
    : T
/** Does not compile unless the documented options and the schema's input are the same type at every level. */
schema satisfies Same<Spelt<CaptchaGuardOptions>, Spelt<v.InferInput<typeof schema>>> extends true ? object : never

function isCaptchaAppId(value: unknown): boolean {
  const number = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(number) && (number as number) >= 1
}

function isDynamicCredential(value: unknown): value is DynamicCredential {
  return isObject(value) && typeof Reflect.get(value, 'getCredential') === 'function'
}
