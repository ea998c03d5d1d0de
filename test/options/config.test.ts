import { describe, expect, test } from '@jest/globals'
import { degradationCauses } from '../../lib/admission/cause-table.js'
import type { GuardConfig } from '../../lib/options/config.js'
import { appSecretKey, credential, failure, type Loose, optionsWith, parse, required, secretKey } from './support.js'

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

/** The functions aside, which are made anew each time. */
function comparable({ channel, userIp, transport, ...rest }: GuardConfig): unknown {
  const endpoints = transport.kind === 'https' ? transport.endpoints.map(({ href }) => href) : undefined
  const req = { ip: '203.0.113.7' } as never
  return { ...rest, transport: { ...transport, endpoints }, channel: channel(req), userIp: userIp(req) }
}

const optionalNames = [
  ...[
    'site',
    'endpoint',
    'channel',
    'readToken',
    'userIp',
    'clientKey',
    'knownAs',
    'timeoutMs',
    'maxInFlight',
    'mode',
    'skip',
  ],
  ...[
    'onRefused',
    'riskContext',
    'degradation',
    'store',
    'logger',
    'logUserIp',
    'onVerdict',
    'onLateVerdict',
    'client',
  ],
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
      transport: {
        kind: 'https',
        endpoints: [
          'https://captcha.tencentcloudapi.com/',
          'https://captcha.tencentcloudapi.cn/',
          'https://captcha.tencentcloudapi.com.cn/',
        ],
        credential,
      },
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
      riskContext: undefined,
      degradation: {
        rules: {},
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
      given: { appSecretKey, credential },
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

  test('are tested for every option of every group', () => {
    for (const [path, names] of Object.entries(groups)) {
      const known = failure(optionsWith(path, { '?': 1 })).message.replace(
        /^.*known options here: (.*)\. Its value is 1\.$/,
        '$1',
      )
      expect(known.split(', ')).toEqual([...names])
    }
    const known = failure({ ...required, '?': 1 }).message.replace(
      /^.*known options here: (.*)\. Its value is 1\.$/,
      '$1',
    )
    expect(known.split(', ').sort()).toEqual([...Object.keys(required), ...optionalNames].sort())
  })

  test('follow the site', () => {
    const { transport, degradation } = parse({ ...required, site: 'international' })
    expect(transport).toMatchObject({ endpoints: [new URL('https://captcha.intl.tencentcloudapi.com')] })
    expect(degradation.fallback.scriptUrl).toBe('https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js')
  })

  test('are a list of sibling endpoints on the mainland site alone', () => {
    const hosts = (options: Loose) => {
      const { transport } = parse({ ...required, ...options })
      return transport.kind === 'https' ? transport.endpoints.map(({ host }) => host) : []
    }
    expect(hosts({})).toHaveLength(3)
    expect(hosts({ site: 'international' })).toEqual(['captcha.intl.tencentcloudapi.com'])
    expect(hosts({ endpoint: 'http://127.0.0.1:3001' })).toEqual(['127.0.0.1:3001'])
    expect(hosts({ endpoint: ['https://b', 'http://a:81'] })).toEqual(['b', 'a:81'])
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
    const flat = { ...config, ...(transport.kind === 'https' && { endpoint: transport.endpoints[0].origin }) }
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

describe('options that do not go together', () => {
  const client = { request: async () => ({}) }
  const withClient = { captchaAppId: 1, appSecretKey, client }

  test.each([
    ['credential', credential],
    ['endpoint', 'http://127.0.0.1:1'],
    ['site', 'mainland'],
    ['site', 'international'],
  ])('are client and %s', (name, value) => {
    const error = failure({ ...withClient, [name]: value })
    expect(error.option).toBe(name)
    expect(error.message).toMatch(/cannot be combined with `client`.*Remove one/)
  })

  test('client and undefined credential, endpoint and site are fine', () => {
    const options = { ...withClient, credential: undefined, endpoint: undefined, site: undefined }
    expect(() => parse(options)).not.toThrow()
  })

  test('the international site and mini programs', () => {
    const error = failure({ ...required, site: 'international', channel: 'mini_program' })
    expect(error.option).toBe('channel')
    expect(error.message).toContain("Use site: 'mainland'")
  })
})
