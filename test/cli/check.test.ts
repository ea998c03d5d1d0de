import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals'
import type { CheckReport } from '../../lib/cli/configuration-check/run-check.js'
import { type ApiFault, apiFaults, type Simulator, scriptFaults, startSimulator } from '../../lib/simulator/index.js'
import { bundledCli, type Finished } from './run-cli.js'

const secrets = {
  appSecretKey: 'distinctAppSecretKey+/="7',
  credential: { secretId: 'AKIDdistinctSecretId', secretKey: 'distinctSecretKey0000', token: 'distinctToken/+=' },
}
const everySecret = [secrets.appSecretKey, ...Object.values(secrets.credential)]

const cli = bundledCli()
let tencent: Simulator
beforeEach(async () => {
  tencent = await startSimulator({ captchaAppId: 190000042, ...secrets })
})
afterEach(() => tencent.close())

function environment(change: Record<string, string> = {}): Record<string, string> {
  return {
    CAPTCHA_APP_ID: String(tencent.captchaAppId),
    CAPTCHA_APP_SECRET_KEY: secrets.appSecretKey,
    TENCENTCLOUD_SECRET_ID: secrets.credential.secretId,
    TENCENTCLOUD_SECRET_KEY: secrets.credential.secretKey,
    TENCENTCLOUD_SESSION_TOKEN: secrets.credential.token,
    CAPTCHA_ENDPOINT: tencent.url,
    CAPTCHA_SCRIPT_URL: tencent.scriptUrl,
    ...change,
  }
}

/** Runs the check; whatever it writes, no secret is in it. */
async function check(args: readonly string[] = [], change: Record<string, string> = {}): Promise<Finished> {
  const finished = await cli.run(['check', ...args], { env: environment(change) })
  for (const secret of everySecret) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
      expect(finished.out + finished.err).not.toContain(form)
    }
  }
  return finished
}

async function reportOf(args: readonly string[] = [], change: Record<string, string> = {}): Promise<CheckReport> {
  const { code, out, err } = await check(['--json', ...args], change)
  const report: CheckReport = JSON.parse(out)
  expect([code, err]).toEqual([report.isWell ? 0 : 1, ''])
  return report
}

function states({ endpoints }: CheckReport, index = 0): string {
  return endpoints[index]?.findings.map(({ state }) => state).join(' ') ?? ''
}

describe('The check of a right configuration', () => {
  it('says so on one screen, with what each phase took, where the keys come from and what the console has to say', async () => {
    const { code, out, err } = await check()
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/ok +endpoint +answers as the CAPTCHA API does, CaptchaCode 21/)
    expect(out).toMatch(/ok +clock +right within/)
    expect(out).toMatch(/ok +credentials +accepted, from the environment/)
    expect(out).toMatch(/ok +app id and secret +belong together/)
    expect(out).toMatch(/took +connect [\d.]+ ms, first byte [\d.]+ ms, all in all [\d.]+ ms/)
    expect(out).toMatch(/ok +script host/)
    expect(out).toMatch(/DefendMode: with "notify"/)
    expect(out).toMatch(/All well\.\n$/)
    expect(out.split('\n').length).toBeLessThan(24)
    expect(tencent.calls).toHaveLength(1)
  })

  it('measures the lookup of a name', async () => {
    const report = await reportOf([], { CAPTCHA_ENDPOINT: tencent.url.replace('127.0.0.1', 'localhost') })
    expect(report.endpoints[0]?.phases.dnsMs).toBeGreaterThanOrEqual(0)
  })

  it('reads what the environment lacks from a file', async () => {
    const path = join(cli.folder, '.env')
    await writeFile(path, `TENCENTCLOUD_SECRET_KEY="${secrets.credential.secretKey}"\nCAPTCHA_APP_ID=5\n`)
    const { code, out } = await check(['--env-file', path], { TENCENTCLOUD_SECRET_KEY: '' })
    expect(code).toBe(0)
    expect(out).toContain(`accepted, from the environment and ${path}`)
  })

  it('checks mini programs with their own call', async () => {
    expect((await reportOf([], { CAPTCHA_CHANNEL: 'mini_program' })).isWell).toBe(true)
    expect(tencent.calls[0]?.action).toBe('DescribeCaptchaMiniResult')
  })

  it('asks no script of Tencent where the endpoint is on this machine', async () => {
    expect((await reportOf([], { CAPTCHA_SCRIPT_URL: '' })).script).toMatchObject({ state: 'skipped' })
  })
})

describe('A fault of the API', () => {
  type Expectation = readonly [fault: ApiFault, states: string, says: RegExp, args?: readonly string[]]
  const [lost, told] = ['wrong skipped unknown unknown', 'wrong ok unknown unknown']
  const expectations: readonly Expectation[] = [
    ['hang', lost, /no whole answer within the deadline, although connected/, ['--timeout-ms', '300']],
    ['hang_body', told, /deadline: its head came, its body did not/, ['--timeout-ms', '300']],
    ['slow', lost, /no whole answer within the deadline/, ['--timeout-ms', '300']],
    [{ kind: 'slow', delayMs: 2100 }, 'wrong ok ok ok', /answered after \d+ ms.*raise the guard's timeoutMs/s],
    ['reset', lost, /unreachable: ECONNRESET/],
    ['refuse', lost, /unreachable: ECONNREFUSED/],
    ['http_500_html', told, /HTTP status 500/],
    ['http_502_html', told, /HTTP status 502/],
    ['http_503_html', told, /HTTP status 503/],
    ['http_500_json', told, /HTTP status 500/],
    ['http_502_json', told, /HTTP status 502/],
    ['http_503_json', told, /HTTP status 503/],
    ['redirect', told, /HTTP status 302/],
    ['truncated_json', told, /the answer is none of the CAPTCHA API/],
    ['cut_body', told, /unreachable: ECONNRESET/],
    ['not_json', told, /answers in its place, a proxy or a login page/],
    ['empty_object', told, /the answer is none of the CAPTCHA API/],
    ['null_response', told, /the answer is none of the CAPTCHA API/],
    ['string_code', told, /the answer is none of the CAPTCHA API/],
    ['event_stream', told, /the answer is none of the CAPTCHA API/],
    ['oversized', told, /the answer is none of the CAPTCHA API/],
    ['internal_error', told, /a failure of Tencent's own: error InternalError/],
    ['internal_server_error', told, /a failure of Tencent's own: error InternalServerError/],
    ['system_busy', 'wrong ok ok unknown', /a failure of Tencent's own: CaptchaCode 26/],
    ['request_limit_exceeded', 'ok ok unknown unknown', /rate limit is reached: check again in a minute/],
    ['auth_failure', 'ok ok wrong unknown', /TENCENTCLOUD_SECRET_KEY does not belong to TENCENTCLOUD_SECRET_ID/],
    ['unauthorized_operation', 'ok ok wrong unknown', /Grant QcloudCaptchaFullAccess/],
    [
      { kind: 'api_error', code: 'AuthFailure.SecretIdNotFound' },
      'ok ok wrong unknown',
      /SECRET_ID is unknown, deleted/,
    ],
    [{ kind: 'api_error', code: 'AuthFailure.TokenFailure' }, 'ok ok wrong unknown', /TENCENTCLOUD_SESSION_TOKEN/],
    [
      { kind: 'api_error', code: 'AuthFailure.SignatureExpire' },
      'ok wrong wrong unknown',
      /Set the clock of this machine/,
    ],
    [{ kind: 'api_error', code: 'IpNotInWhitelist' }, 'ok ok wrong unknown', /list of allowed addresses/],
    [{ kind: 'api_error', code: 'InvalidAction' }, 'ok ok unknown unknown', /CAPTCHA_CHANNEL do not fit together/],
    [{ kind: 'api_error', code: 'Made\u001b[2JUp' }, 'ok ok unknown unknown', /does not know the call/],
    [{ kind: 'captcha_code', code: 1 }, 'ok ok ok wrong', /it would verify every bot/],
    [{ kind: 'captcha_code', code: 15 }, 'ok ok ok wrong', /CAPTCHA_APP_SECRET_KEY do not belong together/],
    [{ kind: 'captcha_code', code: 100 }, 'ok ok ok wrong', /CAPTCHA_APP_SECRET_KEY do not belong together/],
    [{ kind: 'captcha_code', code: 9 }, 'ok ok ok wrong', /CaptchaCode 9, where 21 was expected/],
  ]

  test.each(expectations)('%j is found, named and told how to mend', async (fault, expected, says, args = []) => {
    tencent.setFault(fault)
    const [report, { code, out }] = await Promise.all([reportOf(args), check(args)])
    expect(report.isWell).toBe(false)
    expect(states(report)).toBe(expected)
    expect(code).toBe(1)
    expect(out).toMatch(says)
    expect(out).toMatch(/To fix\n {2}1\. /)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may reach the terminal
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  test('is in the table above, whatever the simulator has', () => {
    expect([...apiFaults].filter((name) => !expectations.some(([fault]) => fault === name))).toEqual([])
  })

  test('of the bill is told on the channel that has a code for it', async () => {
    tencent.setFault({ kind: 'captcha_code', code: 31 })
    const { out } = await check([], { CAPTCHA_CHANNEL: 'mini_program' })
    expect(out).toMatch(/no valid package, or an unpaid bill/)
  })
})

describe('A fault of the script', () => {
  test.each(scriptFaults)('makes %s wrong where the script is not served', async (fault) => {
    tencent.setScriptFault(fault)
    const isServed = !['not_found', 'hang', 'refuse_connection'].includes(fault)
    const { isWell, script } = await reportOf()
    expect([isWell, script.state]).toEqual(isServed ? [true, 'ok'] : [false, 'wrong'])
  })
})

describe('A wrong key', () => {
  test.each([
    ['CAPTCHA_APP_SECRET_KEY', 'anotherAppSecretKey', 'ok ok ok wrong'],
    ['CAPTCHA_APP_ID', '190000043', 'ok ok ok wrong'],
    ['TENCENTCLOUD_SECRET_ID', 'AKIDanother', 'ok ok wrong unknown'],
    ['TENCENTCLOUD_SECRET_KEY', 'anotherSecretKey', 'ok ok wrong unknown'],
    ['TENCENTCLOUD_SESSION_TOKEN', 'anotherToken', 'ok ok wrong unknown'],
  ])('in %s is named, and not shown', async (name, value, expected) => {
    expect(states(await reportOf([], { [name]: value }))).toBe(expected)
    const { code, out, err } = await check([], { [name]: value })
    expect(code).toBe(1)
    expect(out).toContain(name)
    if (name !== 'CAPTCHA_APP_ID') expect(out + err).not.toContain(value)
  })
})

describe('Several endpoints', () => {
  it('are asked side by side, and the secret goes to the first one alone', async () => {
    const second = await startSimulator({ captchaAppId: 190000042, ...secrets })
    try {
      const report = await reportOf([], { CAPTCHA_ENDPOINT: `${tencent.url}, ${second.url}` })
      expect([states(report), states(report, 1)]).toEqual(['ok ok ok ok', 'ok ok ok skipped'])
      expect(report.isWell).toBe(true)
      // The simulator tells a wrong secret by 100.
      expect([tencent.calls, second.calls].map((calls) => calls.map(({ outcome }) => outcome))).toEqual([
        ['code:21'],
        ['code:100'],
      ])
      second.setFault('http_502_html')
      const broken = await reportOf([], { CAPTCHA_ENDPOINT: `${tencent.url},${second.url}` })
      expect([broken.isWell, states(broken, 1)]).toEqual([false, 'wrong ok unknown unknown'])
    } finally {
      await second.close()
    }
  })
})

describe('The clock', () => {
  test.each([
    [-600_000, 'wrong', /(59|60)\d\.\d s ahead/],
    [600_000, 'wrong', /(59|60)\d\.\d s behind/],
    [20_000, 'ok', /(1\d|2\d)\.\d s behind/],
  ])('%d ms away from the answer is %s', async (offsetMs, state, says) => {
    const server = createServer((_req, res) => {
      const headers = { date: new Date(Date.now() + offsetMs).toUTCString(), 'content-type': 'application/json' }
      res.writeHead(200, headers).end(JSON.stringify({ Response: { CaptchaCode: 21, RequestId: 'r' } }))
    }).listen(0, '127.0.0.1')
    try {
      await new Promise((resolve) => server.once('listening', resolve))
      const report = await reportOf([], {
        CAPTCHA_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      })
      expect(report.endpoints[0]?.findings[1]).toMatchObject({
        about: 'clock',
        state,
        says: expect.stringMatching(says),
      })
    } finally {
      server.close()
    }
  })
})

test('an answer that quotes what it was sent shows no secret', async () => {
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      const { AppSecretKey } = JSON.parse(body)
      const quoted = `${AppSecretKey} ${req.headers.authorization} ${req.headers['x-tc-token']}`
      const Response = { CaptchaCode: 9, CaptchaMsg: quoted, RequestId: encodeURIComponent(AppSecretKey) }
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ Response }))
    })
  }).listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const endpoint = { CAPTCHA_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    expect((await check([], endpoint)).out).toContain('[secret]')
    expect((await reportOf([], endpoint)).endpoints[0]?.answer.captchaMsg).toContain('[secret]')
  } finally {
    server.close()
  }
})

describe('A configuration that cannot be tried', () => {
  it('ends with exit code 2 where it is incomplete, and names everything that is missing', async () => {
    const { code, out, err } = await check([], { CAPTCHA_APP_ID: '', TENCENTCLOUD_SECRET_KEY: '' })
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(
      /CAPTCHA_APP_ID is missing: CaptchaAppId, from the CAPTCHA console\n.*TENCENTCLOUD_SECRET_KEY is missing/,
    )
    const json = await check(['--json'], { CAPTCHA_APP_SECRET_KEY: '' })
    expect([json.code, json.err]).toEqual([2, ''])
    expect(JSON.parse(json.out)).toMatchObject({ isWell: false, missing: [{ name: 'CAPTCHA_APP_SECRET_KEY' }] })
    expect(tencent.calls).toEqual([])
  })

  test.each([
    ['CAPTCHA_APP_ID', 'distinctSecretKey0000', /CAPTCHA_APP_ID is not a number/],
    ['CAPTCHA_APP_ID', '0', /CAPTCHA_APP_ID is not a number/],
    ['TENCENTCLOUD_SECRET_KEY', 'distinctSecretKey0000\n', /TENCENTCLOUD_SECRET_KEY has a blank, a line break/],
    ['CAPTCHA_SITE', 'china', /CAPTCHA_SITE is neither mainland nor international/],
    ['CAPTCHA_CHANNEL', 'app', /CAPTCHA_CHANNEL is neither web nor mini_program/],
    ['CAPTCHA_ENDPOINT', 'captcha.tencentcloudapi.com', /CAPTCHA_ENDPOINT is not one http\(s\) URL/],
    ['CAPTCHA_ENDPOINT', 'http://me:distinctSecretKey0000@127.0.0.1', /user names and passwords are not allowed/],
    ['CAPTCHA_ENDPOINT', ' , ', /CAPTCHA_ENDPOINT is not one/],
    ['CAPTCHA_ENDPOINT', 'http://127.0.0.1:1,http://127.0.0.1:1', /names an endpoint twice/],
    ['CAPTCHA_SCRIPT_URL', 'TJCaptcha.js', /CAPTCHA_SCRIPT_URL is not an http\(s\) URL/],
  ])('ends with exit code 1 where %s is %j, and quotes no value', async (name, value, says) => {
    const { code, out, err } = await check([], { [name]: value })
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(says)
  })

  it('says that the international site has no mini programs', async () => {
    const { code, err } = await check([], { CAPTCHA_SITE: 'international', CAPTCHA_CHANNEL: 'mini_program' })
    expect(code).toBe(1)
    expect(err).toContain('which the international site does not offer')
  })

  it('ends with an error that names a file that is not there', async () => {
    const { code, out, err } = await check(['--env-file', '/does/not/exist'])
    // Node 20 looks for the file before the program starts, and ends with 9.
    expect([2, 9]).toContain(code)
    expect(out).toBe('')
    expect(err).toContain('/does/not/exist')
  })

  test.each([
    [['--timeout-ms', '5'], /--timeout-ms must be an integer from 100 to 60000/],
    [['--verbose'], /Unknown option '--verbose'/],
    [['now'], /now/],
  ])('ends with exit code 2 for the arguments %j', async (args, says) => {
    const { code, out, err } = await check(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(says)
  })
})
