import { isDeepStrictEqual } from 'node:util'
import type { CaptchaClient } from '../types.js'
import { CaptchaConfigError, describeValue, secretsOf } from './captcha-config-error.js'
import { type DegradationConfig, type GuardConfig, parseOptions, type SiteOption, siteOptions } from './config.js'
import type { CaptchaGuardOptions } from './options.js'

/** What the guards of one site share: each site option as one of them gave it, else its default. */
export interface SiteConfig
  extends Pick<
      GuardConfig,
      'captchaAppId' | 'appSecretKey' | 'transport' | 'site' | 'canaryChannel' | 'store' | 'maxInFlight'
    >,
    Pick<DegradationConfig, 'circuit' | 'expectedPerMinute' | 'lateVerification'>,
    Pick<DegradationConfig['fallback'], 'probe' | 'scriptUrl'> {}

/** A guard's config and the name that error texts call the guard by. */
export interface LabelledConfig {
  /** For example the guard's place of construction. */
  readonly label: string
  /** What `parseOptions` returned for this guard. */
  readonly config: GuardConfig
}

/** Identity of a site. Two guards of one process belong to the same site when both members are equal (`===`). */
export interface SiteKey {
  /** App id of the guards. */
  readonly captchaAppId: number
  /** Where calls go: URL of the preferred endpoint, or the client object itself. */
  readonly upstream: string | CaptchaClient
}

/** The site that a guard belongs to. */
export function siteKey({ captchaAppId, transport }: GuardConfig): SiteKey {
  return { captchaAppId, upstream: transport.kind === 'client' ? transport.client : transport.endpoints[0].href }
}

/**
 * Combines the site options of all guards of one site; `guards` holds at least one, and all have the same {@link siteKey}.
 * Throws {@link CaptchaConfigError} when two of them gave different values, or values that do not go together.
 */
export function mergeSiteOptions(guards: readonly LabelledConfig[]): SiteConfig {
  let options: Group = { captchaAppId: guards[0]?.config.captchaAppId }
  for (const option of siteOptions) {
    const [first, ...others] = guards.filter(({ config }) => option in config.given)
    if (first === undefined) continue
    const value = first.config.given[option]
    const other = others.find(({ config }) => !isSame(value, config.given[option]))
    if (other !== undefined) throw conflictError(option, first, other)
    options = withMember(options, option.split('.'), value)
  }
  // Parsed again, because a default of the site may depend on an option that another guard gave.
  const config = parseOptions(options as unknown as CaptchaGuardOptions)
  const { captchaAppId, appSecretKey, transport, site, store, maxInFlight, degradation } = config
  const { circuit, expectedPerMinute, lateVerification, fallback } = degradation
  const canaryChannel = guards.every((guard) => guard.config.canaryChannel === 'mini_program') ? 'mini_program' : 'web'
  return Object.freeze({
    ...{ captchaAppId, appSecretKey, transport, site, canaryChannel, store, maxInFlight },
    ...{ circuit, expectedPerMinute, lateVerification, probe: fallback.probe, scriptUrl: fallback.scriptUrl },
  })
}

/**
 * Checks that a guard that joins a running site leaves its endpoints as they are: connections and canaries exist for those alone.
 * Throws {@link CaptchaConfigError}, which names the guard that made the site and the one that joins.
 */
export function checkRunningEndpoints(
  running: SiteConfig,
  merged: SiteConfig,
  members: readonly LabelledConfig[],
): void {
  const [before, after] = [endpointsOf(running), endpointsOf(merged)]
  if (before === after) return
  throw new CaptchaConfigError(
    'endpoint',
    `option \`endpoint\` is ${after} in guard \`${members.at(-1)?.label}\`, whose site runs with ${before} since guard \`${members[0]?.label}\` was made. Give the same list to both.`,
  )
}

function endpointsOf({ transport }: SiteConfig): string {
  return transport.kind === 'client' ? '' : transport.endpoints.map(({ href }) => href).join(' ')
}

type Group = { readonly [name: string]: unknown }

function withMember(group: Group | undefined, [name = '', ...rest]: readonly string[], value: unknown): Group {
  return { ...group, [name]: rest.length === 0 ? value : withMember(group?.[name] as Group | undefined, rest, value) }
}

/** Endpoints and a pair of keys are compared by their members; functions, clients, stores and credential providers by identity. */
function isSame(a: unknown, b: unknown): boolean {
  const isKeyPair = typeof a === 'object' && a !== null && 'secretId' in a && !('getCredential' in a)
  return a === b || ((isKeyPair || Array.isArray(a)) && isDeepStrictEqual(a, b))
}

function conflictError(option: SiteOption, first: LabelledConfig, second: LabelledConfig): CaptchaConfigError {
  const secrets = [first, second].flatMap(({ config }) => secretsOf(config.given))
  const valueIn = ({ label, config }: LabelledConfig) =>
    `${describeValue(option, shown(config.given[option]), secrets)} in guard \`${label}\``
  const isHidden = ['appSecretKey', 'credential', 'client', 'store'].includes(option)
  const problem = isHidden
    ? `differs between guard \`${first.label}\` and guard \`${second.label}\` (not shown)`
    : `${valueIn(first)} and ${valueIn(second)}`
  const fix = isHidden ? 'Give the same one to both.' : 'Give it to one of them only, or the same value to both.'
  return new CaptchaConfigError(
    option,
    `option \`${option}\` ${problem}; guards with the same captchaAppId and the same endpoint or client are one site. ${fix}`,
  )
}

/** Endpoints as text: a list would be shown by its type only. */
function shown(value: unknown): unknown {
  return Array.isArray(value) ? value.join(' ') : value
}
