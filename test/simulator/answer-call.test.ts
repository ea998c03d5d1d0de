import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { captchaMessage } from '../../lib/simulator/api-reply.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { captchaCodeMeaning } from '../../lib/tencent/captcha-codes.js'
import { checkMini, checkWeb, miniBody, sdkClient, webBody } from './call-api.js'

const APP_ID = 190000001

describe('The API of the simulator', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  it('passes an honest web ticket once, with every field of the action', async () => {
    const { ticket, randstr } = simulator.mintTicket({ score: 12 })
    expect(ticket).toMatch(/^tr03.+\*$/)
    expect(randstr).toMatch(/^@\w{3}$/)
    const body = { ...webBody(simulator, { ticket, randstr }), NeedGetCaptchaTime: 1 }
    const reply = await sdkClient(simulator).request('DescribeCaptchaResult', body)
    expect(reply).toMatchObject({ CaptchaCode: 1, CaptchaMsg: 'OK', EvilLevel: 0, Score: 12 })
    expect(reply.GetCaptchaTime).toBeGreaterThan(1_700_000_000)
    expect(reply.RequestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(await checkWeb(simulator, { ticket, randstr })).toBe('code:9')
  })

  it('passes an honest mini-program ticket once, without the web fields', async () => {
    const minted = simulator.mintTicket({ channel: 'mini_program' })
    const reply = await sdkClient(simulator).request('DescribeCaptchaMiniResult', miniBody(simulator, minted))
    expect(Object.keys(reply).sort()).toEqual(['CaptchaCode', 'CaptchaMsg', 'RequestId'])
    expect(await checkMini(simulator, minted)).toBe('code:9')
  })

  it('refuses a wrong ticket with the code of the table', async () => {
    const foreign = simulator.mintTicket({ captchaAppId: 199999164 })
    const foreignMini = simulator.mintTicket({ captchaAppId: 199999164, channel: 'mini_program' })
    const mini = simulator.mintTicket({ channel: 'mini_program' })
    expect(await checkWeb(simulator, { ...simulator.mintTicket(), randstr: '@no' })).toBe('code:7')
    expect(await checkWeb(simulator, simulator.mintTicket({ ageMs: 300_000 }))).toBe('code:8')
    expect(await checkWeb(simulator, simulator.mintTicket({ ageMs: 299_000 }))).toBe('code:1')
    expect(await checkWeb(simulator, { ticket: 'tr03unknown*' })).toBe('code:15')
    expect(await checkWeb(simulator, mini)).toBe('code:15')
    expect(await checkWeb(simulator, foreign)).toBe('code:16')
    expect(await checkMini(simulator, foreignMini)).toBe('code:7')
    expect(await checkWeb(simulator, simulator.mintTicket(), { CaptchaAppId: 199999164 })).toBe('code:100')
    expect(await checkWeb(simulator, simulator.mintTicket(), { AppSecretKey: 'wrong' })).toBe('code:100')
    expect(await checkWeb(simulator, simulator.mintTicket(), { UserIp: 'nowhere' })).toBe('code:15')
    expect(await checkWeb(simulator, simulator.mintTicket(), { CaptchaType: 8 })).toBe('code:15')
  })

  it('does not spend a ticket when only the randstr was wrong', async () => {
    const minted = simulator.mintTicket()
    expect(await checkWeb(simulator, { ...minted, randstr: '@no' })).toBe('code:7')
    expect(await checkWeb(simulator, minted)).toBe('code:1')
  })

  it.each([1, 7, 8, 9, 15, 16, 21, 26, 100, 12345])('answers web code %i to a ticket minted for it', async (code) => {
    expect(await checkWeb(simulator, simulator.mintTicket({ code }))).toBe(`code:${code}`)
  })

  it.each([1, 7, 8, 10, 15, 16, 21, 25, 26, 31, 100])(
    'answers mini code %i to a ticket minted for it',
    async (code) => {
      expect(await checkMini(simulator, simulator.mintTicket({ code, channel: 'mini_program' }))).toBe(`code:${code}`)
    },
  )

  it('reports a malicious pass as code 1 with EvilLevel 100', async () => {
    const minted = simulator.mintTicket({ evilLevel: 100, score: 97 })
    const reply = await sdkClient(simulator).request('DescribeCaptchaResult', webBody(simulator, minted))
    expect(reply).toMatchObject({ CaptchaCode: 1, EvilLevel: 100, Score: 97 })
  })

  it('adds the long tail of the vendor to CaptchaMsg', async () => {
    const body = webBody(simulator, { ticket: 'tr03unknown*' })
    const reply = await sdkClient(simulator).request('DescribeCaptchaResult', body)
    expect(reply.CaptchaMsg).toMatch(/^decrypt fail .*https:\/\/cloud\.tencent\.com/)
  })

  it.each(['web', 'mini_program'] as const)('has a message for every %s code that the guard knows', (channel) => {
    const codes = Array.from({ length: 1000 }, (_, code) => code)
    const known = codes.filter((code) => captchaCodeMeaning(channel, code) !== 'rejected')
    expect(known).toEqual(expect.arrayContaining([1, 7, 8, 26, 100]))
    expect(known.filter((code) => captchaMessage(channel, code) === null)).toEqual([])
  })

  it.each([
    [`trerror_1001_${APP_ID}_1713500000`, 21],
    [`terror_1006_${APP_ID}_1713500000`, 21],
    [`TRERROR_1006_${APP_ID}_1713500000_s1OUabc`, 21],
    [`trerror_1001_${APP_ID}1713500000`, 21],
    ['trerror_1001_199999164_1713500000', 16],
    ['trerror_1001_1713500000', 16],
    ['trerror_', 16],
    ['terror', 16],
  ])('answers the fallback ticket %s with code %i on both actions', async (ticket, code) => {
    expect(await checkWeb(simulator, { ticket })).toBe(`code:${code}`)
    expect(await checkMini(simulator, { ticket })).toBe(`code:${code}`)
  })

  it('refuses fallback tickets when key and app id do not belong together', async () => {
    const ticket = `trerror_1001_${APP_ID}_1713500000`
    expect(await checkWeb(simulator, { ticket }, { AppSecretKey: 'wrong' })).toBe('code:100')
  })

  it('names the request field that is missing, mistyped or unknown', async () => {
    const minted = simulator.mintTicket()
    const { Randstr: _, ...withoutRandstr } = webBody(simulator, minted)
    const request = sdkClient(simulator).request('DescribeCaptchaResult', withoutRandstr)
    await expect(request).rejects.toMatchObject({
      code: 'MissingParameter',
      message: expect.stringContaining('Randstr'),
    })
    expect(await checkWeb(simulator, minted, { CaptchaAppId: String(APP_ID) })).toBe('error:InvalidParameter')
    expect(await checkWeb(simulator, minted, { CaptchaType: '9' })).toBe('error:InvalidParameter')
    expect(await checkWeb(simulator, minted, { UserIp: 5 })).toBe('error:InvalidParameter')
    expect(await checkWeb(simulator, minted, { Extra: 1 })).toBe('error:UnknownParameter')
    expect(await checkMini(simulator, minted, { Randstr: '@abc' })).toBe('error:UnknownParameter')
    expect(await checkWeb(simulator, minted)).toBe('code:1')
  })

  it('keeps web and mini app ids apart when they differ', async () => {
    const other = await startSimulator({ captchaAppId: 11, miniCaptchaAppId: 22 })
    try {
      expect(await checkWeb(other, other.mintTicket())).toBe('code:1')
      expect(await checkMini(other, other.mintTicket({ channel: 'mini_program' }))).toBe('code:1')
      expect(await checkMini(other, other.mintTicket({ channel: 'mini_program' }), { CaptchaAppId: 11 })).toBe(
        'code:100',
      )
    } finally {
      await other.close()
    }
  })

  it('ages tickets by the injected clock', async () => {
    let skew = 0
    const other = await startSimulator({ now: () => Date.now() + skew })
    try {
      const minted = other.mintTicket()
      skew = -250_000
      const early = other.mintTicket()
      skew = 49_999
      expect(await checkWeb(other, minted)).toBe('code:1')
      skew = 50_001
      expect(await checkWeb(other, early)).toBe('code:8')
    } finally {
      await other.close()
    }
  })
})
