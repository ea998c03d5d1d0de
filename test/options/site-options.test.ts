import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { CaptchaConfigError } from '../../lib/options/captcha-config-error.js'
import { mergeSiteOptions, type SiteConfig, siteKey } from '../../lib/options/site-options.js'
import { appSecretKey, credential, type Loose, parse, required, secrets } from './support.js'

/** The site of guards `a`, `b`, `c` with these options beside the required ones. */
function siteOf(...guards: readonly Loose[]): SiteConfig {
  const labels = ['a', 'b', 'c']
  return mergeSiteOptions(
    guards.map((options, index) => ({ label: labels[index] as string, config: parse({ ...required, ...options }) })),
  )
}

function conflict(...guards: readonly Loose[]): CaptchaConfigError {
  try {
    siteOf(...guards)
  } catch (error) {
    if (error instanceof CaptchaConfigError) return error
    throw error
  }
  throw new Error(`accepted: ${inspect(guards)}`)
}

const oneSite = 'guards with the same captchaAppId and the same endpoint or client are one site.'

describe('config.given', () => {
  test('holds exactly the site options that the caller gave', () => {
    const store = { kind: 'x', connect: () => ({}) }
    const { given } = parse({
      ...required,
      store,
      maxInFlight: 512,
      timeoutMs: 500,
      site: undefined,
      mode: 'observe',
      degradation: {
        expectedPerMinute: 100,
        lateVerification: undefined,
        circuit: { windowMs: 20_000, failureRate: undefined },
        fallback: { probe: false, maxAgeMs: 1000 },
        outage: { perClient: { limit: 1 } },
      },
    })
    expect(given).toEqual({
      appSecretKey,
      credential,
      store,
      maxInFlight: 512,
      'degradation.circuit.windowMs': 20_000,
      'degradation.expectedPerMinute': 100,
      'degradation.fallback.probe': false,
    })
    expect(Object.values(given)).not.toContain(undefined)
    expect(Object.isFrozen(given)).toBe(true)
  })

  test('holds an option that was given its default', () => {
    expect(parse({ ...required, maxInFlight: 2048, site: 'mainland' }).given).toEqual({
      appSecretKey,
      credential,
      site: 'mainland',
      maxInFlight: 2048,
    })
  })
})

describe('the site options of several guards', () => {
  test('are the defaults where no guard gave them', () => {
    const { transport, degradation, ...config } = parse(required)
    const { circuit, expectedPerMinute, lateVerification, fallback } = degradation
    const site = siteOf({}, { mode: 'observe', timeoutMs: 100 })
    expect(site).toEqual({
      captchaAppId: config.captchaAppId,
      appSecretKey,
      transport: {
        kind: 'https',
        endpoints: ['com', 'cn', 'com.cn'].map((domain) => new URL(`https://captcha.tencentcloudapi.${domain}`)),
        credential,
      },
      site: 'mainland',
      canaryChannel: 'web',
      store: undefined,
      maxInFlight: 2048,
      circuit,
      expectedPerMinute,
      lateVerification,
      probe: fallback.probe,
      scriptUrl: fallback.scriptUrl,
    })
    expect(Object.isFrozen(site)).toBe(true)
  })

  test('are taken from whichever guard gave them', () => {
    const store = { kind: 'x', connect: () => ({}) }
    const site = siteOf(
      { store },
      { maxInFlight: 512, degradation: { circuit: { windowMs: 20_000 }, fallback: { probe: false } } },
      { degradation: { circuit: { failureRate: 0.3 }, expectedPerMinute: 100, lateVerification: false } },
    )
    expect(site.store).toBe(store)
    expect(site).toMatchObject({
      maxInFlight: 512,
      circuit: { windowMs: 20_000, failureRate: 0.3, minimumCalls: 20 },
      expectedPerMinute: 100,
      lateVerification: false,
      probe: false,
    })
  })

  test('may be given by several guards where they are equal', () => {
    const store = { kind: 'x', connect: () => ({}) }
    const degradation = { expectedPerMinute: 7, circuit: { windowMs: 50 }, fallback: { scriptUrl: 'http://h/s.js' } }
    const options = { store, maxInFlight: 9, degradation, endpoint: 'http://127.0.0.1:1' }
    const site = siteOf(options, { ...structuredClone({ ...options, store: undefined }), store }, {})
    expect(site).toMatchObject({ maxInFlight: 9, expectedPerMinute: 7, scriptUrl: 'http://h/s.js' })
  })

  test('may name the same list of endpoints, or one guard names it for all', () => {
    const endpoint = ['http://a', 'http://b']
    const endpoints = [new URL('http://a'), new URL('http://b')]
    expect(siteOf({ endpoint }, { endpoint: ['http://A:80/', 'http://b/'] }).transport).toMatchObject({ endpoints })
    const mainland = 'https://captcha.tencentcloudapi.com'
    expect(siteOf({}, { endpoint: mainland }).transport).toMatchObject({ endpoints: [new URL(mainland)] })
  })

  test('may not name different lists of endpoints', () => {
    const error = conflict({ endpoint: ['http://a', 'http://b'] }, { endpoint: 'http://a' })
    expect(error.option).toBe('endpoint')
    expect(error.message).toContain("is 'http://a/ http://b/' in guard `a` and is 'http://a/' in guard `b`")
  })

  test('may spell the same endpoint differently', () => {
    const { transport } = siteOf({ endpoint: 'http://LOCALHOST:80' }, { endpoint: 'http://localhost/' })
    expect(transport).toMatchObject({ endpoints: [new URL('http://localhost')] })
  })

  test('have defaults that follow an option of another guard', () => {
    const endpoint = 'http://127.0.0.1:1'
    const site = siteOf(
      { endpoint, degradation: { circuit: { canaryIntervalMs: 20_000 } } },
      { endpoint, site: 'international' },
    )
    expect(site.circuit.canaryMaxIntervalMs).toBe(20_000)
    expect(site.scriptUrl).toBe('https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js')
  })

  test('that do not go together throw, though each guard’s own are fine', () => {
    const error = conflict(
      { degradation: { circuit: { canaryIntervalMs: 20_000 } } },
      { degradation: { circuit: { canaryMaxIntervalMs: 9000 } } },
    )
    expect(error.option).toBe('degradation.circuit.canaryMaxIntervalMs')
  })

  test('with a client keep that very client', () => {
    const client = { request: async () => ({}) }
    const { transport } = siteOf({ credential: undefined, client }, { credential: undefined, client })
    expect(transport.kind === 'client' && transport.client).toBe(client)
  })

  test.each([
    [['mini_program', 'mini_program'], 'mini_program'],
    [['mini_program', 'web'], 'web'],
    [['web', 'web'], 'web'],
  ])('of guards for %p have a canary of %p', (channels, canaryChannel) => {
    expect(siteOf(...channels.map((channel) => ({ channel }))).canaryChannel).toBe(canaryChannel)
  })
})

describe('different values', () => {
  test.each([
    ['maxInFlight', { maxInFlight: 512 }, { maxInFlight: 1024 }, '512', '1024'],
    ['maxInFlight', { maxInFlight: 512 }, { maxInFlight: 2048 }, '512', '2048'],
    ['site', { site: 'mainland' }, { site: 'international' }, "'mainland'", "'international'"],
    ...[
      ['expectedPerMinute', 1, 2],
      ['lateVerification', true, false],
    ].map(([name, one, other]) => [
      `degradation.${name}`,
      { degradation: { [String(name)]: one } },
      { degradation: { [String(name)]: other } },
      String(one),
      String(other),
    ]),
    [
      'degradation.circuit.windowMs',
      { degradation: { circuit: { windowMs: 50, failureRate: 1 } } },
      { degradation: { circuit: { windowMs: 60, minimumCalls: 1 } } },
      '50',
      '60',
    ],
    ...[
      ['probe', true, false],
      ['scriptUrl', 'http://h/1.js', 'http://h/2.js'],
    ].map(([name, one, other]) => [
      `degradation.fallback.${name}`,
      { degradation: { fallback: { [String(name)]: one } } },
      { degradation: { fallback: { [String(name)]: other } } },
      inspect(one),
      inspect(other),
    ]),
  ] as [string, Loose, Loose, string, string][])(
    'of %s throw, naming both guards, both values and the fix: %p, %p',
    (option, first, second, firstValue, secondValue) => {
      const error = conflict({}, first, second)
      expect(error).toMatchObject({ name: 'CaptchaConfigError', option })
      expect(error.message).toBe(
        `tencent-captcha-guard: option \`${option}\` is ${firstValue} in guard \`b\` and is ${secondValue} in guard \`c\`; ` +
          `${oneSite} Give it to one of them only, or the same value to both.`,
      )
    },
  )

  const store = () => ({ kind: 'x', url: secrets.secretKey, connect: () => ({}) })
  const client = () => ({ request: async () => ({}), secret: secrets.secretKey })
  const provider = () => ({ secretId: secrets.secretId, getCredential: async () => credential })

  test.each<[string, Loose, Loose]>([
    ['appSecretKey', {}, { appSecretKey: 'OTHER-hidden' }],
    ['credential', {}, { credential: { ...credential, secretKey: 'OTHER-hidden' } }],
    ['credential', {}, { credential: { ...credential, token: undefined } }],
    ['credential', {}, { credential: provider() }],
    ['credential', { credential: provider() }, {}],
    ['credential', { credential: provider() }, { credential: provider() }],
    ['client', { credential: undefined, client: client() }, { credential: undefined, client: client() }],
    ['store', { store: store() }, { store: store() }],
  ])('of %s throw and are not shown', (option, first, second) => {
    const error = conflict(first, second)
    expect(error.option).toBe(option)
    expect(error.message).toBe(
      `tencent-captcha-guard: option \`${option}\` differs between guard \`a\` and guard \`b\` (not shown); ` +
        `${oneSite} Give the same one to both.`,
    )
    for (const secret of ['OTHER-hidden', ...Object.values(secrets)]) expect(inspect(error)).not.toContain(secret)
  })

  test('that hold a secret are not shown', () => {
    const error = conflict(
      { degradation: { fallback: { scriptUrl: `http://h/${secrets.secretKey}` } } },
      { degradation: { fallback: { scriptUrl: 'http://h/2.js' } } },
    )
    expect(error.message).toContain("holds a secret (not shown) in guard `a` and is 'http://h/2.js' in guard `b`")
  })

  test('of options that belong to a guard are fine', () => {
    expect(() => siteOf({ timeoutMs: 1, mode: 'observe' }, { timeoutMs: 2, mode: 'enforce' })).not.toThrow()
  })
})

describe('the key of a site', () => {
  const client = { request: async () => ({}) }
  const withClient = { credential: undefined, client }

  test.each<[string, Loose, Loose, boolean]>([
    ['the same app id and endpoint', {}, { captchaAppId: '190000001', site: 'mainland', mode: 'observe' }, true],
    ['another spelling of the endpoint', { endpoint: 'https://captcha.tencentcloudapi.com/' }, {}, true],
    ['another app id', {}, { captchaAppId: 190000002 }, false],
    ['another endpoint', {}, { site: 'international' }, false],
    ['the same preferred endpoint', { endpoint: ['http://a', 'http://b'] }, { endpoint: 'http://a' }, true],
    [
      'another preferred endpoint',
      { endpoint: ['http://a', 'http://b'] },
      { endpoint: ['http://b', 'http://a'] },
      false,
    ],
    ['the same client', withClient, withClient, true],
    ['another client', withClient, { ...withClient, client: { ...client } }, false],
    ['a client and an endpoint', withClient, {}, false],
  ])('is told apart by its members: %s', (_, first, second, isSame) => {
    const [a, b] = [siteKey(parse({ ...required, ...first })), siteKey(parse({ ...required, ...second }))]
    expect(a.captchaAppId === b.captchaAppId && a.upstream === b.upstream).toBe(isSame)
  })
})
