import { inspect } from 'node:util'
import { expect } from '@jest/globals'
import fc from 'fast-check'
import { CaptchaConfigError, type CaptchaGuardOptions } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { schema } from '../../lib/options/schema.js'
import { fuzz } from './fuzz-cases.js'
import { hostileText, hostileValue, secretMark } from './hostile-values.js'

const secret = `key-${secretMark}-0123`
const groups = [
  'degradation',
  'degradation.circuit',
  'degradation.fallback',
  'degradation.rules',
  'degradation.outage',
  'credential',
]
const optionNames = [
  ...Object.keys(schema.entries),
  'degradation.circuit.windowMs',
  'degradation.circuit.failureRate',
  'degradation.circuit.canaryIntervalMs',
  'degradation.fallback.maxAgeMs',
  'degradation.fallback.scriptUrl',
  'degradation.outage.perClient.limit',
  'degradation.doubt.total.floorPerMinute',
  'degradation.rules.timeout',
  'degradation.expectedPerMinute',
  'credential.secretId',
  'credential.secretKey',
  'credential.token',
]
const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...optionNames) },
  { weight: 1, arbitrary: fc.constantFrom(...groups) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...groups), hostileText)
      .map(([group, name]) => `${group}.${name.replaceAll('.', '')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('timeout', 'secretkey', 'TimeoutMs', 'rules', '__proto__', 'constructor', ''),
  },
)
const value = fc.oneof(
  { weight: 5, arbitrary: hostileValue },
  // A key in the wrong place.
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      secret,
      [secret],
      { [secret]: 1 },
      `https://user:${secret}@x/`,
      `https://x/?${secret}`,
      `${secret}.example`,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(0, 1, -1, 2 ** 31, 0.5, 'web', 'pass', 'https://x/', [
      'https://x/',
      'nonsense',
    ]),
  },
)
const cases = fc.array(fc.tuple(path, value), { minLength: 1, maxLength: 3 })

/** Sound options with some members changed. */
function optionsOf(changes: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const options = soundOptions()
  for (const [where, changed] of changes) {
    const names = where.split('.')
    let group: Record<string, unknown> = options
    for (const name of names.slice(0, -1)) {
      const inner = Object.hasOwn(group, name) ? group[name] : undefined
      if (typeof inner !== 'object' || inner === null) group[name] = {}
      group = group[name] as Record<string, unknown>
    }
    Object.defineProperty(group, names.at(-1) as string, {
      value: changed,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return options
}

function soundOptions(): Record<string, unknown> {
  return {
    captchaAppId: 190000001,
    appSecretKey: secret,
    credential: { secretId: `id-${secretMark}`, secretKey: secret },
    degradation: {},
  }
}

fuzz(
  'options',
  'options make a frozen config or an error that names the option and no secret, and stay as they were',
  cases,
  (changes) => {
    const options = optionsOf(changes)
    const before = inspect(options, { depth: 9 })
    try {
      const config = parseOptions(options as unknown as CaptchaGuardOptions)
      expect([Object.isFrozen(config), Object.isFrozen(config.degradation)]).toEqual([true, true])
    } catch (error) {
      expect(error).toBeInstanceOf(CaptchaConfigError)
      const { message, option, stack } = error as CaptchaConfigError
      expect(message).toMatch(/^tencent-captcha-guard: /)
      expect(`${message} ${stack}`).not.toContain(secretMark)
      expect(typeof option).toBe('string')
    }
    expect(inspect(options, { depth: 9 })).toBe(before)
  },
)
