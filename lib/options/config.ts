import { IncomingMessage } from 'node:http'
import { type InferOutput, safeParse } from 'valibot'
import { apiEndpoints, scriptUrls } from '../tencent/hosts.js'
import type { Transport } from '../tencent/upstream.js'
import type { CaptchaChannel, CaptchaRequest } from '../types.js'
import { CaptchaConfigError, describeValue, kindOf, optionError, secretsOf } from './captcha-config-error.js'
import type { CaptchaGuardOptions, CircuitOptions } from './options.js'
import { schema } from './schema.js'

type Parsed = InferOutput<typeof schema>
type ParsedDegradation = Parsed['degradation']

/** Every option decided, frozen: what the guard runs on. */
export interface GuardConfig extends Omit<Parsed, 'credential' | 'client' | 'endpoint' | 'channel' | 'degradation'> {
  /** How calls reach Tencent. */
  readonly transport: Transport
  /** Channel of one request. */
  readonly channel: (req: CaptchaRequest) => CaptchaChannel
  /** Channel of the canary: that of the requests, or `'web'` where a function decides it. */
  readonly canaryChannel: CaptchaChannel
  /** Rules, purses, circuit and fallback tickets. */
  readonly degradation: DegradationConfig
  /** The site options that the caller gave, as parsed, by path. An option that was not given has no key. */
  readonly given: { readonly [option in SiteOption]?: unknown }
}

/** `degradation` of the config. */
export interface DegradationConfig extends ParsedDegradation {
  /** When calls stop and start again. */
  readonly circuit: CircuitConfig
  /** Fallback tickets and the probe of the script. */
  readonly fallback: ParsedDegradation['fallback'] & { readonly scriptUrl: string }
}

/** `degradation.outage` and `degradation.doubt` of the config. */
export type PurseConfig = ParsedDegradation['outage']

/** `degradation.circuit` of the config. */
export type CircuitConfig = { readonly [name in keyof CircuitOptions]-?: number }

/** Paths of the options that belong to the site, and not to one of its guards. */
export const siteOptions = [
  'appSecretKey',
  'credential',
  'client',
  'endpoint',
  'site',
  'store',
  'maxInFlight',
  'degradation.circuit.consecutiveFailures',
  'degradation.circuit.failureRate',
  'degradation.circuit.minimumCalls',
  'degradation.circuit.windowMs',
  'degradation.circuit.canaryIntervalMs',
  'degradation.circuit.canaryMaxIntervalMs',
  'degradation.expectedPerMinute',
  'degradation.lateVerification',
  'degradation.fallback.probe',
  'degradation.fallback.scriptUrl',
] as const

/** Path of an option that belongs to the site. */
export type SiteOption = (typeof siteOptions)[number]

/** Checks, completes and freezes the options. Throws {@link CaptchaConfigError}; never writes to what it was given. */
export function parseOptions(options: CaptchaGuardOptions): GuardConfig {
  if ((options as unknown) instanceof IncomingMessage) {
    throw new CaptchaConfigError(
      'options',
      'it looks as if you wrote app.use(captchaGuard); write app.use(captchaGuard({ … })).',
    )
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CaptchaConfigError(
      'options',
      `the options must be an object, not ${kindOf(options)}. Give at least captchaAppId, appSecretKey and credential.`,
    )
  }
  const result = safeParse(schema, options)
  if (!result.success) throw optionError(result.issues[0], schema.entries, options)
  const { credential, client, endpoint, channel, degradation, ...rest } = result.output
  if (rest.site === 'international' && channel === 'mini_program') {
    throw new CaptchaConfigError(
      'channel',
      "option `channel` is 'mini_program', which the international site does not offer. Use site: 'mainland'.",
    )
  }
  const scriptUrl = degradation.fallback.scriptUrl ?? scriptUrls[rest.site]
  return Object.freeze({
    ...rest,
    transport: Object.freeze(transport(result.output, options)),
    channel: typeof channel === 'function' ? channel : () => channel,
    canaryChannel: typeof channel === 'function' ? 'web' : channel,
    degradation: Object.freeze({
      ...degradation,
      circuit: Object.freeze(circuit(degradation.circuit)),
      fallback: Object.freeze({ ...degradation.fallback, scriptUrl }),
    }),
    given: Object.freeze(given(result.output, options)),
  })
}

function transport(
  { client, credential, endpoint, site }: Parsed,
  options: CaptchaGuardOptions,
): GuardConfig['transport'] {
  if (client !== undefined) {
    const excluded = (['credential', 'endpoint', 'site'] as const).find((name) => options[name] !== undefined)
    if (excluded === undefined) return { kind: 'client', client }
    throw new CaptchaConfigError(
      excluded,
      `option \`${excluded}\` cannot be combined with \`client\`: the client has its own. Remove one of the two.`,
    )
  }
  if (credential === undefined) {
    throw new CaptchaConfigError(
      'credential',
      'option `credential` is missing. Give { secretId, secretKey } of a Tencent Cloud sub-account, { getCredential() }, or a `client`.',
    )
  }
  return {
    kind: 'https',
    endpoints: Object.freeze(endpointUrls(endpoint ?? apiEndpoints[site], secretsOf(options))),
    credential,
  }
}

function endpointUrls(endpoints: readonly string[], secrets: readonly string[]): readonly [URL, ...URL[]] {
  const [preferred, ...others] = endpoints
  if (preferred === undefined) {
    throw new CaptchaConfigError(
      'endpoint',
      'option `endpoint` is an empty list; it must be a URL or a list of at least one, or be left out.',
    )
  }
  const twice = endpoints.find((url, index) => endpoints.indexOf(url) < index)
  if (twice !== undefined) {
    throw new CaptchaConfigError(
      'endpoint',
      `option \`endpoint\` ${describeValue('endpoint', twice, secrets)} twice; it must be a list without duplicates: remove one of the two.`,
    )
  }
  return [new URL(preferred), ...others.map((url) => new URL(url))]
}

function circuit(parsed: ParsedDegradation['circuit']): CircuitConfig {
  const { canaryIntervalMs, canaryMaxIntervalMs = Math.max(8000, canaryIntervalMs) } = parsed
  if (canaryMaxIntervalMs >= canaryIntervalMs) return { ...parsed, canaryMaxIntervalMs }
  throw new CaptchaConfigError(
    'degradation.circuit.canaryMaxIntervalMs',
    `option \`degradation.circuit.canaryMaxIntervalMs\` is ${canaryMaxIntervalMs}, less than \`canaryIntervalMs\` (${canaryIntervalMs}). Make it at least as large.`,
  )
}

function given(parsed: Parsed, options: CaptchaGuardOptions): GuardConfig['given'] {
  const paths = siteOptions.filter((path) => memberAt(options, path) !== undefined)
  return Object.fromEntries(paths.map((path) => [path, memberAt(parsed, path)]))
}

function memberAt(options: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((group, name) => (group as Readonly<Record<string, unknown>> | undefined)?.[name], options)
}
