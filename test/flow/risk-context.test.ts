import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { type CaptchaGuard, type CaptchaGuardOptions, captchaGuard } from '../../lib/index.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { apiRequest } from '../../lib/tencent/verify-call.js'

describe('riskContext', () => {
  let simulator: Simulator
  let guard: CaptchaGuard
  let lines: string[]
  beforeEach(async () => {
    simulator = await startSimulator()
    lines = []
  })
  afterEach(async () => {
    await guard.close()
    await simulator.close()
  })

  function send(riskContext: unknown) {
    const { captchaAppId, appSecretKey, credential, url } = simulator
    const log = (...parts: unknown[]) => lines.push(JSON.stringify(parts))
    guard = captchaGuard({
      captchaAppId,
      appSecretKey,
      credential,
      endpoint: url,
      riskContext: riskContext as CaptchaGuardOptions['riskContext'],
      logger: { debug: log, info: log, warn: log, error: log },
    })
    const app = express()
    app.post('/', express.json(), guard, (req, res) => res.json(req.captcha))
    app.use(((error, _req, res, _next) => res.status(500).send(String(error))) as express.ErrorRequestHandler)
    const { ticket, randstr } = simulator.mintTicket()
    return request(app).post('/').send({ ticket, randstr })
  }

  test('asks Tencent for the time of the challenge, which is on req.captcha', async () => {
    const { body } = await send(() => ({ sceneId: 3, imei: 'imei-of-the-device', needGetCaptchaTime: true }))
    expect(body).toMatchObject({ reason: 'verified', getCaptchaTime: expect.any(Number) })
    expect(body.getCaptchaTime).toBeGreaterThan(0)
    expect(lines.join()).toContain('captcha_verified')
    expect(lines.join()).not.toMatch(/imei-of-the-device|getCaptchaTime/)
  })

  test.each([undefined, {}, { imei: undefined }])('may return nothing: %p', async (value) => {
    const { body } = await send(() => value)
    // The vendor sends 0 where nothing was asked for.
    expect(body).toMatchObject({ reason: 'verified', getCaptchaTime: 0 })
  })

  test.each([
    ['.businessId', { businessId: '1' }],
    ['.sceneId', { sceneId: -1 }],
    ['.macAddress', { macAddress: 'x'.repeat(65) }],
    ['.imei', { imei: ['secret'] }],
    ['.needGetCaptchaTime', { needGetCaptchaTime: 1 }],
    ['.scene', { scene: 1 }],
    ['', 'secret'],
  ])('with a wrong value is an error that names riskContext%s and not the value', async (name, value) => {
    const { status, text } = await send(() => value)
    expect(status).toBe(500)
    expect(text).toContain(`\`riskContext${name}\` must be`)
    expect(text).not.toMatch(/secret|xxx/)
    expect(simulator.calls).toHaveLength(0)
  })

  test('must return its value directly', async () => {
    expect((await send(async () => ({}))).text).toContain('`riskContext` returned a promise')
  })
})

test('What the application adds goes to Tencent under its names, and the time is asked for on the web alone', () => {
  const call = { channel: 'web', ticket: 't', randstr: 'r', userIp: '203.0.113.7' } as const
  const risk = { businessId: 1, sceneId: 0, macAddress: 'm', imei: 'i', needGetCaptchaTime: true }
  const added = { BusinessId: 1, SceneId: 0, MacAddress: 'm', Imei: 'i' }
  expect(apiRequest({ ...call, risk }, 1, 'a').params).toMatchObject({ ...added, NeedGetCaptchaTime: 1 })
  const mini = apiRequest({ ...call, channel: 'mini_program', risk }, 1, 'a').params
  expect(mini).toMatchObject(added)
  expect(mini).not.toHaveProperty('NeedGetCaptchaTime')
  expect(Object.keys(apiRequest(call, 1, 'a').params)).toHaveLength(6)
})
