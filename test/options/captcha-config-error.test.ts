import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { degradationCauses } from '../../lib/admission/cause-table.js'
import {
  appSecretKey,
  credential,
  failure,
  optionsWith,
  parse,
  required,
  secretId,
  secretKey,
  secrets,
} from './support.js'

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
  knownAs: notFunctions,
  skip: notFunctions,
  onRefused: notFunctions,
  riskContext: notFunctions,
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
  ])('has a message of plain sentences: row %#', (options, message) => {
    expect(failure(options).message).toBe(`tencent-captcha-guard: ${message}`)
  })

  test.each([...notUrls, 'http://h/?a=1', 'http://u@h', ['http://h'], undefined])(
    'in the list `endpoint` throws, naming its place: %p',
    (value) => {
      const error = failure({ ...required, endpoint: ['http://a', value] })
      expect(error).toMatchObject({ name: 'CaptchaConfigError', option: 'endpoint.1' })
      expect(error.message).toContain('a string with the whole URL')
    },
  )

  test.each([
    [[], 'option `endpoint` is an empty list; it must be a URL or a list of at least one, or be left out.'],
    [
      ['http://a', 'https://b', 'http://A:80/'],
      "option `endpoint` is 'http://a/' twice; it must be a list without duplicates: remove one of the two.",
    ],
  ])('as the list `endpoint` throws: %j', (endpoint, message) => {
    const error = failure({ ...required, endpoint })
    expect(error).toMatchObject({ name: 'CaptchaConfigError', option: 'endpoint' })
    expect(error.message).toBe(`tencent-captcha-guard: ${message}`)
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

  test.each<[unknown, string]>([
    [5, '5'],
    [false, 'false'],
    [null, 'null'],
    ['a key, perhaps', 'a string (not shown)'],
    [{ secretKey: 'x' }, 'an object (not shown)'],
    [() => {}, 'a function (not shown)'],
  ])('of the value %p is told with it, as far as that can be no secret', (value, shown) => {
    const { message } = failure({ ...required, timeout: value })
    expect(message.split('?')).toEqual([expect.stringContaining('timeoutMs'), ` Its value is ${shown}.`])
  })

  test('__proto__ from parsed JSON is unknown too', () => {
    const options = JSON.parse(JSON.stringify(required).replace('{', '{"__proto__":{"mode":"observe"},'))
    expect(failure(options).option).toBe('__proto__')
  })

  test('is no error while it is undefined', () => {
    expect(() => parse({ ...required, zzzzz: undefined })).not.toThrow()
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
    ['a key as the name of an option', { ...required, appSecretKey: hidden, [hidden]: 1 }],
    [
      'a key in the name of an option of a group',
      { ...required, appSecretKey: hidden, degradation: { [`x${hidden}`]: 1 } },
    ],
    ['credential keys at the top', { ...required, secretKey: hidden }],
    ['a key in another option', { ...required, appSecretKey: hidden, mode: hidden }],
    [
      'a key inside another option',
      { ...required, credential: { secretId: 'i', secretKey: hidden }, endpoint: `x${hidden}` },
    ],
    [
      'a secret in a URL that is given twice',
      { ...required, appSecretKey: hidden, endpoint: [`http://h/${hidden}`, `http://h/${hidden}`] },
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
