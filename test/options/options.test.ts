import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { CaptchaConfigError } from '../../lib/options/captcha-config-error.js'
import { type GuardConfig, parseOptions } from '../../lib/options/config.js'
import type { CaptchaGuardOptions } from '../../lib/options/options.js'
import { degradationCauses } from '../../lib/types.js'

const secrets = {
  appSecretKey: 'APPSECRET-qPn',
  secretId: 'AKID-hidden',
  secretKey: 'KEY-hidden',
  token: 'TOKEN-hidden',
}
const { appSecretKey, ...credential } = secrets
const required = { captchaAppId: 190000001, appSecretKey, credential }
const { secretId, secretKey } = credential

type Loose = Record<string, unknown>

function parse(options: unknown): GuardConfig {
  return parseOptions(options as CaptchaGuardOptions)
}

function failure(options: unknown): CaptchaConfigError {
  try {
    parse(options)
  } catch (error) {
    if (error instanceof CaptchaConfigError) return error
    throw error
  }
  throw new Error(`accepted: ${inspect(options)}`)
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`, beside the required options. */
function optionsWith(path: string, value: unknown): Loose {
  const nested = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Loose
  return { ...required, ...nested }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

/** The functions aside, which are made anew each time. */
function comparable({ channel, userIp, transport, ...rest }: GuardConfig): unknown {
  const endpoint = transport.kind === 'https' ? transport.endpoint.href : undefined
  const req = { ip: '203.0.113.7' } as never
  return { ...rest, transport: { ...transport, endpoint }, channel: channel(req), userIp: userIp(req) }
}

const optionalNames = [
  ...['site', 'endpoint', 'channel', 'readToken', 'userIp', 'clientKey', 'timeoutMs', 'maxInFlight', 'mode', 'skip'],
  ...['onRefused', 'degradation', 'store', 'logger', 'logUserIp', 'onVerdict', 'onLateVerdict', 'client'],
]

const groups = {
  degradation: ['rules', 'expectedPerMinute', 'outage', 'doubt', 'circuit', 'fallback', 'lateVerification'],
  'degradation.rules': degradationCauses,
  'degradation.outage': ['perClient', 'total'],
  'degradation.outage.perClient': ['limit', 'windowMs'],
  'degradation.outage.total': ['floorPerMinute', 'baselineFactor', 'startPerMinute'],
  'degradation.doubt': ['perClient', 'total'],
  'degradation.doubt.perClient': ['limit', 'windowMs'],
  'degradation.doubt.total': ['floorPerMinute', 'baselineFactor', 'startPerMinute'],
  'degradation.circuit': [
    ...['consecutiveFailures', 'failureRate', 'minimumCalls', 'windowMs', 'canaryIntervalMs', 'canaryMaxIntervalMs'],
  ],
  'degradation.fallback': ['maxAgeMs', 'scriptUrl', 'probe'],
}

function undefinedMembers(names: readonly string[]): Loose {
  return Object.fromEntries(names.map((name) => [name, undefined]))
}

describe('the defaults', () => {
  const defaults = parse(required)

  test('are what the options table says', () => {
    expect(comparable(defaults)).toEqual({
      captchaAppId: 190000001,
      appSecretKey,
      transport: { kind: 'https', endpoint: 'https://captcha.tencentcloudapi.com/', credential },
      site: 'mainland',
      channel: 'web',
      canaryChannel: 'web',
      readToken: expect.any(Function),
      userIp: '203.0.113.7',
      clientKey: undefined,
      timeoutMs: 2000,
      maxInFlight: 2048,
      mode: 'enforce',
      skip: undefined,
      onRefused: undefined,
      degradation: {
        rules: {
          ...Object.fromEntries(degradationCauses.map((cause) => [cause, 'pass'])),
          misconfigured: 'refuse',
        },
        expectedPerMinute: undefined,
        outage: {
          perClient: { limit: 20, windowMs: 60_000 },
          total: { floorPerMinute: 120, baselineFactor: 3, startPerMinute: 600 },
        },
        doubt: {
          perClient: { limit: 3, windowMs: 600_000 },
          total: { floorPerMinute: 10, baselineFactor: 0.05, startPerMinute: 10 },
        },
        circuit: {
          consecutiveFailures: 5,
          failureRate: 0.5,
          minimumCalls: 20,
          windowMs: 10_000,
          canaryIntervalMs: 1000,
          canaryMaxIntervalMs: 8000,
        },
        fallback: {
          maxAgeMs: 300_000,
          scriptUrl: 'https://turing.captcha.qcloud.com/TJCaptcha.js',
          probe: true,
        },
        lateVerification: true,
      },
      store: undefined,
      logger: undefined,
      logUserIp: 'masked',
      onVerdict: undefined,
      onLateVerdict: undefined,
    })
  })

  test('apply when every optional option is undefined', () => {
    expect(comparable(parse({ ...undefinedMembers(optionalNames), ...required }))).toEqual(comparable(defaults))
  })

  test('apply when the options have no prototype', () => {
    const options = Object.assign(Object.create(null), required, { degradation: Object.create(null) })
    expect(comparable(parse(options))).toEqual(comparable(defaults))
  })

  test.each(Object.entries(groups))('apply when %s is left empty in any way', (path, names) => {
    class Group {}
    const empties = [
      undefined,
      {},
      Object.create(null),
      undefinedMembers(names),
      Object.assign(Object.create(null), undefinedMembers(names)),
      Object.assign(new Group(), undefinedMembers(names)),
    ]
    for (const empty of empties) expect(comparable(parse(optionsWith(path, empty)))).toEqual(comparable(defaults))
  })

  test('apply to undefined members inside a group that is an instance of a class', () => {
    class Group {
      readonly perClient = { limit: undefined, windowMs: undefined }
      readonly total = undefined
    }
    const config = parse({ ...required, degradation: { outage: new Group() } })
    expect(config.degradation).toEqual(defaults.degradation)
  })

  test('know their groups completely', () => {
    for (const [path, names] of Object.entries(groups)) {
      const known = failure(optionsWith(path, { '?': 1 })).message.replace(/^.*known options here: (.*)\.$/, '$1')
      expect(known.split(', ')).toEqual([...names])
    }
    const known = failure({ ...required, '?': 1 }).message.replace(/^.*known options here: (.*)\.$/, '$1')
    expect(known.split(', ').sort()).toEqual([...Object.keys(required), ...optionalNames].sort())
  })

  test('follow the site', () => {
    const { transport, degradation } = parse({ ...required, site: 'international' })
    expect(transport).toMatchObject({ endpoint: new URL('https://captcha.intl.tencentcloudapi.com') })
    expect(degradation.fallback.scriptUrl).toBe('https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js')
  })

  test('leave the longest canary interval at least as long as the interval', () => {
    const { circuit } = parse(optionsWith('degradation.circuit.canaryIntervalMs', 20_000)).degradation
    expect(circuit.canaryMaxIntervalMs).toBe(20_000)
  })
})

describe('accepted values', () => {
  test.each([190000001, '190000001', 1, '9007199254740991'])('captchaAppId %p becomes a number', (captchaAppId) => {
    expect(parse({ ...required, captchaAppId }).captchaAppId).toBe(Number(captchaAppId))
  })

  test.each(['web', 'mini_program'] as const)('channel %p decides the channel of requests and canary', (channel) => {
    const config = parse({ ...required, channel })
    expect([config.channel({} as never), config.canaryChannel]).toEqual([channel, channel])
  })

  test('a channel function is asked for each request; the canary stays on the web', () => {
    const config = parse({ ...required, channel: (req: { kind: string }) => req.kind })
    expect([config.channel({ kind: 'mini_program' } as never), config.canaryChannel]).toEqual(['mini_program', 'web'])
  })

  test.each([
    ['endpoint', 'http://127.0.0.1:3001'],
    ['timeoutMs', 1],
    ['timeoutMs', 2_147_483_647],
    ['maxInFlight', 1],
    ['mode', 'observe'],
    ['logger', false],
    ['logUserIp', false],
    ['logUserIp', 'full'],
    ['degradation.rules.timeout', 'refuse'],
    ['degradation.rules.misconfigured', () => 'pass'],
    ['degradation.outage.perClient.limit', 0],
    ['degradation.doubt.total.startPerMinute', 0],
    ['degradation.expectedPerMinute', 0.5],
    ['degradation.circuit.failureRate', 1],
    ['degradation.fallback.probe', false],
    ['degradation.lateVerification', false],
  ])('%s: %p is taken as it is', (path, value) => {
    const config = parse(optionsWith(path, value))
    const { transport } = config
    const flat = { ...config, ...(transport.kind === 'https' && { endpoint: transport.endpoint.origin }) }
    expect(path.split('.').reduce<unknown>((inner, name) => (inner as Loose)[name], flat)).toBe(value)
  })

  test('one member of a group leaves its siblings at their defaults', () => {
    const { outage } = parse(optionsWith('degradation.outage.perClient.limit', 5)).degradation
    expect(outage.perClient).toEqual({ limit: 5, windowMs: 60_000 })
  })

  test('a client, a store and a logger are used as they are', () => {
    const client = { request: async () => ({}), calls: undefined }
    const store = { kind: 'x', connect: () => ({}) }
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const config = parse({ captchaAppId: 1, appSecretKey, client, store, logger })
    expect(config.transport).toEqual({ kind: 'client', client })
    expect(config.transport.kind === 'client' && config.transport.client).toBe(client)
    expect(config.store).toBe(store)
    expect(config.logger).toBe(logger)
  })

  test('a dynamic credential is used as it is, so that it may change its own state', () => {
    const dynamic = { secretId: 'old', getCredential: async () => ({}) }
    const { transport } = parse({ ...required, credential: dynamic })
    expect(transport.kind === 'https' && transport.credential).toBe(dynamic)
  })

  test('a static credential is copied, with nothing but the keys', () => {
    class Credential {
      readonly secretId = 'id'
      readonly secretKey = 'key'
      readonly token = null
    }
    const { transport } = parse({ ...required, credential: new Credential() })
    expect(transport.kind === 'https' && transport.credential).toEqual({ secretId: 'id', secretKey: 'key' })
  })
})

describe('the caller’s object', () => {
  test('is never written to', () => {
    const options = deepFreeze({
      ...required,
      timeoutMs: 500,
      degradation: {
        rules: { timeout: 'refuse' as const, throttled: undefined },
        outage: { perClient: { limit: 1 } },
        circuit: {},
      },
    })
    const before = structuredClone(options)
    parse(options)
    expect(options).toEqual(before)
  })

  test('is not read again: changing it later changes nothing', () => {
    const options = { ...required, credential: { ...credential }, degradation: { outage: { perClient: { limit: 1 } } } }
    const config = parse(options)
    options.degradation.outage.perClient.limit = 1000
    options.credential.secretKey = 'other'
    expect(config.degradation.outage.perClient.limit).toBe(1)
    expect(config.transport).toMatchObject({ credential: { secretKey } })
  })

  test('leads to a config that is frozen to the last group', () => {
    const config = parse(required)
    const { degradation, transport } = config
    const { rules, outage, doubt, circuit, fallback } = degradation
    const parts = [
      config,
      transport,
      degradation,
      rules,
      outage,
      outage.perClient,
      outage.total,
      doubt,
      circuit,
      fallback,
    ]
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true)
    if (transport.kind === 'https') expect(Object.isFrozen(transport.credential)).toBe(true)
  })
})

const notFunctions = ['x', 1, true, null, {}, []]
const notDurations = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31,
  '2000',
  null,
  true,
  {},
  [],
  5n,
  () => 1,
]
const notCounts = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}, 2n]
const notAmounts = [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}, 2n]
const notUrls = ['', 'captcha.tencentcloudapi.com', '//host', 'ftp://host', 'http://', 'x', 5, null, {}]
const notGroups = [5, 'x', null, true, [], () => {}]

const badValues: Readonly<Record<string, readonly unknown[]>> = {
  captchaAppId: [
    0,
    -1,
    1.5,
    2 ** 53,
    Number.NaN,
    '',
    ' 1',
    '0190000001',
    '1e3',
    '0x1',
    '-1',
    'abc',
    '9'.repeat(30),
    1n,
    null,
    {},
    [],
  ],
  appSecretKey: ['', ' ', '\n', 5, null, {}, [], true],
  site: ['china', 'intl', '', null, 1, 'Mainland'],
  endpoint: [...notUrls, 'http://h/?a=1', 'http://h/#a', 'http://u@h', new URL('http://127.0.0.1')],
  channel: ['mini', 'WEB', '', null, 1, {}],
  readToken: notFunctions,
  userIp: notFunctions,
  clientKey: notFunctions,
  skip: notFunctions,
  onRefused: notFunctions,
  onVerdict: notFunctions,
  onLateVerdict: notFunctions,
  timeoutMs: notDurations,
  maxInFlight: notCounts,
  mode: ['monitor', '', null, true],
  store: [5, 'redis', null, {}, { connect: 'x' }, []],
  logger: [true, 'info', null, {}, { info() {} }, console.log],
  logUserIp: ['partial', true, null, 'none', 0],
  degradation: notGroups,
  'degradation.rules': notGroups,
  'degradation.expectedPerMinute': [0, ...notAmounts],
  'degradation.circuit': notGroups,
  'degradation.circuit.consecutiveFailures': notCounts,
  'degradation.circuit.failureRate': [0, -0.1, 1.01, Number.NaN, '0.5', null],
  'degradation.circuit.minimumCalls': notCounts,
  'degradation.circuit.windowMs': [...notDurations, 9],
  'degradation.circuit.canaryIntervalMs': notDurations,
  'degradation.circuit.canaryMaxIntervalMs': [...notDurations, 999],
  'degradation.fallback': notGroups,
  'degradation.fallback.maxAgeMs': notDurations,
  'degradation.fallback.scriptUrl': notUrls,
  'degradation.fallback.probe': ['no', 0, null],
  'degradation.lateVerification': ['no', 0, null],
  ...Object.fromEntries(
    degradationCauses.map((cause) => [`degradation.rules.${cause}`, ['allow', '', true, null, {}, []]]),
  ),
  ...Object.fromEntries(
    ['outage', 'doubt'].flatMap((purse) => [
      [`degradation.${purse}`, notGroups],
      [`degradation.${purse}.perClient`, notGroups],
      [`degradation.${purse}.perClient.limit`, [-1, 1.5, Number.NaN, 1_000_001, '5', null]],
      [`degradation.${purse}.perClient.windowMs`, notDurations],
      [`degradation.${purse}.total`, notGroups],
      [`degradation.${purse}.total.floorPerMinute`, notAmounts],
      [`degradation.${purse}.total.baselineFactor`, notAmounts],
      [`degradation.${purse}.total.startPerMinute`, notAmounts],
    ]),
  ),
}

describe('a wrong value', () => {
  test.each(Object.entries(badValues))('of %s throws, naming the option, the value and the fix', (path, values) => {
    for (const value of values) {
      const error = failure(optionsWith(path, value))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ name: 'CaptchaConfigError', code: 'ERR_CAPTCHA_CONFIG', option: path })
      expect(error.message).toMatch(
        /^tencent-captcha-guard: option `[\w.]+` (is|holds) .+(; it must be .+|Make it .+)\.$/,
      )
      expect(error.message).toContain(`\`${path}\``)
      expect(error.message).not.toMatch(/Invalid|Expected|received|undefined/)
    }
  })

  test.each([
    [
      optionsWith('timeoutMs', '2000'),
      "option `timeoutMs` is '2000'; it must be an integer number of milliseconds, from 1 to 2147483647.",
    ],
    [optionsWith('mode', 'monitor'), "option `mode` is 'monitor'; it must be 'enforce' or 'observe'."],
    [
      optionsWith('captchaAppId', 0),
      'option `captchaAppId` is 0; it must be a positive integer or its digits, as the CAPTCHA console shows it.',
    ],
    [optionsWith('store', { url: 'x' }), 'option `store` is [Object]; it must be a store, such as redisStore(client).'],
    [
      optionsWith('appSecretKey', ''),
      'option `appSecretKey` is an empty string (not shown); it must be a string that is not empty.',
    ],
    [
      { captchaAppId: 1, appSecretKey: undefined, credential },
      'option `appSecretKey` is missing. Give the AppSecretKey of the CAPTCHA console; is its environment variable set?',
    ],
    [
      { ...required, credential: { secretId, secretKey: undefined } },
      'option `credential.secretKey` is missing. Give the SecretKey of a Tencent Cloud sub-account; is its environment variable set?',
    ],
    [
      undefined,
      'the options must be an object, not undefined. Give at least captchaAppId, appSecretKey and credential.',
    ],
  ])('reads well: %#', (options, message) => {
    expect(failure(options).message).toBe(`tencent-captcha-guard: ${message}`)
  })

  test.each([
    ['captchaAppId', { appSecretKey, credential }],
    ['appSecretKey', { captchaAppId: 1, credential }],
    ['credential', { captchaAppId: 1, appSecretKey }],
    ['credential.secretId', { ...required, credential: {} }],
    ['credential.secretId', { ...required, credential: { getCredential: 5 } }],
    ['credential.secretKey', { ...required, credential: { secretId } }],
  ])('missing %s throws and says where to find it', (option, options) => {
    const error = failure(options)
    expect(error.option).toBe(option)
    expect(error.message).toMatch(/is missing\. Give .+[.?]$/)
  })

  test.each([undefined, null, 5, 'text', [], () => {}, Symbol('x')])('options that are %p throw', (options) => {
    expect(failure(options)).toMatchObject({ option: 'options' })
  })

  test('app.use(captchaGuard) without a call is recognised', () => {
    expect(failure(new IncomingMessage(new Socket())).message).toContain('write app.use(captchaGuard({ … }))')
  })
})

describe('credential keys', () => {
  const uncarriable = ['', ' ', 'a b', 'key\n', '\r\nX: 1', 'ключ', 'a\u0000', '\t', '\u00e9', 'x\u007f', 5, {}, []]

  test.each(['secretId', 'secretKey', 'token'])('that an HTTP header cannot carry throw: %s', (name) => {
    for (const value of uncarriable) {
      const error = failure({ ...required, credential: { ...credential, [name]: value } })
      expect(error.option).toBe(`credential.${name}`)
      expect(error.message).toContain('it must be a string of visible ASCII characters, without blanks and line breaks')
    }
  })

  test.each([undefined, null])('may lack the token: %p', (token) => {
    const { transport } = parse({ ...required, credential: { ...credential, token } })
    expect(transport).toMatchObject({ credential: { secretId, secretKey } })
    expect(transport.kind === 'https' && 'token' in transport.credential).toBe(false)
  })
})

describe('options that do not go together', () => {
  const client = { request: async () => ({}) }
  const withClient = { captchaAppId: 1, appSecretKey, client }

  test.each([
    ['credential', credential],
    ['endpoint', 'http://127.0.0.1:1'],
    ['site', 'mainland'],
    ['site', 'international'],
  ])('client and %s', (name, value) => {
    const error = failure({ ...withClient, [name]: value })
    expect(error.option).toBe(name)
    expect(error.message).toMatch(/cannot be combined with `client`.*Remove one/)
  })

  test('client and undefined credential, endpoint and site are fine', () => {
    parse({ ...withClient, credential: undefined, endpoint: undefined, site: undefined })
  })

  test('the international site and mini programs', () => {
    const error = failure({ ...required, site: 'international', channel: 'mini_program' })
    expect(error.option).toBe('channel')
    expect(error.message).toContain("Use site: 'mainland'")
  })
})

describe('an unknown option', () => {
  test.each([
    [{ timeout: 1 }, 'timeout', 'timeoutMs'],
    [{ timeoutMS: 1 }, 'timeoutMS', 'timeoutMs'],
    [{ tiemoutMs: 1 }, 'tiemoutMs', 'timeoutMs'],
    [{ appSecretkey: 'x' }, 'appSecretkey', 'appSecretKey'],
    [{ captchaAppID: 1 }, 'captchaAppID', 'captchaAppId'],
    [{ endPoint: 'x' }, 'endPoint', 'endpoint'],
    [{ credentials: {} }, 'credentials', 'credential'],
    [{ onRefuse: () => {} }, 'onRefuse', 'onRefused'],
    [{ secretKey: 'x' }, 'secretKey', 'credential.secretKey'],
    [{ rules: {} }, 'rules', 'degradation.rules'],
    [{ scriptUrl: 'x' }, 'scriptUrl', 'degradation.fallback.scriptUrl'],
    [{ degradation: { timeoutMs: 5 } }, 'degradation.timeoutMs', 'timeoutMs'],
    [{ degradation: { rules: { timout: 'pass' } } }, 'degradation.rules.timout', 'degradation.rules.timeout'],
    [{ degradation: { circuit: { windowMS: 5 } } }, 'degradation.circuit.windowMS', 'degradation.circuit.windowMs'],
    [
      { degradation: { doubt: { perClient: { limits: 5 } } } },
      'degradation.doubt.perClient.limits',
      'degradation.doubt.perClient.limit',
    ],
  ])('%p asks “did you mean …?”', (extra, option, suggestion) => {
    const error = failure({ ...required, ...extra })
    expect(error.option).toBe(option)
    expect(error.message).toContain(`unknown option \`${option}\`; did you mean \`${suggestion}\`?`)
  })

  test.each(['zzzzz', 'constructor', 'toString', 'hasOwnProperty', ''])(
    '%p without a likeness lists the known ones',
    (name) => {
      expect(failure({ ...required, [name]: 1 }).message).toMatch(/known options here: captchaAppId, .+\.$/)
    },
  )

  test('__proto__ from parsed JSON is unknown too', () => {
    const options = JSON.parse(JSON.stringify(required).replace('{', '{"__proto__":{"mode":"observe"},'))
    expect(failure(options).option).toBe('__proto__')
  })

  test('is no error while it is undefined', () => {
    parse({ ...required, zzzzz: undefined })
  })
})

describe('secrets', () => {
  const hidden = 'hunter2-HIDDEN'
  const { getCredential } = { getCredential: 5 }

  test.each<[string, unknown]>([
    ['options', hidden],
    ['app id and secret key swapped', { ...required, captchaAppId: `${hidden}-swapped`, appSecretKey: 1 }],
    ['appSecretKey of a wrong type', { ...required, appSecretKey: { value: hidden } }],
    ['appSecretKey misspelt', { ...required, appSecretkey: hidden }],
    ['credential as text', { ...required, credential: hidden }],
    ['credential keys of a wrong form', { ...required, credential: { secretId: `${hidden}\n`, secretKey: hidden } }],
    ['credential keys of a wrong type', { ...required, credential: { secretId: hidden, secretKey: [hidden] } }],
    ['credential without function', { ...required, credential: { secretId: hidden, getCredential } }],
    ['credential keys at the top', { ...required, secretKey: hidden }],
    ['a key in another option', { ...required, appSecretKey: hidden, mode: hidden }],
    [
      'a key inside another option',
      { ...required, credential: { secretId: 'i', secretKey: hidden }, endpoint: `x${hidden}` },
    ],
    ['password in a URL', { ...required, endpoint: `https://user:${hidden}@host` }],
    ['password with a slash in a URL', { ...required, endpoint: `ftp://user:/${hidden}@host` }],
    ['token in a query', { ...required, degradation: { fallback: { scriptUrl: `https://host/?token=${hidden}` } } }],
    ['a client that is none', { captchaAppId: 1, appSecretKey, client: { credential: hidden } }],
    ['a store that is none', { ...required, store: { password: hidden } }],
    ['a logger that is none', { ...required, logger: { token: hidden } }],
    ['an object for a number', { ...required, timeoutMs: { [hidden]: hidden } }],
    ['a list for a number', { ...required, timeoutMs: [hidden] }],
  ])('are in no error: %s', (_, options) => {
    const error = failure(options)
    for (const text of [
      error.message,
      error.stack,
      inspect(error, { depth: 9, showHidden: true }),
      JSON.stringify(error),
    ]) {
      for (const secret of [hidden, ...Object.values(secrets)]) expect(text).not.toContain(secret)
    }
  })
})
